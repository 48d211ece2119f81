"""Tests of policies: what passes, what fails and how that reads, what was never tried."""

import json
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
import yaml

from tests.policy.documents import binding_text, load_texts, make_deployment, policy_text
from webhook.graph.cluster_facts import NO_FACTS
from webhook.graph.finding_identity import finding_fingerprint
from webhook.policy import apply_request, evaluate_policies
from webhook.policy.testing.reader import CASE_FIELDS
from webhook.policy.testing.runner import TestRun, diff, run_tests
from webhook.report.policy_tests import render_json, render_junit, render_text

POLICY = (
    policy_text(
        "- expression: object.metadata.name != 'bad'\n  message: a bad name\n",
        spec="matchConditions: [{name: c, expression: request.namespace != 'skip'}]",
    )
    + "---\n"
    + binding_text()
)


def run_cases(cases: str, *, policies: str = POLICY, head: str = "") -> TestRun:
    suite = (
        "apiVersion: graphgate.io/v1alpha1\nkind: PolicyTest\n"
        f"{head}object: {yaml.safe_dump(make_deployment(), default_flow_style=True, width=10_000)}"
        f"cases:\n{cases}"
    )
    return run_tests({"a/policy.yaml": policies, "a/tests.yaml": suite})


def passed(done: TestRun) -> bool:
    """Whether every file could be read and every case passed; gaps are not looked at."""
    return not done.problems and not done.failed_results


GOOD = """\
- name: a good name is accepted
- name: a bad name is refused
  set: {metadata.name: bad}
  expect:
  - {rule: p/0, path: metadata.name, message: a bad name}
- name: a namespace is passed over
  namespace: skip
  set: {metadata.name: bad}
"""


def test_cases_pass_and_everything_is_covered() -> None:
    done = run_cases(GOOD)
    assert passed(done)
    assert done.coverage_gaps == ()
    assert render_text(done) == ("3 cases, 0 failed; 2 of 2 expressions seen both true and false\n")


def test_a_failed_case_shows_what_is_missing_and_what_is_too_much() -> None:
    done = run_cases(
        "- name: wrong\n  set: {metadata.name: bad}\n  expect: [{rule: p/0, path: metadata}]\n"
    )
    assert not passed(done)
    report = render_text(done).splitlines()
    assert report[0].endswith(": wrong")
    assert report[1:3] == [
        "         - policy/p/0 deny at metadata: …",
        "         + policy/p/0 deny at metadata.name: a bad name",
    ]


def test_what_was_never_tried_is_a_gap() -> None:
    done = run_cases("- name: a good name is accepted\n")
    assert passed(done)
    assert [(gap.path, gap.missing_outcome) for gap in done.coverage_gaps] == [
        ("spec.matchConditions[0].expression", "was never false"),
        ("spec.validations[0].expression", "was never false"),
    ]
    assert "gap    a/policy.yaml:14: p: spec.validations[0].expression was never false" in (
        render_text(done)
    )
    assert [
        gap.missing_outcome for gap in run_cases("- name: x\n  namespace: skip\n").coverage_gaps
    ] == [
        "was never true",
        "was never evaluated",
    ]


MUTATING = """\
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: m}
spec:
  reinvocationPolicy: Never
  matchConstraints:
    resourceRules:
    - {apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*']}
  mutations:
  - patchType: JSONPatch
    jsonPatch: {expression: EXPRESSION}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: m}
spec: {policyName: m}
"""


def test_a_mutation_is_compared_as_a_whole() -> None:
    text = MUTATING.replace(
        "EXPRESSION", '\'[JSONPatch{op: "add", path: "/metadata/labels", value: {"a": "b"}}]\''
    )
    done = run_cases(
        "- name: right\n  mutated: {metadata.labels: {a: b}}\n- name: wrong\n  mutated: {}\n",
        policies=text,
    )
    assert [trial.mismatches for trial in done.results] == [(), ("+ metadata.labels: {'a': 'b'}",)]


def test_a_mutation_that_is_not_idempotent_fails() -> None:
    text = MUTATING.replace(
        "EXPRESSION",
        '\'[JSONPatch{op: "add", path: "/spec/predictors/-", value: {"a": "b"}}]\'',
    )
    done = run_cases("- name: it grows\n", policies=text)
    assert done.results[0].mismatches == (
        "! a second pass changes the object again: add /spec/predictors/-",
    )


