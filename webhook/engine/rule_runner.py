"""The rules run over one document: what they find, stamped with who found it and what it means."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import chain, islice

from webhook.engine.decision import RuleError
from webhook.graph.cluster_facts import Facts
from webhook.graph.features import collect_features
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.rules import Action, all_rules, docs
from webhook.settings.rule_set import EnabledRule, RuleSet

ActionFinding = tuple[Action, Finding]

MAX_FINDINGS_PER_RULE = 1000
"""Findings of one rule in one document. Whoever has more has one mistake, made by a program; the
thousand are told, and the rest after they are mended."""


def run_rules(
    rule_set: RuleSet,
    deployment: SeldonDeployment,
    old: SeldonDeployment | None,
    facts: Facts,
    rule_errors: list[RuleError],
) -> Iterator[ActionFinding]:
    """Yield each finding of each rule with its action.

    old       the object before an update; without it, rules about updates do not run
    failures  takes the rules that crash; the others go on
    """
    inputs = {"facts": facts, "old": old}
    for rule in rule_set.applicable(collect_features(deployment), update=old is not None):
        try:
            if not rule.inputs:
                findings = rule.check(deployment)
            else:
                findings = rule.check(deployment, **{name: inputs[name] for name in rule.inputs})
            for first in findings:
                for finding in islice(chain((first,), findings), MAX_FINDINGS_PER_RULE):
                    yield _effective_action(rule, finding), _with_rule(rule, finding)
                break
        except Exception as error:  # noqa: BLE001 — a crash of one rule must not hide the others
            rule_errors.append(RuleError(rule.id, error))


def _effective_action(rule: EnabledRule, finding: Finding) -> Action:
    """Return what is done about it: what a rule is not sure of never denies."""
    return rule.action if finding.certain or rule.action != "deny" else "warn"


def _with_rule(rule: EnabledRule, finding: Finding) -> Finding:
    return replace(
        finding, rule_id=rule.id, remediation=finding.remediation or _default_remediation(rule.id)
    )


@cache
def _default_remediation(rule_id: str) -> str:
    """Return the general remedy in the rule's docstring."""
    docstring = next(known.docstring for known in all_rules() if known.id == rule_id)
    return docs.parse_docstring(docstring).remediation
