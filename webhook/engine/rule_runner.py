"""Runs the rules over one document, and stamps their findings with rule id and action."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from webhook.engine.decision import RuleError
from webhook.engine.misspelled import merge_misspelled
from webhook.engine.walk import walk
from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.graph.path import ROOT
from webhook.graph.suggest import limited_comparisons
from webhook.rendering.routes.options import NO_ROUTING, RoutingOptions
from webhook.rules import Action, all_rules, docs
from webhook.rules.constraints.walk import Origin, Reports, Rows
from webhook.settings.known_parts import PresentPart
from webhook.settings.rule_set import EnabledRule, RuleSet, SubjectRules

ActionFinding = tuple[Action, Finding]

MAX_FINDINGS_PER_RULE = 1000
"""Findings of one rule in one document. More come from one mistake of a program; a thousand are
reported, the rest after those are fixed. Since the rest is unknown, more than that denies,
whatever the rule's action is."""


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
    run = _Run(rule_set, inputs, rule_errors, is_update=old is not None)
    if only is not None:
        run.stopped.update(rule.id for rule in rule_set if rule.id not in only)
    stopped = run.stopped
    with limited_comparisons():
        for rules, row, things in run.ask(deployment):
            for rule in rules:
                if stopped and rule.id in stopped:
                    continue
                try:
                    check = row or rule.check
                    if rule.inputs:
                        others = [*map(inputs.__getitem__, rule.inputs)]
                        for thing in things:
                            for finding in check(thing, *others):
                                run.take(rule, finding)
                    else:
                        for thing in things:
                            for finding in check(thing):
                                run.take(rule, finding)
                except _EnoughFindingsError:
                    pass
                except Exception as error:  # noqa: BLE001 — a crash of one must not hide the others
                    run.fail(rule.id, error)
    return merge_misspelled(run.findings)


class _EnoughFindingsError(Exception):
    """A rule has more findings than are listed."""


Asked = tuple[Iterable[EnabledRule], Callable[..., Iterable[Finding]] | None, Iterable[Any]]
"""Rules, the check of a row if there is one, and the arguments of each call."""


