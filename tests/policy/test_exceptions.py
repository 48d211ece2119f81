"""Exceptions: who is exempt from what, until when."""

import pathlib
from typing import Any

import jsonschema
import pytest
import yaml

from tests.policy.documents import loaded
from webhook.graph.finding import Finding
from webhook.graph.path import ROOT
from webhook.policy import exempt
from webhook.policy.listing import exception_rows

CRD = pathlib.Path(__file__).parents[2] / "manifests" / "crd" / "policyexceptions.yaml"


def exception(**spec: Any) -> dict[str, Any]:
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


def found(rule: str) -> Finding:
    return Finding(ROOT, "a fact", rule=rule)


def told(
    value: dict[str, Any], rule: str, now: str | int = "2026-06-01T00:00:00Z", name: str = "wines"
) -> str:
    """Return what becomes of a finding: kept, exempted or expired."""
    policies = loaded(yaml.safe_dump(value))
    assert policies.problems == ()
    result = exempt([found(rule)], policies.exceptions, now, namespace="models", name=name)
    if result.exempted:
        assert result.exempted[0].exception.reason == "ML-1042"
        return "exempted"
    return "expired" if result.expired else "kept"


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
    assert told(exception(**spec), rule) == outcome


def test_the_time_may_be_seconds() -> None:
    assert told(exception(), "policy/gpu/0", 1_780_000_000) == "exempted"
    assert told(exception(), "policy/gpu/0", 1_900_000_000) == "expired"


@pytest.mark.parametrize(
    ("spec", "facts"),
    [
        ({"reason": ""}, ["spec.reason is missing: say why, for who reads it later"]),
        ({"expiresAt": None}, ["spec.expiresAt is missing: every exception ends"]),
        ({"expiresAt": "tomorrow"}, ['spec.expiresAt: "tomorrow" is no RFC 3339 timestamp']),
        (
            {"exempt": {}},
            ["spec.exempt names nothing: one of policies, rules, podSecurity is needed"],
        ),
        (
            {"exempt": {"policy": ["a"]}},
            [
                'unknown field "policy"; did you mean "policies"?',
                "spec.exempt names nothing: one of policies, rules, podSecurity is needed",
            ],
        ),
        ({"match": {"names": "a"}}, ["spec.match.names is no list of words"]),
        ({"until": 1}, ['unknown field "until"; known are reason, expiresAt, match, exempt']),
    ],
)
def test_a_faulty_exception_is_no_exception(spec: dict[str, Any], facts: list[str]) -> None:
    policies = loaded(yaml.safe_dump(exception(**spec)))
    assert policies.exceptions == ()
    assert [problem.fact for problem in policies.problems] == facts


def test_they_are_listed_by_their_end() -> None:
    first = exception(expiresAt="2026-01-01T00:00:00Z", match={"names": ["a"]})
    second = {**exception(), "metadata": {"name": "f"}}
    policies = loaded(yaml.safe_dump_all([second, first]))
    rows = exception_rows(policies, "2026-06-01T00:00:00Z")
    assert [(r.name, r.objects, r.exempt, r.until, r.state) for r in rows] == [
        ("system/e", "a in any namespace", "gpu", "2026-01-01T00:00:00Z", "expired"),
        ("f", "any name in any namespace", "gpu", "2027-01-01T00:00:00Z", "active"),
    ]


def test_the_crd_takes_what_is_loaded_here() -> None:
    crd = yaml.safe_load(CRD.read_text(encoding="utf-8"))
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    judge = jsonschema.Draft202012Validator(schema)
    assert [*judge.iter_errors(exception(match={"names": ["a"], "namespaces": ["b"]}))] == []
    assert [*judge.iter_errors(exception(reason=""))] != []
    without_end = exception()
    del without_end["spec"]["expiresAt"]
    assert [*judge.iter_errors(without_end)] != []
