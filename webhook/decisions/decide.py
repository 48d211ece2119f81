"""The one engine: a document, the settings and the facts in, a Decision out.

Webhook, command line, audit and reconciler all enter here, so a fault reads the same everywhere.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from webhook import defaults
from webhook.decisions.decision import ALLOWED, Decision, Failure
from webhook.decisions.demands import Demands
from webhook.decisions.memory import Memory
from webhook.decisions.order import by_action, without_repetition
from webhook.decisions.pods import judge_pods
from webhook.decisions.ratchet import ratchet
from webhook.decisions.run import Found, run
from webhook.decisions.settings import Settings
from webhook.graph.facts import Facts
from webhook.graph.finding import Finding, Operation
from webhook.graph.model import Deployment, mapping, text
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
    demands: Demands | None = None,
    memory: Memory | None = None,
) -> Decision:
    """Judge one SeldonDeployment, and fill in its defaults.

    document      any JSON value
    namespace     where it is or will be; None: where its metadata says
    old_document  the object before an update; its faults, where they are left, only warn
    fill          True: the object is judged with its defaults filled in, and the patch adds them.
                  False: it is judged as it is, with a warning if defaults are still missing.
                  With `defaults.at: render` it is judged filled either way, and nothing is added
    demands       users' policies and exceptions; None: there are none
    memory        what was found faultless before; None: nothing is remembered

    What the API server and controllers write, `status` and most of `metadata`, is for policies
    only. An object that is being deleted is allowed as it is: whoever refuses the update that
    removes its finalizer keeps it for ever.
    """
    raw = document if type(document) is dict else {}
    metadata = mapping(raw, "metadata")
    if metadata.get("deletionTimestamp"):
        return ALLOWED
    if namespace is None:
        namespace = text(metadata, "namespace")
    asked_with = settings, facts
    settings = settings.for_namespace(namespace)
    facts = settings.with_servers(facts)
    filling = defaults.fill(document, settings.defaults, facts, namespace)
    stored = settings.defaults_at == "admission"
    filled = defaults.apply(document, filling.operations) if fill or not stored else document
    patch = filling.operations if fill and stored else ()
    found: list[Found] = []
    engine = _Engine(settings, namespace, facts, demands, old_document)
    if demands is not None and fill:
        from webhook.decisions import policies

        mutated = policies.mutated(demands, filled, old_document, namespace, facts)
        filled, found = mutated.document, list(mutated.found)
        patch += mutated.operations
    failures: list[Failure] = []
    key = None
    if memory is not None and demands is None:
        key = memory.key(_written(filled), _written(old_document), namespace)
    if memory is None or key is None or not memory.knows(key, *asked_with):
        before = None if old_document is None else _Seen.of(old_document)
        found += engine.find(_Seen.of(filled), before, failures)
        if before is not None and settings.ratchet and any(action == "deny" for action, _ in found):
            found = ratchet(found, filled, engine.find(before, None, []), old_document)
        if memory is not None and key is not None and not found and not failures:
            memory.remember(key)
    if demands is not None:
        from webhook.decisions import policies

        name = text(metadata, "name")
        found = policies.without_exempted(found, demands, namespace, name)
    found.extend(("warn", replace(warning, rule=DEFAULTING)) for warning in filling.warnings)
    if not fill and stored and filling.operations:
        found.append(("warn", _not_defaulted(filling.operations, document)))
    if not found and not failures:
        return Decision(patch=patch)
    told = by_action(document, without_repetition(found))
    decision = Decision(
        denials=told["deny"],
        warnings=told["warn"],
        audits=told["audit"],
        failures=tuple(failures),
        closed=settings.on_internal_failure == "deny",
    )
    return decision if decision.denied else decision._replace(patch=patch)


class _Engine(NamedTuple):
    """Every source of findings, for one object."""

    settings: Settings
    namespace: str
    facts: Facts
    demands: Demands | None
    old_document: Any

    def find(self, seen: "_Seen", before: "_Seen | None", failures: list[Failure]) -> list[Found]:
        """Return what all sources find; what crashes goes into `failures`, the others go on."""
        old = None if before is None else before.view
        found = list(run(self.settings.plan, seen.view, old, self.facts, failures))
        for name, source in (("pod-security", self._about_pods), ("policy", self._by_policies)):
            try:
                found.extend(source(seen, old))
            except Exception as error:  # noqa: BLE001 — as in `run`
                failures.append(Failure(name, error))
        return found

    def _about_pods(self, seen: "_Seen", old: Deployment | None) -> Iterator[Found]:
        return judge_pods(
            seen.view,
            self.settings.pod_security,
            self.namespace,
            self.facts,
            defaults=self.settings.defaults,
            old=old if self.settings.ratchet else None,
        )

    def _by_policies(self, seen: "_Seen", _: Deployment | None) -> Iterator[Found]:
        if self.demands is None:
            return iter(())
        from webhook.decisions import policies

        return policies.found_by_policies(
            self.demands, seen.document, self.old_document, self.namespace, self.facts
        )


class _Seen(NamedTuple):
    """An object: the whole of it for policies, and the view of what its author wrote for rules."""

    document: Any
    view: Deployment

    @classmethod
    def of(cls, document: Any) -> "_Seen":
        own = _written(document)
        view = parse(own)
        return cls(document if view.document is own else view.document, view)


_OF_THE_SERVER = frozenset(
    {
        "creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid",
    }
)  # fmt: skip
"""What the API server writes into `metadata`."""


def _written(document: Any) -> Any:
    """Return what an author wrote of a document: without `status` and the server's metadata."""
    if type(document) is not dict:
        return document
    metadata = document.get("metadata")
    if type(metadata) is dict and not _OF_THE_SERVER.isdisjoint(metadata):
        kept = {key: metadata[key] for key in metadata if key not in _OF_THE_SERVER}
        document = {**document, "metadata": kept}
    if "status" in document:
        document = {key: document[key] for key in document if key != "status"}
    return document


def _not_defaulted(operations: tuple[Operation, ...], document: Any) -> Finding:
    return Finding(
        Path.from_pointer(operations[0]["path"], document),
        f"{len(operations)} default{'s are' if len(operations) > 1 else ' is'} missing: "
        "the mutating webhook did not see this object",
        "check that the mutating webhook of graphgate is registered",
        rule=NOT_DEFAULTED,
    )