class _Run:
    """What is the same for all objects of one document, and their findings."""

    def __init__(
        self,
        rule_set: RuleSet,
        inputs: dict[str, Any],
        rule_errors: list[RuleError],
        *,
        is_update: bool,
    ) -> None:
        """Initialise with the arguments of checks besides their object."""
        self.findings: list[ActionFinding] = []
        self.stopped: set[str] = set()
        self._table = rule_set.table
        self._by_subject = rule_set.by_subject
        self._known_parts = rule_set.known_parts
        self._epoch = self._known_parts.expect(inputs["facts"])
        self._is_update = is_update
        self._inputs = inputs
        self._rule_errors = rule_errors
        self._left: dict[str, int] = {}

    def ask(self, deployment: SeldonDeployment) -> Iterator[Asked]:
        """Yield rules with the objects that they check, and rows with values they may not accept.

        Parts with cached contents are skipped, and rules on words that do not occur. Where a value
        is of the wrong type, words may be where the walk does not come by, as below a mapping that
        should be a list: then none is waited for.
        """
        inputs, update = self._inputs, self._is_update
        memory, epoch = self._known_parts, self._epoch
        rows = Rows(self.fail)  # not kept: a cycle would keep the document until a collection
        words: set[str] = set()  # that occurred so far: parts come before wholes
        is_readable = "type" not in deployment.schema_errors_by_kind
        for subject, things, raws, keys, predictor, component in walk(deployment):
            rules = self._by_subject.get(subject)
            if rules is None:
                continue
            inputs["predictor"], inputs["component"] = predictor, component
            for fields, alike, alike_raws in _group_by_fields(rules, things, raws, keys):
                own = fields if keys is raws else rules.fields.intersection(alike_raws[0])
                plan = rules.plan(fields, own, update)
                words |= plan.words
                for part in plan.parts:
                    known = part.recall(alike_raws)
                    if known is None or memory.epoch != epoch:
                        origins = [(subject, thing, predictor) for thing in alike]
                        yield from self._ask_about(part, rows, origins, alike_raws, words)
                    else:
                        words |= known
                if plan.called:
                    yield plan.called, None, alike
                if plan.guarded and not is_readable:
                    yield plan.guarded, None, alike
                elif words and plan.guarded:
                    yield [r for r in plan.guarded if not r.words.isdisjoint(words)], None, alike
            if rules.tree is not None and rules.tree.checks:
                for thing, raw in zip(things, raws, strict=True):
                    origin = subject, thing, predictor
                    yield from self._of_rows(rows.check(rules.tree, raw, None, origin))

    def _ask_about(
        self,
        present: PresentPart,
        rows: Rows,
        origins: Iterable[Origin],
        raws: Iterable[Mapping[str, Any]],
        words: set[str],
    ) -> Iterator[Asked]:
        """Yield the rules and rows on one part, and remember it if there is nothing to find.

        words  takes those that occur in it
        """
        part = present.part
        for origin, raw in zip(origins, raws, strict=True):
            known = present.recall((raw,))
            if known is not None and self._known_parts.epoch == self._epoch:
                words |= known
                continue
            found = part.find_words(raw)
            words |= found
            findings, errors = len(self.findings), len(self._rule_errors)
            rows.looked_outside = False
            yield part.rules, None, (origin[1],)
            for name, tree in part.trees:
                if raw.get(name) is not None:
                    steps = None, raw, name
                    yield from self._of_rows(rows.visit(tree, raw[name], steps, origin))
            if not (
                rows.looked_outside
                or self.stopped
                or len(self.findings) > findings
                or len(self._rule_errors) > errors
            ):
                self._known_parts.remember(present, raw, found, self._epoch)

    def _of_rows(self, reports: Reports) -> Iterator[Asked]:
        for rule_id, row, location in reports:
            yield (self._table[rule_id],), row, (location,)

    def take(self, rule: EnabledRule, finding: Finding) -> None:
        """Note a finding; raise _EnoughFindingsError if the rule has too many."""
        left = self._left.get(rule.id, MAX_FINDINGS_PER_RULE)
        self._left[rule.id] = left - 1
        if left:
            self.findings.append((_effective_action(rule, finding), _with_rule(rule, finding)))
        else:
            self.stopped.add(rule.id)
            self.findings.append(("deny", _unlisted(rule.id)))
            raise _EnoughFindingsError

    def fail(self, rule_id: str, error: Exception) -> None:
        """Record that a rule has crashed; it does not run again."""
        if rule_id not in self.stopped:
            self.stopped.add(rule_id)
            self._rule_errors.append(RuleError(rule_id, error))


_Alike = tuple[frozenset[str], Sequence[Any], Sequence[Mapping[str, Any]]]
"""Objects with the same fields, as far as rules require them, and the mapping of each."""


def _group_by_fields(
    rules: SubjectRules,
    things: Sequence[Any],
    raws: Sequence[Mapping[str, Any]],
    keys: Sequence[Iterable[str]],
) -> Iterable[_Alike]:
    if len(things) == 1:
        return ((rules.fields.intersection(keys[0]), things, raws),)
    kinds = [*map(tuple, keys)]
    distinct = dict.fromkeys(kinds)
    if len(distinct) == 1:
        return ((rules.fields.intersection(*distinct), things, raws),)
    groups: dict[tuple[str, ...], tuple[list[Any], list[Mapping[str, Any]]]] = {
        kind: ([], []) for kind in distinct
    }
    for thing, raw, kind in zip(things, raws, kinds, strict=True):
        alike, alike_raws = groups[kind]
        alike.append(thing)
        alike_raws.append(raw)
    return [(rules.fields.intersection(kind), *group) for kind, group in groups.items()]


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
    """Return the general remediation in the rule's docstring."""
    docstring = next(known.docstring for known in all_rules() if known.id == rule_id)
    return docs.parse_docstring(docstring).remediation
