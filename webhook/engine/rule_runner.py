"""The rules run over one document: what they find, stamped with who found it and what it means."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from webhook.engine.decision import RuleError
from webhook.engine.walk import walk
from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.graph.path import ROOT
from webhook.rendering.routes.options import NO_ROUTING, RoutingOptions
from webhook.rules import Action, all_rules, docs
from webhook.rules.constraints.walk import check_constraints
from webhook.settings.rule_set import EnabledRule, RuleSet

ActionFinding = tuple[Action, Finding]

MAX_FINDINGS_PER_RULE = 1000
"""Findings of one rule in one document. Whoever has more has one mistake, made by a program; the
thousand are told, and the rest after they are mended. Since nobody knows what the rest would be,
more than that denies, whatever the rule's action is."""


def run_rules(
    rule_set: RuleSet,
    deployment: SeldonDeployment,
    old: SeldonDeployment | None,
    facts: Facts,
    rule_errors: list[RuleError],
    *,
    routing: RoutingOptions = NO_ROUTING,
) -> Iterator[ActionFinding]:
    """Yield each finding of each rule with its action.

    old          the object before an update; without it, rules about updates do not run
    rule_errors  takes the rules that crash; the others go on
    routing      how requests get to the predictors
    """
    is_update = old is not None
    inputs: dict[str, Any] = {
        "deployment": deployment,
        "facts": facts,
        "old": old,
        "routing": routing,
    }
    left: dict[str, int] = {}
    for thing in walk(deployment):
        inputs["predictor"], inputs["component"] = thing.predictor, thing.component
        for rule in rule_set.applicable(thing.subject, thing.keys, update=is_update):
            if rule.id in left and not left[rule.id]:
                continue
            try:
                if not rule.inputs:
                    findings = rule.check(thing.value)
                else:
                    findings = rule.check(
                        thing.value, **{name: inputs[name] for name in rule.inputs}
                    )
                for finding in findings:
                    left[rule.id] = left.get(rule.id, MAX_FINDINGS_PER_RULE + 1) - 1
                    if not left[rule.id]:
                        yield "deny", _unlisted(rule.id)
                        break
                    yield _effective_action(rule, finding), _with_rule(rule, finding)
            except Exception as error:  # noqa: BLE001 — a crash of one rule must not hide the others
                rule_errors.append(RuleError(rule.id, error))
                left[rule.id] = 0
    yield from _run_table(rule_set.table, deployment, rule_errors)


def _run_table(
    table: Mapping[str, EnabledRule], deployment: SeldonDeployment, rule_errors: list[RuleError]
) -> Iterator[ActionFinding]:
    """Yield what departs from the table of constraints; one walk applies it for all its rules."""
    failed: set[str] = set()

    def report_error(rule_id: str, error: Exception) -> None:
        if rule_id not in failed:
            failed.add(rule_id)
            rule_errors.append(RuleError(rule_id, error))

    left: dict[str, int] = {}
    for rule_id, finding in check_constraints(deployment, frozenset(table), report_error):
        left[rule_id] = left.get(rule_id, MAX_FINDINGS_PER_RULE) - 1
        if left[rule_id] >= 0:
            rule = table[rule_id]
            yield _effective_action(rule, finding), _with_rule(rule, finding)


def _unlisted(rule_id: str) -> Finding:
    return Finding(
        ROOT,
        f"there are more than {MAX_FINDINGS_PER_RULE} findings of this rule; "
        "those that follow are not listed",
        _default_remediation(rule_id),
        incomplete=True,
        rule_id=rule_id,
    )


def _effective_action(rule: EnabledRule, finding: Finding) -> Action:
    """Return what is done about it: what a rule is not sure of never denies."""
    if finding.incomplete:
        return "deny"
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
