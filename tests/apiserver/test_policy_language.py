"""CEL: the API server itself holds for true what graphgate's evaluator does.

The policies match two ConfigMaps by name and nothing else, so the control plane may be shared.
What whole policies say is compared in test_policies_three_ways.py.
"""

from typing import Any

import pytest

from tests import patience
from tests.cel.truths import TRUE_EXPRESSIONS
from tools.control_plane.access import ApiResponse
from tools.control_plane.run import ControlPlane
from tools.control_plane.waiting import wait_until

ADMISSION = "/apis/admissionregistration.k8s.io/v1/"
PATHS = {
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
}

TRUTHS = [text for text in TRUE_EXPRESSIONS.strip().splitlines() if "jsonpatch." not in text]
CHUNKS = [TRUTHS[start : start + 20] for start in range(0, len(TRUTHS), 20)]


@pytest.mark.parametrize("number", range(len(CHUNKS)))
def test_the_api_server_holds_the_same_for_true(
    control_plane: ControlPlane, namespace: str, number: int
) -> None:
    """Every function of the compatibility table gives the API server what it gives here."""
    plane, name = control_plane, f"truths-{number}"
    rules = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["configmaps"],
        "resourceNames": [name, f"{name}-probe"],
    }
    probe = f"object.metadata.name != '{name}-probe'"
    policy: dict[str, Any] = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {"resourceRules": [rules]},
            "validations": [{"expression": text} for text in (probe, *CHUNKS[number])],
        },
    }
    binding: dict[str, Any] = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    }
    try:
        for value in (policy, binding):
            answer = plane.request("POST", ADMISSION + PATHS[value["kind"]], value)
            assert answer.status == 201, answer.body
        wait_until(
            lambda: create(plane, namespace, f"{name}-probe").status == 422,
            what="the policy in effect",
            seconds=patience.SECONDS,
        )
        answer = create(plane, namespace, name)
        assert answer.status == 201, answer.body["message"]
    finally:
        for value in (policy, binding):
            plane.request("DELETE", f"{ADMISSION}{PATHS[value['kind']]}/{name}")


def create(plane: ControlPlane, namespace: str, name: str) -> ApiResponse:
    """Create a ConfigMap as a dry run."""
    path = f"/api/v1/namespaces/{namespace}/configmaps?dryRun=All"
    value = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    return plane.request("POST", path, value)
