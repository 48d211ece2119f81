"""Which mutating policies are invoked, and how often: as the API server itself does.

The policies match ConfigMaps by labels of their own, so the control plane may be shared.
"""

import json
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import pytest

from tests.apiserver.reconciling import eventually
from tools.control_plane.run import ControlPlane
from webhook import yamldoc
from webhook.graph.cluster_facts import NO_FACTS
from webhook.policy import apply_request, load_policy_set, mutate_object, objects_from_file

ADMISSION = "/apis/admissionregistration.k8s.io/v1/"
PATHS = {
    "MutatingAdmissionPolicy": "mutatingadmissionpolicies",
    "MutatingAdmissionPolicyBinding": "mutatingadmissionpolicybindings",
}
LABEL = "mutation-case"

COUNT = (
    '[JSONPatch{op: "add", path: "/data/n", '
    'value: "x" + (has(object.data.n) ? object.data.n : "")}]'
)
ADD_SEEN = '[JSONPatch{op: "add", path: "/metadata/labels/seen", value: "yes"}]'
ADD_FIRST = '[JSONPatch{op: "add", path: "/metadata/labels/first", value: "yes"}]'
REMOVE_FIRST = '[JSONPatch{op: "remove", path: "/metadata/labels/first"}]'

Invoked = tuple[str, str, dict[str, str], str, int]
"""A policy's patch, reinvocationPolicy, further labels that it selects by, matchCondition, and the
number of its bindings."""

CASES: dict[str, tuple[dict[str, str], list[Invoked]]] = {
    "selected-by-what-is-added": (
        {},
        [
            (ADD_FIRST, "IfNeeded", {}, "true", 1),
            (ADD_SEEN, "IfNeeded", {"first": "yes"}, "true", 1),
        ],
    ),
    "selected-by-what-is-removed": (
        {"first": "yes"},
        [
            (REMOVE_FIRST, "Never", {}, "true", 1),
            (ADD_SEEN, "Never", {"first": "yes"}, "true", 1),
        ],
    ),
    "once": ({}, [(COUNT, "Never", {}, "true", 1)]),
    "again": ({}, [(COUNT, "IfNeeded", {}, "true", 1)]),
    "the-first-again": ({}, [(COUNT, "IfNeeded", {}, "true", 1), (COUNT, "Never", {}, "true", 1)]),
    "the-last-again": ({}, [(COUNT, "Never", {}, "true", 1), (COUNT, "IfNeeded", {}, "true", 1)]),
    "both-again": ({}, [(COUNT, "IfNeeded", {}, "true", 1)] * 2),
    "two-bindings": ({}, [(COUNT, "Never", {}, "true", 2)]),
    "two-bindings-again": ({}, [(COUNT, "IfNeeded", {}, "true", 2)]),
    "condition-of-the-first-time": ({}, [(COUNT, "IfNeeded", {}, "!has(object.data.n)", 1)]),
    "condition-that-holds-later": (
        {},
        [
            (ADD_SEEN, "IfNeeded", {}, "has(object.data.n)", 1),
            (COUNT, "Never", {}, "true", 1),
        ],
    ),
}


def policies_of(case: str, *, backwards: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the policies and bindings of a case, with names in their order or against it."""
    policies = CASES[case][1]
    for number, (patch, reinvocation, labels, condition, bindings) in enumerate(policies):
        name = f"{case}-{len(policies) - number if backwards else number}"
        rule = {
            "apiGroups": [""],
            "apiVersions": ["v1"],
            "operations": ["CREATE"],
            "resources": ["configmaps"],
        }
        yield {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": {
                "matchConstraints": {
                    "resourceRules": [rule],
                    "objectSelector": {"matchLabels": {LABEL: case, **labels}},
                },
                "matchConditions": [{"name": "c", "expression": condition}],
                "reinvocationPolicy": reinvocation,
                "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": patch}}],
            },
        }
        for binding in range(bindings):
            yield {
                "apiVersion": "admissionregistration.k8s.io/v1",
                "kind": "MutatingAdmissionPolicyBinding",
                "metadata": {"name": f"{name}-{binding}"},
                "spec": {"policyName": name},
            }


@pytest.fixture
def in_force(control_plane: ControlPlane) -> Iterator[None]:
    """All policies of all cases."""
    made = [each for case in CASES for each in policies_of(case)]
    for value in made:
        answer = control_plane.request("POST", ADMISSION + PATHS[value["kind"]], value)
        assert answer.status == 201, answer.body
    yield
    for value in made:
        path = f"{ADMISSION}{PATHS[value['kind']]}/{value['metadata']['name']}"
        control_plane.request("DELETE", path)


def test_policies_are_invoked_as_the_api_server_does(
    control_plane: ControlPlane, namespace: str, in_force: None
) -> None:
    """Also a second time, when it has all of them; in whatever order it takes two policies."""
    for _ in range(2):
        for case, (labels, _policies) in CASES.items():
            config_map = {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {
                    "name": case,
                    "namespace": namespace,
                    "labels": {LABEL: case, **labels},
                },
                "data": {"a": "b"},
            }
            ours = [
                _mutated(config_map, policies_of(case, backwards=backwards))
                for backwards in (False, True)
            ]
            eventually(partial(_other_answer, control_plane, config_map, ours), None, case)


def _mutated(config_map: dict[str, Any], objects: Iterable[dict[str, Any]]) -> object:
    """Return the labels and the data that an object gets of policies: ours go by their names."""
    text = "\n---\n".join(map(json.dumps, objects))
    policies = load_policy_set(objects_from_file("policies.yaml", yamldoc.read(text)))
    assert policies.problems == ()
    mutated = mutate_object(policies, apply_request(config_map), NO_FACTS).object
    return mutated["metadata"]["labels"], mutated["data"]


def _other_answer(plane: ControlPlane, config_map: dict[str, Any], ours: list[object]) -> object:
    """Return what the object would get there, without its being made; None if it is one of ours."""
    path = f"/api/v1/namespaces/{config_map['metadata']['namespace']}/configmaps?dryRun=All"
    answer = plane.request("POST", path, config_map)
    created = answer.body.get("metadata", {}).get("labels"), answer.body.get("data")
    return None if created in ours else created
