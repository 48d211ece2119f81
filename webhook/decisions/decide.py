"""The one engine: a document, the settings and the facts in, a Decision out.

Webhook, command line, audit and reconciler all enter here, so a fault reads the same everywhere.
"""

from dataclasses import replace
from typing import Any

from webhook import defaults
from webhook.decisions.decision import ALLOWED, Decision, Failure
from webhook.decisions.order import by_action, without_repetition
from webhook.decisions.pods import judge_pods
from webhook.decisions.ratchet import ratchet
from webhook.decisions.run import run
from webhook.decisions.settings import Settings
from webhook.graph.facts import Facts
from webhook.graph.finding import Finding, Operation
from webhook.graph.model import mapping, text
from webhook.graph.parse import parse
from webhook.graph.path import Path

DEFAULTING = "defaulting"
"""The id of warnings that say why options of defaulting were not followed."""

NOT_DEFAULTED = "not-defaulted"
"""The id of the warning that an object reached /validate without its defaults."""


def decide(
    document: Any,
    settings: Settings,
    facts: Facts,
    *,
    namespace: str | None = None,
    old_document: Any = None,
    fill: bool = True,
) -> Decision:
    """Judge one SeldonDeployment, and fill in its defaults.

    document   any JSON value
    namespace  where it is or will be; None: where its metadata says
    old_document  the object before an update; its faults, where they are left, only warn
    fill       True: the object is judged with its defaults filled in, and the patch adds them.
               False: it is judged as it is, with a warning if defaults are still missing

    An object that is being deleted is allowed as it is: whoever refuses the update that removes
    its finalizer keeps it for ever.
    """
    raw = document if type(document) is dict else {}
    metadata = mapping(raw, "metadata")
    if metadata.get("deletionTimestamp"):
        return ALLOWED
    if namespace is None:
        namespace = text(metadata, "namespace")
    settings = settings.for_namespace(namespace)
    facts = settings.with_servers(facts)
    filling = defaults.fill(document, settings.defaults, facts, namespace)
    filled = defaults.apply(document, filling.operations) if fill else document
    failures: list[Failure] = []
    view = parse(filled)
    before = None if old_document is None else parse(old_document)
    found = list(run(settings.plan, view, before, facts, failures))
    found.extend(judge_pods(view, settings.pod_security, namespace, facts))
    if before is not None and settings.ratchet and any(action == "deny" for action, _ in found):
        found_before = [
            *run(settings.plan, before, None, facts, []),
            *judge_pods(before, settings.pod_security, namespace, facts),
        ]
        found = ratchet(found, filled, found_before, old_document)
    found.extend(("warn", replace(warning, rule=DEFAULTING)) for warning in filling.warnings)
    if not fill and filling.operations:
        found.append(("warn", _not_defaulted(filling.operations, document)))
    if not found and not failures:
        return Decision(patch=filling.operations if fill else ())
    told = by_action(document, without_repetition(found))
    decision = Decision(
        denials=told["deny"],
        warnings=told["warn"],
        audits=told["audit"],
        failures=tuple(failures),
        closed=settings.on_internal_failure == "deny",
    )
    return replace(decision, patch=filling.operations if fill and not decision.denied else ())


def _not_defaulted(operations: tuple[Operation, ...], document: Any) -> Finding:
    return Finding(
        Path.from_pointer(operations[0]["path"], document),
        f"{len(operations)} default{'s are' if len(operations) > 1 else ' is'} missing: "
        "the mutating webhook did not see this object",
        "check that the mutating webhook of graphgate is registered",
        rule=NOT_DEFAULTED,
    )