def test_a_second_pass_that_changes_much_is_told_by_three_operations() -> None:
    annotations = "object.metadata.annotations"
    patches = ", ".join(
        f'JSONPatch{{op: "add", path: "/metadata/annotations/{key}", '
        f'value: "x" + {annotations}[?"{key}"].orValue("")}}'
        for key in "abcd"
    )
    text = MUTATING.replace("EXPRESSION", f"'[{patches}]'")
    done = run_cases("- {name: x, set: {metadata.annotations: {}}}\n", policies=text)
    (line,) = [each for each in done.results[0].mismatches if each.startswith("!")]
    assert line.count("/metadata/annotations/") == 3


def test_brackets_and_question_marks_of_a_filter_are_themselves() -> None:
    suite = (
        "apiVersion: graphgate.io/v1alpha1\nkind: PolicyTest\n"
        f"object: {yaml.safe_dump(make_deployment(), default_flow_style=True, width=10_000)}"
        "cases:\n- name: 'is [it] good?'\n- name: is it good\n"
    )
    files = {"a/policy.yaml": POLICY, "a/tests.yaml": suite}
    for name_filter in ("[it]", "good?", "is [it] g*?"):
        (result,) = run_tests(files, name_filter).results
        assert result.case == "is [it] good?"


def test_junit_is_xml_with_a_case_for_each() -> None:
    done = run_cases("- name: wrong <&\\u0001>\n  expect: [{rule: p/0}]\n- name: right\n")
    root = ElementTree.fromstring(render_junit(done))
    assert [(suite.get("tests"), suite.get("failures")) for suite in root] == [("2", "1")]
    assert [len(case) for case in root[0]] == [1, 0]


@pytest.mark.parametrize(
    ("cases", "fact"),
    [
        ("- {}\n", "name is required"),
        ("- name: a\n  expct: []\n", 'unknown field "expct"; did you mean "expect"?'),
        ("- name: a\n  operation: PATCH\n", "operation must be CREATE, UPDATE or DELETE"),
        ("- name: a\n  expect: [{path: x}]\n", "an expected finding requires rule: NAME/0"),
        (
            "- name: a\n  expect: [{rule: p/0, action: no}]\n",
            "action must be deny, warn or audit",
        ),
        ("- name: a\n  set: {'a b': 1}\n", "a b is not a path such as spec.predictors[0].name"),
        (
            "- name: a\n  remove: [spec.nothing]\n",
            "spec.nothing does not exist, so it cannot be removed",
        ),
        (
            "- name: a\n  set: {'spec.predictors[7].name': 1}\n",
            "spec.predictors[7].name is past the end of a list",
        ),
        ("  []\n", "cases must be a non-empty list"),
    ],
)
def test_a_faulty_file_is_named(cases: str, fact: str) -> None:
    done = run_cases(cases)
    assert [problem.message for problem in done.problems] == [fact]
    assert not passed(done)
    ElementTree.fromstring(render_junit(done))


def test_all_errors_of_a_file_are_told_in_its_order() -> None:
    done = run_cases(
        "- naem: a\n"
        "  expect: [{rule: p/0, action: no}, {path: x}]\n"
        "- name: b\n"
        "  set: {'a b': 1, metadata.labels.x: 1, 'spec.predictors[7].name': 1}\n"
        "  remove: [spec.nothing, 5]\n"
        "  groups: admins\n"
        "- 5\n"
        "- name: c\n"
        "  operator: nobody\n"
        "  exceptions: [5, {metadata: {name: e}}]\n",
        head="now: yesterday\nnamespaces: {a: {label: {}}}\n",
    )
    assert [(problem.line, problem.message) for problem in done.problems] == [
        (3, "now must be a quoted RFC 3339 time, got 'yesterday'"),
        (4, 'unknown field "label"; did you mean "labels"?'),
        (7, "name is required"),
        (7, 'unknown field "naem"; did you mean "name"?'),
        (8, "action must be deny, warn or audit"),
        (8, "an expected finding requires rule: NAME/0"),
        (10, "a b is not a path such as spec.predictors[0].name"),
        (10, "spec.predictors[7].name is past the end of a list"),
        (11, "spec.nothing does not exist, so it cannot be removed"),
        (11, "5 is not a path such as spec.predictors[0].name"),
        (12, "groups must be a list of groups"),
        (13, "a case must be a mapping with a name"),
        (15, "operator must be seldon or graphgate"),
        (16, "an exception must be a PolicyException"),
        (16, "spec is missing"),
    ]


