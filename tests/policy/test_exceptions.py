"""Exceptions: who is exempt from what, until when."""

import pathlib
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
import yaml

from tests.policy.documents import load_texts
from webhook.graph.finding import Finding
from webhook.graph.finding_identity import finding_fingerprint
from webhook.graph.path import ROOT
from webhook.policy import apply_exceptions
from webhook.policy.exceptions import PolicyException, parse_time
from webhook.policy.inventory import ExceptionRow, list_exceptions

CRD = pathlib.Path(__file__).parents[2] / "manifests" / "crd" / "policyexceptions.yaml"


def make_exception(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "graphgate.io/v1alpha1",
        "kind": "PolicyException",
        "metadata": {"name": "e", "namespace": "system"},
        "spec": {
            "reason": "ML-1042",
            "expiresAt": "2027-01-01T00:00:00Z",
            "exempt": {"policies": ["gpu"]},
            **spec,
        },
    }


def make_finding(rule: str) -> Finding:
    return Finding(ROOT, "a fact", rule_id=rule)


def exemption_outcome(
    value: dict[str, Any], rule: str, now: str | int = "2026-06-01T00:00:00Z", name: str = "wines"
) -> str:
    """Return what becomes of a finding: kept, exempted or expired."""
    policies = load_texts(yaml.safe_dump(value))
    assert policies.problems == ()
    result = apply_exceptions(
        [make_finding(rule)], policies.exceptions, now, namespace="models", name=name
    )
    if result.exempted_findings:
        assert result.exempted_findings[0].exception.reason == "ML-1042"
        return "exempted"
    return "expired" if result.expired_exceptions else "kept"


@pytest.mark.parametrize(
    ("spec", "rule", "outcome"),
    [
        ({}, "policy/gpu/0", "exempted"),
        ({}, "policy/gpu/1", "exempted"),
        ({}, "policy/gpus/0", "kept"),
        ({"exempt": {"policies": ["gpu/1"]}}, "policy/gpu/0", "kept"),
        ({"exempt": {"policies": ["gpu/1"]}}, "policy/gpu/1", "exempted"),
        ({"exempt": {"policies": ["*"]}}, "policy/anything/0", "exempted"),
        ({"exempt": {"policies": ["*"]}}, "traffic-not-100", "kept"),
        ({"exempt": {"rules": ["traffic-not-100"]}}, "traffic-not-100", "exempted"),
        ({"exempt": {"podSecurity": ["runAsNonRoot"]}}, "pod-security/runAsNonRoot", "exempted"),
        ({"exempt": {"podSecurity": ["runAsNonRoot"]}}, "pod-security/privileged", "kept"),
        (
            {"exempt": {"rules": ["pod-security/runAsNonRoot"]}},
            "pod-security/runAsNonRoot",
            "exempted",
        ),
        ({"exempt": {"rules": ["pod-security/*"]}}, "pod-security/privileged", "exempted"),
        ({"exempt": {"podSecurity": ["*"]}}, "pod-security/privileged", "exempted"),
        ({"exempt": {"podSecurity": ["privileged"]}}, "privileged", "kept"),
        ({"exempt": {"podSecurity": ["*"]}}, "yaml/duplicate-key", "kept"),
        ({"exempt": {"rules": ["yaml/*"]}}, "yaml/duplicate-key", "exempted"),
        ({"exempt": {"policies": ["a"]}}, "policy/a", "exempted"),
        ({"exempt": {"policies": ["gpu/*"]}}, "policy/gpu/7", "exempted"),
        ({"match": {"namespaces": ["mod*"], "names": ["wines"]}}, "policy/gpu/0", "exempted"),
        ({"match": {"namespaces": ["models"], "names": ["beers"]}}, "policy/gpu/0", "kept"),
        ({"match": {"namespaces": ["models"]}}, "policy/gpu/0", "exempted"),
        ({"match": {"namespaces": ["shop"]}}, "policy/gpu/0", "kept"),
        ({"match": {"names": ["wi*"]}}, "policy/gpu/0", "exempted"),
        ({"match": {"names": ["wi?es", "w[i]nes"]}}, "policy/gpu/0", "kept"),
        ({"expiresAt": "2026-06-01T00:00:00Z"}, "policy/gpu/0", "expired"),
        ({"expiresAt": "2026-06-01T02:00:00+02:00"}, "policy/gpu/0", "expired"),
        ({"expiresAt": "2026-06-01T00:00:01Z"}, "policy/gpu/0", "exempted"),
    ],
)
def test_an_exception_covers_what_it_names(spec: dict[str, Any], rule: str, outcome: str) -> None:
    assert exemption_outcome(make_exception(**spec), rule) == outcome


def test_the_time_may_be_seconds() -> None:
    assert exemption_outcome(make_exception(), "policy/gpu/0", 1_780_000_000) == "exempted"
    assert exemption_outcome(make_exception(), "policy/gpu/0", 1_900_000_000) == "expired"


