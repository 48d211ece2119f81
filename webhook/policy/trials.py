"""Tests of policies, run: cases against what the policies say, and what was never tried.

`run_tests` takes the texts of a directory, because the pure core reads no files.
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from webhook.documents import read
from webhook.documents.patching import equal
from webhook.policy.cases import Case, Expected, Suite, is_suite, read_suite
from webhook.policy.evaluate import PolicyFinding, evaluate
from webhook.policy.exceptions import exempt
from webhook.policy.load import load
from webhook.policy.mutate import Mutation, mutate
from webhook.policy.policy import PolicySet, Problem
from webhook.policy.sources import Source, from_reading


@dataclass(frozen=True, slots=True)
class Trial:
    """One case that was run.

    faults  what is not as expected, one line each; empty: it passed
    """

    file: str
    case: str
    line: int
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Covered:
    """One validation or matchCondition, and whether it was seen true and false.

    place  of its expression: spec.validations[0].expression
    """

    policy: str
    file: str
    line: int
    place: str
    true: bool
    false: bool

    @property
    def lacks(self) -> str:
        """What was never seen, as a sentence without a full stop; "" where nothing lacks."""
        if self.true and self.false:
            return ""
        if not self.true and not self.false:
            return "was never evaluated"
        return f"was never {'false' if self.true else 'true'}"


@dataclass(frozen=True, slots=True)
class TestRun:
    """What a run found."""

    __test__ = False  # no test of pytest's

    trials: tuple[Trial, ...] = ()
    problems: tuple[Problem, ...] = ()
    coverage: tuple[Covered, ...] = field(default_factory=tuple)

    @property
    def failed(self) -> tuple[Trial, ...]:
        """The cases that did not pass."""
        return tuple(trial for trial in self.trials if trial.faults)

    @property
    def gaps(self) -> tuple[Covered, ...]:
        """What the cases never tried."""
        return tuple(covered for covered in self.coverage if covered.lacks)


def run_tests(files: Mapping[str, str]) -> TestRun:
    """Run every PolicyTest in a set of YAML files.

    files  text by path, with "/"; a PolicyTest is about the policies in its own folder
    """
    suites: dict[str, list[Source]] = {}
    objects: dict[str, list[Source]] = {}
    problems: list[Problem] = []
    for file, text in sorted(files.items()):
        reading = read(text)
        problems += [Problem(file, e.line, e.column, "", str(e)) for e in reading.errors]
        for source in from_reading(file, reading):
            kind = suites if is_suite(source) else objects
            kind.setdefault(posixpath.dirname(file), []).append(source)
    trials: list[Trial] = []
    coverage: list[Covered] = []
    for folder in sorted({*suites, *objects}):
        policies = load(objects.get(folder, ()))
        problems += policies.problems
        seen = _Seen()
        for source in suites.get(folder, ()):
            suite = read_suite(source)
            if isinstance(suite, Problem):
                problems.append(suite)
            else:
                trials += _run(suite, policies, seen)
        coverage += seen.coverage(policies)
    return TestRun(tuple(trials), tuple(problems), tuple(coverage))


class _Seen:
    """The values that each expression has given."""

    def __init__(self) -> None:
        self.values: set[tuple[str, str, bool]] = set()

    def __call__(self, policy: str, place: str, value: bool) -> None:  # noqa: FBT001 — as `Seen`
        self.values.add((policy, place, value))

    def coverage(self, policies: PolicySet) -> list[Covered]:
        """Return every validation and matchCondition, with what was seen of it."""
        return [
            Covered(
                policy.name,
                policy.file,
                policy.line,
                place,
                (policy.name, place, True) in self.values,
                (policy.name, place, False) in self.values,
            )
            for policy in policies.policies
            for place in (
                *(str(condition.code.place) for condition in policy.conditions),
                *(str(validation.code.place) for validation in policy.validations),
            )
        ]


def _run(suite: Suite, policies: PolicySet, seen: _Seen) -> list[Trial]:
    return [
        Trial(suite.file, case.name, case.line, tuple(_faults(case, policies, seen, suite.now)))
        for case in suite.cases
    ]


def _faults(case: Case, policies: PolicySet, seen: _Seen, now: str) -> list[str]:
    request = case.request
    mutation = mutate(policies, request, case.facts, seen=seen)
    faults = _of_mutation(case, policies, mutation)
    evaluation = evaluate(policies, replace(request, object=mutation.object), case.facts, seen=seen)
    found = list(evaluation.findings)
    if now and policies.exceptions:
        kept = exempt(
            (f.finding for f in found),
            policies.exceptions,
            now,
            namespace=request.namespace,
            name=request.name,
        ).kept
        found = [f for f in found if f.finding in kept]
    faults += _of_findings(case.expect, found)
    failures = {f.rule: f.error for f in (*mutation.failures, *evaluation.failures)}
    faults += [
        f"+ {rule} failed: {error}" for rule, error in failures.items() if rule not in case.failures
    ]
    return faults + [
        f"- {rule} was expected to fail" for rule in case.failures if rule not in failures
    ]


def _of_mutation(case: Case, policies: PolicySet, mutation: Mutation) -> list[str]:
    faults: list[str] = []
    if case.mutated is not None and not equal(mutation.object, case.mutated):
        faults += list(difference(case.mutated, mutation.object))
    again = mutate(policies, replace(case.request, object=mutation.object), case.facts)
    if again.operations:
        told = ", ".join(f"{o['op']} {o['path']}" for o in again.operations[:3])
        faults.append(f"! a second pass changes the object again: {told}")
    return faults


def _of_findings(expected: tuple[Expected, ...], found: list[PolicyFinding]) -> list[str]:
    """Return what was expected and not found ("-"), and found and not expected ("+")."""
    left = list(found)
    missing = []
    for wanted in expected:
        match = next((f for f in left if _meets(f, wanted)), None)
        if match is None:
            missing.append(wanted)
        else:
            left.remove(match)
    return [
        *(f"- {_expected_line(wanted)}" for wanted in missing),
        *(f"+ {_found_line(other)}" for other in left),
    ]


def _meets(found: PolicyFinding, wanted: Expected) -> bool:
    return (
        found.finding.rule == wanted.rule
        and found.action == wanted.action
        and wanted.path in (None, str(found.finding.path))
        and wanted.fact in (None, found.finding.fact)
    )


def _expected_line(wanted: Expected) -> str:
    return _line(wanted.rule, wanted.action, wanted.path or "(any place)", wanted.fact or "…")


def _found_line(found: PolicyFinding) -> str:
    finding = found.finding
    return _line(finding.rule, found.action, str(finding.path), finding.fact)


def _line(rule: str, action: str, path: str, fact: str) -> str:
    return f"{rule} {action} at {path}: {fact}"


def difference(wanted: Any, found: Any, place: str = "") -> list[str]:
    """Return where two JSON values differ, one line for each place: "- " wanted, "+ " found."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        keys = [*wanted, *(key for key in found if key not in wanted)]
        return [
            line
            for key in keys
            for line in _entry(wanted, found, key, f"{place}.{key}" if place else str(key))
        ]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        pairs = enumerate(zip(wanted, found, strict=True))
        return [line for n, (w, f) in pairs for line in difference(w, f, f"{place}[{n}]")]
    if equal(wanted, found):
        return []
    return [f"- {place}: {wanted!r}", f"+ {place}: {found!r}"]


def _entry(wanted: dict[str, Any], found: dict[str, Any], key: str, place: str) -> list[str]:
    if key not in found:
        return [f"- {place}: {wanted[key]!r}"]
    if key not in wanted:
        return [f"+ {place}: {found[key]!r}"]
    return difference(wanted[key], found[key], place)
