"""Tests of policies, run: cases against what the policies say, and what was never tried.

`run_tests` takes the texts of a directory, because the pure core reads no files.
"""

import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from webhook.graph.path import ROOT
from webhook.policy.evaluator import ExpressionObserver, PolicyFinding, evaluate_policies
from webhook.policy.exceptions import apply_exceptions
from webhook.policy.loader import load_policy_set
from webhook.policy.model import PolicyProblem, PolicySet
from webhook.policy.mutator import MutationResult, mutate_object
from webhook.policy.sources import SourceObject, objects_from_file
from webhook.policy.testing.reader import is_test_suite, read_test_suite
from webhook.policy.testing.suite import ExpectedFinding, TestCase, TestSuite
from webhook.yamldoc import read
from webhook.yamldoc.json_patch import json_equal


@dataclass(frozen=True, slots=True)
class TestResult:
    """One case that was run.

    mismatches  what is not as expected, one line each; empty: it passed
    """

    file: str
    case: str
    line: int
    mismatches: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExpressionCoverage:
    """One validation or matchCondition, and whether it was seen true and false.

    line  of its expression in the policy's file
    path  of it: spec.validations[0].expression
    """

    policy: str
    file: str
    line: int
    path: str
    seen_true: bool
    seen_false: bool

    @property
    def missing_outcome(self) -> str:
        """What was never seen, as a sentence without a full stop; "" where nothing lacks."""
        if self.seen_true and self.seen_false:
            return ""
        if not self.seen_true and not self.seen_false:
            return "was never evaluated"
        return f"was never {'false' if self.seen_true else 'true'}"


@dataclass(frozen=True, slots=True)
class TestRun:
    """What a run found."""

    __test__ = False  # no test of pytest's

    results: tuple[TestResult, ...]
    problems: tuple[PolicyProblem, ...]
    coverage: tuple[ExpressionCoverage, ...]

    @property
    def failed_results(self) -> tuple[TestResult, ...]:
        """The cases that did not pass."""
        return tuple(trial for trial in self.results if trial.mismatches)

    @property
    def coverage_gaps(self) -> tuple[ExpressionCoverage, ...]:
        """What the cases never tried."""
        return tuple(covered for covered in self.coverage if covered.missing_outcome)


RenderedEvaluation = Callable[
    [TestCase, Any, PolicySet, ExpressionObserver], Iterable[PolicyFinding]
]
"""Returns the findings of policies in the objects rendered from a case's mutated object."""


def run_tests(
    files: Mapping[str, str],
    name_filter: str = "",
    evaluate_rendered: RenderedEvaluation | None = None,
) -> TestRun:
    """Run the PolicyTests in a set of YAML files.

    files              text by path, with "/"; a PolicyTest is about the policies in its own folder
    name_filter        only cases whose name, or "FILE: NAME", contains this text, or matches it if
                       it has a "*"; gaps in coverage are then not reported
    evaluate_rendered  None: policies for pods and other rendered objects are not evaluated
    """
    suites: dict[str, list[SourceObject]] = {}
    objects: dict[str, list[SourceObject]] = {}
    problems: list[PolicyProblem] = []
    for file, text in sorted(files.items()):
        parsed = read(text)
        problems += [PolicyProblem(file, e.line, e.column, "", str(e)) for e in parsed.errors]
        for source in objects_from_file(file, parsed):
            target = suites if is_test_suite(source) else objects
            target.setdefault(posixpath.dirname(file), []).append(source)
    results: list[TestResult] = []
    coverage: list[ExpressionCoverage] = []
    for folder in sorted({*suites, *objects}):
        policies = load_policy_set(objects.get(folder, ()))
        problems += policies.problems
        recorder = _CoverageRecorder()
        for source in suites.get(folder, ()):
            suite = read_test_suite(source)
            if isinstance(suite, TestSuite):
                results += _run_suite(suite, policies, recorder, name_filter, evaluate_rendered)
            else:
                problems += suite
        if not name_filter:
            coverage += recorder.list_coverage(policies, objects.get(folder, ()))
    return TestRun(tuple(results), tuple(problems), tuple(coverage))


class _CoverageRecorder:
    """The values that each expression has given."""

    def __init__(self) -> None:
        self.outcomes: set[tuple[str, str, bool]] = set()

    def __call__(self, policy: str, path: str, value: bool) -> None:  # noqa: FBT001 — as `Seen`
        self.outcomes.add((policy, path, value))

    def list_coverage(
        self, policies: PolicySet, sources: Iterable[SourceObject]
    ) -> list[ExpressionCoverage]:
        """Return every validation and matchCondition, with what was seen of it."""
        source_of = {(source.file, source.position(ROOT)[0]): source for source in sources}
        coverage = []
        for policy in policies.policies:
            paths = [condition.expression.path for condition in policy.match_conditions]
            paths += [validation.expression.path for validation in policy.validations]
            for path in paths:
                line, _ = source_of[policy.file, policy.line].position(path, 0)
                seen = [(policy.name, str(path), value) in self.outcomes for value in (True, False)]
                coverage.append(
                    ExpressionCoverage(policy.name, policy.file, line, str(path), *seen)
                )
        return coverage