@pytest.mark.parametrize("field", CASE_FIELDS)
@pytest.mark.parametrize("value", ["x", "5", "[x]", "{x: y}", "[{x: y}]", "[[]]"])
def test_whatever_a_field_of_a_case_holds_is_read_or_a_problem(field: str, value: str) -> None:
    done = run_cases(f"- {{name: a, {field}: {value}}}\n")
    assert done.results or done.problems


def test_exceptions_hold_with_a_time() -> None:
    exception = """\
---
apiVersion: graphgate.io/v1alpha1
kind: PolicyException
metadata: {name: e}
spec: {reason: why, expiresAt: "2026-01-01T00:00:00Z", exempt: {policies: [p]}}
"""
    bad = "- name: a\n  set: {metadata.name: bad}\n"
    assert passed(run_cases(bad, policies=POLICY + exception, head="now: '2025-01-01T00:00:00Z'\n"))
    assert not passed(
        run_cases(bad, policies=POLICY + exception, head="now: '2027-01-01T00:00:00Z'\n")
    )


OWNERS = (
    policy_text(
        "- {expression: object.metadata.name in params.data, message: no owner}\n",
        spec="paramKind: {apiVersion: v1, kind: ConfigMap}",
    )
    + "---\n"
    + binding_text(
        extra_spec="paramRef: {name: owners, namespace: ops, parameterNotFoundAction: Deny}"
    )
    + "---\n"
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: owners, namespace: ops}\ndata: {other: a}\n"
)
CONFIG_MAP = (
    "{apiVersion: v1, kind: ConfigMap, metadata: {name: owners, namespace: ops}, data: {wines: a}}"
)


def test_a_case_brings_parameters_of_its_own() -> None:
    done = run_cases(
        "- name: of the folder\n  expect: [{rule: p/0}]\n"
        f"- name: of the case\n  params: [{CONFIG_MAP}]\n"
        "- name: none at all\n  params: []\n  failures: [p]\n",
        policies=OWNERS,
    )
    assert passed(done), render_text(done)
    shared = run_cases(
        GOOD.split("- name: a bad", maxsplit=1)[0],
        policies=OWNERS,
        head=f"params: [{CONFIG_MAP}]\n",
    )
    assert passed(shared), render_text(shared)


EXCEPTION = (
    "{apiVersion: graphgate.io/v1alpha1, kind: PolicyException, metadata: {name: e}, spec: "
    "{reason: r, expiresAt: '2026-06-01T00:00:00Z', exempt: {policies: [p]}}}"
)


def test_a_case_brings_exceptions_and_the_time_to_check_them_at() -> None:
    bad = "  set: {metadata.name: bad}\n"
    done = run_cases(
        f"- name: before its end\n{bad}  exceptions: [{EXCEPTION}]\n  now: '2026-05-31T00:00:00Z'\n"
        f"- name: after it\n{bad}  exceptions: [{EXCEPTION}]\n  now: '2026-06-01T00:00:00Z'\n"
        "  expect: [{rule: p/0}]\n"
    )
    assert passed(done), render_text(done)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (f"exceptions: [{EXCEPTION}]", "exceptions require now: the time to evaluate them at"),
        ("now: yesterday", "now must be a quoted RFC 3339 time, got 'yesterday'"),
        ("params: {a: b}", "params must be a list of objects"),
        ("params: [{kind: ConfigMap}]", "a parameter must be an object with apiVersion and kind"),
        ("exceptions: [{metadata: {name: e}}]", "spec is missing"),
    ],
)
def test_what_a_case_brings_and_cannot_be_used_is_a_problem(field: str, message: str) -> None:
    (problem,) = run_cases(f"- name: one\n  {field}\n").problems
    assert problem.message == message
    assert problem.line > 0


