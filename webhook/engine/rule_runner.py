"""The rules run over one document: what they find, stamped with who found it and what it means."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import orjson

from webhook.engine.decision import RuleError
from webhook.engine.walk import walk
from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import ComponentSpec, Predictor, SeldonDeployment
from webhook.graph.path import ROOT
from webhook.rendering.routes.options import NO_ROUTING, RoutingOptions
from webhook.rules import Action, all_rules, docs
from webhook.rules.constraints.walk import Rows
from webhook.settings.known_parts import Part
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
    only: Container[str] | None = None,
) -> list[ActionFinding]:
    """Return each finding of each rule with its action.

    old          the object before an update; without it, rules about updates do not run
    rule_errors  takes the rules that crash; the others go on
    routing      how requests get to the predictors
    only         the ids of the rules that run; None: all do
    """
    inputs = {"deployment": deployment, "facts": facts, "old": old, "routing": routing}
    run = _Run(rule_set, inputs, rule_errors)
    if only is not None:
        run.leave_out(rule.id for rule in rule_set if rule.id not in only)
    walk(deployment, run.visit)
    return run.findings


class _Run:
    """What is the same for all things of one document, and what was found in them."""

    def __init__(
        self, rule_set: RuleSet, inputs: dict[str, Any], rule_errors: list[RuleError]
    ) -> None:
        self.findings: list[ActionFinding] = []
        self._table = rule_set.table
        self._by_subject = rule_set.by_subject
        self._known_parts = rule_set.known_parts
        self._known_parts.expect(inputs["facts"])
        self._rows = Rows(self._take_of_row, self._fail)
        self._is_update = inputs["old"] is not None
        self._inputs = inputs
        self._rule_errors = rule_errors
        self._left: dict[str, int] = {}
        self._stopped: set[str] = set()

    def leave_out(self, rule_ids: Iterable[str]) -> None:
        """Run all rules but these."""
        self._stopped.update(rule_ids)

    def visit(  # noqa: PLR0917 — called for each thing, and keywords cost
        self,
        subject: str,
        thing: Any,
        raw: Mapping[str, Any],
        keys: Iterable[str],
        predictor: Predictor | None,
        component: ComponentSpec | None,
    ) -> None:
        """Run the rules that look at a thing, then those on its fields (`engine.walk.Visit`)."""
        rules = self._by_subject.get(subject)
        if rules is None:
            return
        self._inputs["predictor"], self._inputs["component"] = predictor, component
        if rules.called:
            fields = rules.fields.intersection(keys)
            self._run(rules.select(fields, self._is_update), thing)
        tree, parts = rules.tree, rules.parts
        if tree is not None:
            self._rows.origin = subject, thing, predictor
            if tree.checks:
                self._rows.check(tree, raw)
        if parts:
            shared: tuple[Part, ...] = ()
            for name, value in raw.items():
                part = parts.get(name)
                if part is None or value is None:
                    continue
                if part.is_shared:
                    if part in shared:
                        continue
                    shared = (*shared, part)
                    value = [raw.get(each) for each in part.names]  # noqa: PLW2901
                try:
                    content = orjson.dumps(value)
                except TypeError:  # nested too deeply, or a number of more than 64 bits
                    content = None
                if content not in part.known:
                    self._check_part(part, content, thing, raw)

    def _check_part(
        self, part: Part, content: bytes | None, thing: Any, raw: Mapping[str, Any]
    ) -> None:
        """Run the rules and rows on one part, and remember it if there is nothing to find in it."""
        findings, errors = len(self.findings), len(self._rule_errors)
        self._rows.looked_outside = False
        self._run(part.rules, thing)
        for name, tree in part.trees:
            if raw.get(name) is not None:
                self._rows.visit(tree, raw[name], (None, raw, name))
        if not (
            self._rows.looked_outside
            or self._stopped
            or len(self.findings) > findings
            or len(self._rule_errors) > errors
        ):
            self._known_parts.remember(part, content)

    def _run(self, rules: Iterable[EnabledRule], thing: Any) -> None:
        for rule in rules:
            if rule.id in self._stopped:
                continue
            try:
                if not rule.inputs:
                    findings = rule.check(thing)
                elif len(rule.inputs) == 1:
                    findings = rule.check(thing, self._inputs[rule.inputs[0]])
                else:
                    findings = rule.check(thing, *rule.pick_inputs(self._inputs))
                for finding in findings:
                    self._take(rule, finding)
                    if rule.id in self._stopped:
                        break
            except Exception as error:  # noqa: BLE001 — a crash of one must not hide the others
                self._fail(rule.id, error)

    def _take_of_row(self, rule_id: str, finding: Finding) -> None:
        if rule_id not in self._stopped:
            self._take(self._table[rule_id], finding)

    def _take(self, rule: EnabledRule, finding: Finding) -> None:
        left = self._left.get(rule.id, MAX_FINDINGS_PER_RULE)
        self._left[rule.id] = left - 1
        if left:
            self.findings.append((_effective_action(rule, finding), _with_rule(rule, finding)))
        else:
            self._stopped.add(rule.id)
            self.findings.append(("deny", _unlisted(rule.id)))

    def _fail(self, rule_id: str, error: Exception) -> None:
        if rule_id not in self._stopped:
            self._stopped.add(rule_id)
            self._rule_errors.append(RuleError(rule_id, error))


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