def _run_suite(
    suite: TestSuite,
    policies: PolicySet,
    recorder: _CoverageRecorder,
    name_filter: str,
    evaluate_rendered: RenderedEvaluation | None,
) -> list[TestResult]:
    return [
        TestResult(
            suite.file,
            case.name,
            case.line,
            tuple(
                _find_mismatches(case, _policies_of(case, policies), recorder, evaluate_rendered)
            ),
        )
        for case in suite.cases
        if _is_chosen(name_filter, suite.file, case.name)
    ]


def _is_chosen(name_filter: str, file: str, name: str) -> bool:
    pattern = name_filter if "*" in name_filter else f"*{name_filter}*"
    pattern = pattern.replace("[", "[[]").replace("?", "[?]")
    return fnmatchcase(name, pattern) or fnmatchcase(f"{file}: {name}", pattern)


def _policies_of(case: TestCase, policies: PolicySet) -> PolicySet:
    """Return the policies with the parameters and exceptions that a case brings."""
    if case.params is not None:
        policies = replace(policies, params=case.params)
    if case.exceptions is not None:
        policies = replace(policies, exceptions=case.exceptions)
    return policies


def _find_mismatches(
    case: TestCase,
    policies: PolicySet,
    recorder: _CoverageRecorder,
    evaluate_rendered: RenderedEvaluation | None,
) -> list[str]:
    request, now = case.request, case.now
    mutation = mutate_object(policies, request, case.facts, observer=recorder)
    mismatches = _mutation_mismatches(case, policies, mutation)
    evaluation = evaluate_policies(
        policies, request._replace(object=mutation.object), case.facts, observer=recorder
    )
    findings = list(evaluation.findings)
    if evaluate_rendered is not None:
        findings += evaluate_rendered(case, mutation.object, policies, recorder)
    if now and policies.exceptions:
        kept = apply_exceptions(
            (f.finding for f in findings),
            policies.exceptions,
            now,
            namespace=request.namespace,
            name=request.name,
            document=mutation.object,
        ).kept
        findings = [f for f in findings if f.finding in kept]
    mismatches += _finding_mismatches(case.expected_findings, findings)
    failures = {f.rule_id: f.error for f in (*mutation.failures, *evaluation.failures)}
    mismatches += [
        f"+ {rule} failed: {error}"
        for rule, error in failures.items()
        if rule not in case.expected_failures
    ]
    return mismatches + [
        f"- {rule} did not fail as expected"
        for rule in case.expected_failures
        if rule not in failures
    ]


def _mutation_mismatches(
    case: TestCase, policies: PolicySet, mutation: MutationResult
) -> list[str]:
    mismatches: list[str] = []
    if case.expected_object is not None and not json_equal(mutation.object, case.expected_object):
        mismatches += list(diff(case.expected_object, mutation.object))
    second_pass = mutate_object(policies, case.request._replace(object=mutation.object), case.facts)
    if second_pass.operations:
        operations = ", ".join(f"{o['op']} {o['path']}" for o in second_pass.operations[:3])
        mismatches.append(f"! a second pass changes the object again: {operations}")
    return mismatches


def _finding_mismatches(
    expected: tuple[ExpectedFinding, ...], findings: list[PolicyFinding]
) -> list[str]:
    """Return what was expected and not found ("-"), and found and not expected ("+")."""
    unmatched = list(findings)
    missing = []
    for wanted in expected:
        match = next((f for f in unmatched if _satisfies(f, wanted)), None)
        if match is None:
            missing.append(wanted)
        else:
            unmatched.remove(match)
    return [
        *(f"- {_format_expected(wanted)}" for wanted in missing),
        *(f"+ {_format_actual(other)}" for other in unmatched),
    ]


def _satisfies(finding: PolicyFinding, expected: ExpectedFinding) -> bool:
    return (
        finding.finding.rule_id == expected.rule_id
        and finding.action == expected.action
        and expected.path in (None, str(finding.finding.path))
        and expected.message in (None, finding.finding.message)
    )


def _format_expected(expected: ExpectedFinding) -> str:
    return _format_finding(
        expected.rule_id, expected.action, expected.path or "(any path)", expected.message or "…"
    )


def _format_actual(actual: PolicyFinding) -> str:
    finding = actual.finding
    return _format_finding(finding.rule_id, actual.action, str(finding.path), finding.message)


def _format_finding(rule: str, action: str, path: str, fact: str) -> str:
    return f"{rule} {action} at {path}: {fact}"


def diff(expected: Any, actual: Any, path: str = "") -> list[str]:
    """Return where two JSON values differ, one line for each place: "- " desired, "+ " found."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        keys = [*expected, *(key for key in actual if key not in expected)]
        return [
            line
            for key in keys
            for line in _diff_entry(expected, actual, key, f"{path}.{key}" if path else str(key))
        ]
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        pairs = enumerate(zip(expected, actual, strict=True))
        return [line for n, (w, f) in pairs for line in diff(w, f, f"{path}[{n}]")]
    if json_equal(expected, actual):
        return []
    return [f"- {path}: {expected!r}", f"+ {path}: {actual!r}"]


def _diff_entry(expected: dict[str, Any], actual: dict[str, Any], key: str, path: str) -> list[str]:
    if key not in actual:
        return [f"- {path}: {expected[key]!r}"]
    if key not in expected:
        return [f"+ {path}: {actual[key]!r}"]
    return diff(expected[key], actual[key], path)