@pytest.mark.parametrize(
    ("name_filter", "count"),
    [("bad", 1), ("name is", 2), ("a *accepted", 1), ("tests.yaml", 3), ("no such", 0)],
)
def test_a_filter_chooses_cases_and_tells_no_gaps(name_filter: str, count: int) -> None:
    suite = (
        "apiVersion: graphgate.io/v1alpha1\nkind: PolicyTest\n"
        f"object: {json.dumps(make_deployment())}\ncases:\n{GOOD}"
    )
    done = run_tests({"a/policy.yaml": POLICY, "a/tests.yaml": suite}, name_filter)
    assert (len(done.results), done.coverage) == (count, ())


def test_a_gap_stands_at_the_line_of_its_expression() -> None:
    done = run_cases("- name: a good name is accepted\n")
    lines = POLICY.splitlines()
    gaps = {gap.path: gap.line for gap in done.coverage_gaps}
    assert "object.metadata.name" in lines[gaps["spec.validations[0].expression"] - 1]
    assert "matchConditions" in lines[gaps["spec.matchConditions[0].expression"] - 1]


def test_json_has_cases_gaps_and_problems() -> None:
    done = run_cases("- name: wrong\n  set: {metadata.name: bad}\n")
    report = json.loads(render_json(done))
    (case,) = report["cases"]
    assert (case["name"], case["passed"]) == ("wrong", False)
    assert case["mismatches"] == ["+ policy/p/0 deny at metadata.name: a bad name"]
    assert [gap["policy"] for gap in report["gaps"]] == ["p", "p"]
    assert report["problems"] == []


def test_exceptions_of_the_folder_hold_only_where_a_case_says_when() -> None:
    exception = (
        "---\napiVersion: graphgate.io/v1alpha1\nkind: PolicyException\nmetadata: {name: e}\n"
        "spec: {reason: why, expiresAt: '2026-01-01T00:00:00Z', exempt: {policies: [p]}}\n"
    )
    bad = "- name: a\n  set: {metadata.name: bad}\n  expect: [{rule: p/0}]\n"
    assert passed(run_cases(bad, policies=POLICY + exception))


@pytest.mark.parametrize(
    ("expected", "mismatches"),
    [
        ("{rule: p/0}", ()),
        ("{rule: p/0, action: deny, path: metadata.name, message: a bad name}", ()),
        (
            "{rule: p/0, action: warn}",
            (
                "- policy/p/0 warn at (any path): …",
                "+ policy/p/0 deny at metadata.name: a bad name",
            ),
        ),
        (
            "{rule: p/0, message: other}",
            (
                "- policy/p/0 deny at (any path): other",
                "+ policy/p/0 deny at metadata.name: a bad name",
            ),
        ),
        (
            "{rule: p/1}",
            (
                "- policy/p/1 deny at (any path): …",
                "+ policy/p/0 deny at metadata.name: a bad name",
            ),
        ),
        ("{rule: p/0}, {rule: p/0}", ("- policy/p/0 deny at (any path): …",)),
    ],
)
def test_a_finding_is_expected_by_all_that_is_said_of_it(
    expected: str, mismatches: tuple[str, ...]
) -> None:
    done = run_cases(f"- name: a\n  set: {{metadata.name: bad}}\n  expect: [{expected}]\n")
    assert done.results[0].mismatches == mismatches


def test_a_failure_is_expected_or_not() -> None:
    broken = policy_text("- expression: object.missing == 1\n") + "---\n" + binding_text()
    done = run_cases(
        "- name: unexpected\n- name: expected\n  failures: [p/0]\n- name: another\n"
        "  failures: [p/0, q]\n",
        policies=broken,
    )
    assert [result.mismatches for result in done.results] == [
        ("+ policy/p/0 failed: no such key: missing",),
        (),
        ("- policy/q did not fail as expected",),
    ]


