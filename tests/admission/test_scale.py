"""`kubectl scale`: the Scale of a SeldonDeployment before rules, policies and exceptions."""

import json
import pathlib
from typing import Any

import pytest

from tests.policy.documents import binding_text, load_texts, policy_text
from webhook import yamldoc
from webhook.admission.handler import Endpoint, handle_review
from webhook.engine.policy_context import PolicyContext
from webhook.graph.cluster_facts import NO_FACTS
from webhook.policy import PolicySet, load_policy_set, objects_from_file
from webhook.settings.model import read_settings

LIBRARY = pathlib.Path(__file__).parents[2] / "policies" / "library"
SETTINGS = read_settings()
SCALES = """\
  matchConstraints:
    resourceRules:
    - apiGroups: [machinelearning.seldon.io]
      apiVersions: ["*"]
      operations: [UPDATE]
      resources: [seldondeployments/scale]
"""


def scale(replicas: Any) -> dict[str, Any]:
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "iris", "namespace": "models", "uid": "u", "resourceVersion": "7"},
        "spec": {"replicas": replicas},
        "status": {"replicas": 1, "selector": "app=iris"},
    }


def answer(
    new: Any, old: Any, policies: PolicySet | None = None, endpoint: Endpoint = "validate"
) -> dict[str, Any]:
    """Return the response to the review that an API server sends for an update of /scale."""
    group = {"group": "machinelearning.seldon.io", "version": "v1"}
    body = {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "0b4f-1",
            "kind": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
            "resource": {**group, "resource": "seldondeployments"},
            "subResource": "scale",
            "namespace": "models",
            "name": "iris",
            "operation": "UPDATE",
            "object": new,
            "oldObject": old,
        },
    }
    context = None if policies is None else PolicyContext(policies, 0)
    result = handle_review(
        json.dumps(body).encode(),
        endpoint,
        SETTINGS,
        NO_FACTS,
        context,
    )
    response: dict[str, Any] = json.loads(result.body)["response"]
    return response


def library(name: str) -> PolicySet:
    text = (LIBRARY / name / "policy.yaml").read_text(encoding="utf-8")
    return load_policy_set(objects_from_file("policy.yaml", yamldoc.read(text)))


@pytest.mark.parametrize("endpoint", ["mutate", "validate"])
def test_a_scale_is_allowed_as_it_is(endpoint: Endpoint) -> None:
    assert answer(scale(5), scale(1), endpoint=endpoint) == {"uid": "0b4f-1", "allowed": True}


def test_a_rule_on_replicas_denies_the_scale_at_its_number() -> None:
    response = answer(scale(-1), scale(1))
    assert response["allowed"] is False
    assert response["status"]["details"]["causes"][0]["field"] == "spec.replicas"
    assert "[negative-replicas]" in response["status"]["message"]


def test_a_policy_of_the_library_denies_500_replicas() -> None:
    response = answer(scale(500), scale(1), library("replicas-bounded"))
    assert response["allowed"] is False
    assert "[policy/replicas-bounded/0]" in response["status"]["message"]
    assert answer(scale(20), scale(1), library("replicas-bounded"))["allowed"] is True


def test_a_number_that_was_too_large_before_warns_and_a_larger_one_denies() -> None:
    policies = library("replicas-bounded")
    same = answer(scale(500), scale(500), policies)
    assert (same["allowed"], len(same["warnings"])) == (True, 1)
    assert answer(scale(501), scale(500), policies)["allowed"] is False


def test_a_policy_sees_the_scale_before() -> None:
    policies = load_texts(
        policy_text(
            "- expression: object.spec.replicas <= oldObject.spec.replicas * 2\n",
            match_constraints=SCALES,
        ),
        binding_text(),
    )
    assert answer(scale(4), scale(2), policies)["allowed"] is True
    assert answer(scale(5), scale(2), policies)["allowed"] is False


def test_request_says_what_it_is_about_as_in_the_api_server() -> None:
    said = (
        "[request.kind.group, request.kind.kind, request.resource.group, request.subResource]"
        " == ['autoscaling', 'Scale', 'machinelearning.seldon.io', 'scale']"
    )
    policies = load_texts(
        policy_text(f'- expression: "{said}"\n', match_constraints=SCALES), binding_text()
    )
    assert answer(scale(1), scale(1), policies)["allowed"] is True


def test_a_policy_for_deployments_alone_is_not_asked() -> None:
    policies = load_texts(policy_text("- expression: 'false'\n"), binding_text())
    assert answer(scale(1), scale(1), policies)["allowed"] is True


def test_an_exception_holds_for_the_scale_of_its_object() -> None:
    exception = """\
apiVersion: graphgate.io/v1alpha1
kind: PolicyException
metadata: {name: burst}
spec:
  reason: a load test
  expiresAt: "2999-01-01T00:00:00Z"
  match: {names: [iris]}
  exempt: {policies: [replicas-bounded]}
"""
    text = (LIBRARY / "replicas-bounded" / "policy.yaml").read_text(encoding="utf-8")
    assert answer(scale(500), scale(1), load_texts(text, exception))["allowed"] is True


@pytest.mark.parametrize(
    "value", [None, [], "text", {}, {"spec": None}, {"spec": {"replicas": []}}]
)
def test_what_is_no_scale_gets_an_answer(value: Any) -> None:
    assert "allowed" in answer(value, value, library("replicas-bounded"))