@pytest.mark.parametrize(
    ("spec", "facts"),
    [
        ({"reason": ""}, ["spec.reason is missing: explain why the exception exists"]),
        ({"expiresAt": None}, ["spec.expiresAt is missing: every exception must expire"]),
        ({"expiresAt": "tomorrow"}, ['spec.expiresAt: "tomorrow" is not an RFC 3339 timestamp']),
        (
            {"exempt": {}},
            [
                "spec.exempt is empty: at least one of policies, rules, podSecurity, findings "
                "is needed"
            ],
        ),
        (
            {"exempt": {"policy": ["a"]}},
            [
                'unknown field "policy"; did you mean "policies"?',
            ],
        ),
        ({"match": {"names": "a"}}, ["spec.match.names must be a list of non-empty strings"]),
        (
            {
                "expiresAt": "never",
                "match": {"names": [1], "namespace": ["a"]},
                "exempt": {
                    "rules": ["trafic-not-100"],
                    "podSecurity": ["runAsRoot", "traffic-not-100"],
                    "findings": [
                        {"rules": "a", "fingerprint": "b"},
                        "c",
                        {"rule": "policy/any/0", "fingerprint": "d"},
                        {"rule": "missing-imagee", "fingerprint": "e"},
                        {"rule": "nothing-like-it", "fingerprint": "f"},
                    ],
                },
            },
            [
                'unknown field "rules"; did you mean "rule"?',
                "spec.exempt.findings[1] must be a mapping with rule and fingerprint",
                'unknown rule "missing-imagee"; did you mean "missing-image"?',
                'unknown rule "nothing-like-it"',
                'unknown check "runAsRoot"; did you mean "runAsUser"?',
                'unknown check "traffic-not-100"',
                'unknown rule "trafic-not-100"; did you mean "traffic-not-100"?',
                'spec.expiresAt: "never" is not an RFC 3339 timestamp',
                "spec.match.names must be a list of non-empty strings",
                'unknown field "namespace"; did you mean "namespaces"?',
            ],
        ),
        ({"until": 1}, ['unknown field "until"; allowed: reason, expiresAt, match, exempt']),
        ({"reason": "  "}, ["spec.reason is missing: explain why the exception exists"]),
        ({"reason": 1}, ["spec.reason is missing: explain why the exception exists"]),
        ({"match": []}, ["spec.match must be a mapping"]),
        (
            {"match": {"namespaces": [""]}},
            ["spec.match.namespaces must be a list of non-empty strings"],
        ),
        (
            {"match": {"name": ["a"]}},
            ['unknown field "name"; did you mean "names"?'],
        ),
        ({"exempt": []}, ["spec.exempt must be a mapping"]),
        (
            {"exempt": {"rules": "missing-image"}},
            ["spec.exempt.rules must be a list of non-empty strings"],
        ),
        (
            {"exempt": {"policies": [1]}},
            ["spec.exempt.policies must be a list of non-empty strings"],
        ),
        ({"exempt": {"findings": {"a": 1}}}, ["spec.exempt.findings must be a list of findings"]),
        (
            {"exempt": {"findings": ["a"]}},
            ["spec.exempt.findings[0] must be a mapping with rule and fingerprint"],
        ),
        (
            {"exempt": {"findings": [{"rule": "missing-image", "fingerprint": "a"}, {"rul": "a"}]}},
            [
                "spec.exempt.findings[1].fingerprint is missing",
                'unknown field "rul"; did you mean "rule"?',
            ],
        ),
    ],
)
def test_a_faulty_exception_is_no_exception(spec: dict[str, Any], facts: list[str]) -> None:
    policies = load_texts(yaml.safe_dump(make_exception(**spec)))
    assert policies.exceptions == ()
    assert [problem.message for problem in policies.problems] == facts


def test_they_are_listed_by_their_end() -> None:
    first = make_exception(expiresAt="2026-01-01T00:00:00Z", match={"names": ["a"]})
    second = {**make_exception(), "metadata": {"name": "f"}}
    policies = load_texts(yaml.safe_dump_all([second, first]))
    rows = list_exceptions(policies, "2026-06-01T00:00:00Z")
    assert [(r.name, r.objects, r.exemptions, r.expires_at, r.state) for r in rows] == [
        ("system/e", "a in any namespace", "gpu", "2026-01-01T00:00:00Z", "expired"),
        ("f", "any name in any namespace", "gpu", "2027-01-01T00:00:00Z", "active"),
    ]


def test_the_crd_takes_what_is_loaded_here() -> None:
    crd = yaml.safe_load(CRD.read_text(encoding="utf-8"))
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    judge = jsonschema.Draft202012Validator(schema)
    assert [*judge.iter_errors(make_exception(match={"names": ["a"], "namespaces": ["b"]}))] == []
    assert [*judge.iter_errors(make_exception(reason=""))] != []
    without_end = make_exception()
    del without_end["spec"]["expiresAt"]
    assert [*judge.iter_errors(without_end)] != []