@pytest.mark.parametrize(
    ("name_filter", "names"),
    [
        ("good", ["a good name is accepted"]),
        ("a*name*re*", ["a bad name is refused"]),
        ("*passed over", ["a namespace is passed over"]),
        ("a/tests.yaml: a bad", ["a bad name is refused"]),
        (
            "a/tests.yaml: *",
            [*("a good name is accepted", "a bad name is refused"), "a namespace is passed over"],
        ),
        ("a good*", ["a good name is accepted"]),
        ("good*", []),
        ("g?od", []),
        ("[ag]ood", []),
    ],
)
def test_cases_are_chosen_by_their_names(name_filter: str, names: list[str]) -> None:
    suite = (
        "apiVersion: graphgate.io/v1alpha1\nkind: PolicyTest\n"
        f"object: {yaml.safe_dump(make_deployment(), default_flow_style=True, width=10_000)}"
        f"cases:\n{GOOD}"
    )
    done = run_tests({"a/policy.yaml": POLICY, "a/tests.yaml": suite}, name_filter)
    assert [result.case for result in done.results] == names
    assert done.coverage == ()


def test_a_folder_has_policies_and_tests_of_its_own() -> None:
    suite = (
        "apiVersion: graphgate.io/v1alpha1\nkind: PolicyTest\n"
        f"object: {yaml.safe_dump(make_deployment(), default_flow_style=True, width=10_000)}"
        "cases:\n- {name: x, set: {metadata.name: bad}}\n"
    )
    done = run_tests({"a/policy.yaml": POLICY, "b/tests.yaml": suite, "c.yaml": "a: ["})
    assert [(result.file, result.case, result.mismatches) for result in done.results] == [
        ("b/tests.yaml", "x", ())
    ]
    assert [gap.missing_outcome for gap in done.coverage_gaps] == ["was never evaluated"] * 2
    assert [problem.file for problem in done.problems] == ["c.yaml"]


def test_validations_and_exceptions_are_about_what_the_mutations_left() -> None:
    rename = '\'[JSONPatch{op: "replace", path: "/metadata/name", value: "bad"}]\''
    policies = POLICY + "---\n" + MUTATING.replace("EXPRESSION", rename)
    case = "- name: x\n  set: {metadata.name: worse}\n  mutated: {metadata.name: bad}\n"
    done = run_cases(case + "  expect: [{rule: p/0}]\n", policies=policies)
    assert passed(done), render_text(done)

    (finding,) = evaluate_policies(
        load_texts(POLICY), apply_request(make_deployment(name="bad")), NO_FACTS
    ).findings
    fingerprint = finding_fingerprint(finding.finding, make_deployment(name="bad"))
    exception = (
        "---\napiVersion: graphgate.io/v1alpha1\nkind: PolicyException\nmetadata: {name: e}\n"
        "spec: {reason: why, expiresAt: '2026-01-01T00:00:00Z', exempt: {findings: "
        f"[{{rule: policy/p/0, fingerprint: {fingerprint}}}]}}}}\n"
    )
    head = "now: '2025-01-01T00:00:00Z'\n"
    done = run_cases(case, policies=policies + exception, head=head)
    assert passed(done), render_text(done)


def test_what_runs_is_asked_of_what_the_mutations_left() -> None:
    asked: list[Any] = []

    def evaluate_rendered(case: Any, document: Any, policies: Any, observer: Any) -> Any:
        asked.append((case.name, document, policies.problems, observer))
        return ()

    suite = (
        "apiVersion: graphgate.io/v1alpha1\nkind: PolicyTest\n"
        f"object: {yaml.safe_dump(make_deployment(), default_flow_style=True, width=10_000)}"
        "cases:\n- {name: x}\n"
    )
    run_tests({"policy.yaml": POLICY, "tests.yaml": suite}, evaluate_rendered=evaluate_rendered)
    ((name, document, problems, _),) = asked
    assert (name, document, problems) == ("x", make_deployment(), ())


@pytest.mark.parametrize(
    ("expected", "actual", "lines"),
    [
        (1, 1, []),
        (1, 1.0, []),
        (1, True, ["- : 1", "+ : True"]),
        ({"a": 1}, {"b": 2}, ["- a: 1", "+ b: 2"]),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, ["- a.b[1]: 2", "+ a.b[1]: 3"]),
        ({"a": [1]}, {"a": [1, 2]}, ["- a: [1]", "+ a: [1, 2]"]),
        ([{"a": 1}], [{"a": 2}], ["- [0].a: 1", "+ [0].a: 2"]),
        ({"a": []}, {"a": {}}, ["- a: []", "+ a: {}"]),
    ],
)
def test_a_difference_is_a_line_for_each_place(
    expected: Any, actual: Any, lines: list[str]
) -> None:
    assert diff(expected, actual) == lines
