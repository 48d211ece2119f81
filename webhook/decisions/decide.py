"""The one engine: a document, the settings and the facts in, a Decision out.

Webhook, command line, audit and reconciler all enter here, so a fault reads the same everywhere.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from webhook import defaults
from webhook.decisions.decision import ALLOWED, Decision, Failure
from webhook.decisions.settings import BoundRule, Settings
from webhook.graph.facts import Facts
from webhook.graph.finding import Finding, Operation
from webhook.graph.model import Deployment, mapping, text
from webhook.graph.parse import parse
from webhook.graph.path import Path, nearest
from webhook.rules import Action, all_rules, page

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
    fill: bool = True,
) -> Decision:
    """Judge one SeldonDeployment, and fill in its defaults.

    document   any JSON value
    namespace  where it is or will be; None: where its metadata says
    fill       True: the object is judged with its defaults filled in, and the patch adds them.
               False: it is judged as it is, with a warning if defaults are still missing

    An object that is being deleted is allowed as it is: whoever refuses the update that removes
    its finalizer keeps it for ever.
    """
    raw = document if type(document) is dict else {}
    metadata = mapping(raw, "metadata")
    if metadata.get("deletionTimestamp"):
        return ALLOWED
    settings = settings.for_namespace(
        text(metadata, "namespace") if namespace is None else namespace
    )
    facts = settings.with_servers(facts)
    filling = defaults.fill(document, settings.defaults, facts, namespace)
    filled = defaults.apply(document, filling.operations) if fill else document
    failures: list[Failure] = []
    found = list(_run(settings.plan, parse(filled), facts, failures))
    found.extend(("warn", replace(warning, rule=DEFAULTING)) for warning in filling.warnings)
    if not fill and filling.operations:
        found.append(("warn", _not_defaulted(filling.operations, document)))
    if not found and not failures:
        return Decision(patch=filling.operations if fill else ())
    by_action = _sorted(document, _without_repetition(found))
    decision = Decision(
        denials=by_action["deny"],
        warnings=by_action["warn"],
        audits=by_action["audit"],
        failures=tuple(failures),
        closed=settings.on_internal_failure == "deny",
    )
    return replace(decision, patch=filling.operations if fill and not decision.denied else ())


def _run(
    plan: tuple[BoundRule, ...], deployment: Deployment, facts: Facts, failures: list[Failure]
) -> Iterator[tuple[Action, Finding]]:
    """Yield what each rule finds, stamped with its id and action."""
    for rule in plan:
        try:
            for finding in (
                rule.check(deployment, facts) if rule.wants_facts else rule.check(deployment)
            ):
                action = rule.action if finding.sure or rule.action != "deny" else "warn"
                yield (
                    action,
                    replace(finding, rule=rule.id, remedy=finding.remedy or _remedy(rule.id)),
                )
        except Exception as error:  # noqa: BLE001 — a crash of one rule must not hide the others
            failures.append(Failure(rule.id, error))


@cache
def _remedy(rule: str) -> str:
    """Return the general remedy in the rule's docstring."""
    docstring = next(known.docstring for known in all_rules() if known.id == rule)
    return page.read(docstring).remedy


@cache
def _giving_way() -> frozenset[str]:
    return frozenset(rule.id for rule in all_rules() if rule.gives_way)


def _without_repetition(found: list[tuple[Action, Finding]]) -> list[tuple[Action, Finding]]:
    """Leave out what a rule that gives way says of a place that another rule speaks of."""
    yielding = _giving_way()
    spoken_of = {finding.path for _, finding in found if finding.rule not in yielding}
    return [
        (action, finding)
        for action, finding in found
        if finding.rule not in yielding or finding.path not in spoken_of
    ]


def _sorted(
    document: Any, found: Iterable[tuple[Action, Finding]]
) -> dict[Action, tuple[Finding, ...]]:
    """Return the findings by action, in the order of the document, at places that it has."""
    placed = sorted(
        (
            (_rank(document, finding.path), finding.rule, action, finding)
            for action, finding in found
        ),
        key=lambda entry: entry[:2],
    )
    by_action: dict[Action, list[Finding]] = {"deny": [], "warn": [], "audit": [], "ignore": []}
    for _, _, action, finding in placed:
        by_action[action].append(replace(finding, path=nearest(document, finding.path)))
    return {action: tuple(findings) for action, findings in by_action.items()}


def _rank(document: Any, path: Path) -> tuple[int, ...]:
    """Return where in the document the path lies, comparable with that of other paths."""
    rank: list[int] = []
    here = document
    for segment in path:
        if isinstance(here, dict) and segment in here:
            rank.append(list(here).index(segment))
            here = here[segment]
        elif isinstance(here, list) and isinstance(segment, int) and segment < len(here):
            rank.append(segment)
            here = here[segment]
        else:
            break
    return tuple(rank)


def _not_defaulted(operations: tuple[Operation, ...], document: Any) -> Finding:
    return Finding(
        Path.from_pointer(operations[0]["path"], document),
        f"{len(operations)} default{'s are' if len(operations) > 1 else ' is'} missing: "
        "the mutating webhook did not see this object",
        "check that the mutating webhook of graphgate is registered",
        rule=NOT_DEFAULTED,
    )