@pytest.mark.parametrize(
    ("changed", "facts"),
    [
        ({"metadata": {}}, ["metadata.name is missing"]),
        ({"metadata": {"name": 1}}, ["metadata.name is missing"]),
        ({"metadata": {}, "spec": None}, ["metadata.name is missing", "spec is missing"]),
        ({"spec": []}, ["spec must be a mapping"]),
    ],
)
def test_an_exception_has_a_name_and_a_spec(changed: dict[str, Any], facts: list[str]) -> None:
    problems = load_texts(yaml.safe_dump({**make_exception(), **changed})).problems
    assert [problem.message for problem in problems] == facts


def test_a_problem_of_an_exception_has_its_place() -> None:
    """Line and column of the word, the list or the field that is wrong."""
    text = """\
apiVersion: graphgate.io/v1alpha1
kind: PolicyException
metadata: {name: e}
spec:
  reason: r
  expiresAt: soon
  match:
    names: a
  exempt:
    rules:
    - missing-image
    - missing-imag
    findings:
    - fingerprint: a
"""
    assert [(p.line, p.column, p.name) for p in load_texts(text).problems] == [
        (6, 14, "e"),
        (8, 12, "e"),
        (12, 7, "e"),
        (14, 7, "e"),
    ]


def image_finding(image: str) -> tuple[dict[str, Any], Finding]:
    """Return an object and a finding about its one image."""
    return {"image": image}, Finding(ROOT / "image", "a fact", rule_id="missing-image")


def test_an_exception_of_one_fault_ends_when_its_value_changes() -> None:
    document, finding = image_finding("a:1")
    fingerprint = finding_fingerprint(finding, document)
    exempt = {"findings": [{"rule": "missing-image", "fingerprint": fingerprint}]}
    policies = load_texts(yaml.safe_dump(make_exception(exempt=exempt)))
    assert policies.problems == ()

    def kept(finding: Finding, document: Any) -> int:
        result = apply_exceptions(
            [finding], policies.exceptions, 0, namespace="models", name="wines", document=document
        )
        return len(result.kept)

    assert kept(finding, document) == 0
    assert kept(finding, {"image": "a:2"}) == 1
    assert kept(replace(finding, rule_id="no-latest-image"), document) == 1
    assert kept(replace(finding, incomplete=True), document) == 1


def test_an_exception_in_force_wins_over_one_that_has_expired() -> None:
    over = make_exception(expiresAt="2020-01-01T00:00:00Z")
    other = {**make_exception(), "metadata": {"name": "f"}}
    policies = load_texts(yaml.safe_dump_all([over, other]))
    finding = make_finding("policy/gpu/0")

    result = apply_exceptions(
        [finding, make_finding("traffic-not-100")],
        policies.exceptions,
        "2026-06-01T00:00:00Z",
        namespace="models",
        name="wines",
    )

    assert [each.exception.name for each in result.exempted_findings] == ["f"]
    assert (result.kept, result.expired_exceptions) == ((make_finding("traffic-not-100"),), ())


def test_an_exception_that_has_expired_is_told_once() -> None:
    policies = load_texts(yaml.safe_dump(make_exception(expiresAt="2020-01-01T00:00:00Z")))
    findings = (make_finding("policy/gpu/0"), make_finding("policy/gpu/1"))

    result = apply_exceptions(
        findings, policies.exceptions, 1_780_000_000, namespace="models", name="wines"
    )

    assert result.kept == findings
    assert [exception.name for exception in result.expired_exceptions] == ["e"]


def test_a_time_is_rfc_3339() -> None:
    assert parse_time("1970-01-01T00:00:07Z") == parse_time(7)
    with pytest.raises(ValueError, match="not an RFC 3339 timestamp"):
        parse_time("tomorrow")


def test_an_exception_is_read_whole() -> None:
    spec = {
        "reason": " tracked ",
        "match": {"namespaces": ["shop"], "names": ["m"]},
        "exempt": {
            "policies": ["a"],
            "rules": ["missing-image"],
            "podSecurity": ["privileged"],
            "findings": [{"rule": "missing-image", "path": "spec", "fingerprint": "f"}],
        },
    }
    policies = load_texts(yaml.safe_dump(make_exception(**spec)), file="e.yaml")
    assert policies.problems == ()
    (exception,) = policies.exceptions
    assert exception == PolicyException(
        name="e",
        namespace="system",
        reason="tracked",
        expires_at="2027-01-01T00:00:00Z",
        policies=("a",),
        rules=("missing-image",),
        pod_security_checks=("privileged",),
        namespaces=("shop",),
        names=("m",),
        findings=frozenset({("missing-image", "f")}),
        file="e.yaml",
        line=1,
    )
    (row,) = list_exceptions(load_texts(yaml.safe_dump(make_exception(**spec))), 0)
    assert row == ExceptionRow(
        "system/e",
        "m in shop",
        "a, missing-image, pod-security/privileged, 1 finding of missing-image",
        "2027-01-01T00:00:00Z",
        "active",
        "tracked",
    )
