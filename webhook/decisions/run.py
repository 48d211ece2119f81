"""The rules run over one document: what they find, stamped with who found it and what it means."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import chain, islice

from webhook.decisions.decision import Failure
from webhook.decisions.plan import BoundRule, Plan
from webhook.graph.facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Deployment
from webhook.graph.signs import signs
from webhook.rules import Action, all_rules, page

Found = tuple[Action, Finding]

MOST_FINDINGS = 1000
"""Findings of one rule in one document. Whoever has more has one mistake, made by a program; the
thousand are told, and the rest after they are mended."""


def run(
    plan: Plan,
    deployment: Deployment,
    old: Deployment | None,
    facts: Facts,
    failures: list[Failure],
) -> Iterator[Found]:
    """Yield each finding of each rule with its action.

    old       the object before an update; without it, rules about updates do not run
    failures  takes the rules that crash; the others go on
    """
    offered = {"facts": facts, "old": old}
    for rule in plan.select(signs(deployment), update=old is not None):
        try:
            if not rule.wants:
                findings = rule.check(deployment)
            else:
                findings = rule.check(deployment, **{name: offered[name] for name in rule.wants})
            for first in findings:
                for finding in islice(chain((first,), findings), MOST_FINDINGS):
                    yield _action(rule, finding), _stamped(rule, finding)
                break
        except Exception as error:  # noqa: BLE001 — a crash of one rule must not hide the others
            failures.append(Failure(rule.id, error))


def _action(rule: BoundRule, finding: Finding) -> Action:
    """Return what is done about it: what a rule is not sure of never denies."""
    return rule.action if finding.sure or rule.action != "deny" else "warn"


def _stamped(rule: BoundRule, finding: Finding) -> Finding:
    return replace(finding, rule=rule.id, remedy=finding.remedy or _remedy(rule.id))


@cache
def _remedy(rule: str) -> str:
    """Return the general remedy in the rule's docstring."""
    docstring = next(known.docstring for known in all_rules() if known.id == rule)
    return page.read(docstring).remedy
