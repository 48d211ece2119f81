"""Policies and exceptions of the cluster, followed with the rights that the chart gives."""

import json
import uuid

import pytest

from tests.apiserver.installed import eventually
from tests.apiserver.release import Release
from tests.documents_of import minimal, with_graph
from tests.seeds import ROOT

LABEL = {"graphgate.io/policy": "true"}
ADMISSION = "admissionregistration.k8s.io/v1"


@pytest.fixture
def release(control_plane, tmp_path):
    with Release(control_plane, tmp_path, f"graphgate-{uuid.uuid4().hex[:6]}") as prepared:
        control_plane.kubectl("apply", "-f", str(ROOT / "manifests/crd/policyexceptions.yaml"))
        yield prepared
        for kind in ("validatingadmissionpolicy", "validatingadmissionpolicybinding"):
            control_plane.kubectl("delete", kind, prepared.name, "--ignore-not-found")


def apply(release, *objects):
    for value in objects:
        release.plane.kubectl("apply", "-f", "-", input=json.dumps(value))


def exception(release, namespace):
    return {
        "apiVersion": "graphgate.io/v1alpha1",
        "kind": "PolicyException",
        "metadata": {"name": "for-now", "namespace": namespace, "labels": LABEL},
        "spec": {
            "reason": "the chart is mended on Friday",
            "expiresAt": "2999-01-01T00:00:00Z",
            "match": {"namespaces": [release.models]},
            "exempt": {"rules": ["missing-container"]},
        },
    }


def owned(release):
    """A policy for the objects of this release only, and its binding."""
    seldon = {
        "apiGroups": ["machinelearning.seldon.io"],
        "apiVersions": ["*"],
        "operations": ["CREATE"],
        "resources": ["seldondeployments"],
    }
    metadata = {"name": release.name, "labels": LABEL}
    owner = "has(object.metadata.labels) && 'owner' in object.metadata.labels"
    return (
        {
            "apiVersion": ADMISSION,
            "kind": "ValidatingAdmissionPolicy",
            "metadata": metadata,
            "spec": {
                "matchConstraints": {"resourceRules": [seldon]},
                "validations": [{"expression": owner, "message": "nobody owns it"}],
            },
        },
        {
            "apiVersion": ADMISSION,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": metadata,
            "spec": {
                "policyName": release.name,
                "validationActions": ["Deny"],
                "matchResources": {
                    "namespaceSelector": {"matchLabels": {"graphgate-release": release.name}}
                },
            },
        },
    )


def test_policies_and_exceptions_of_the_cluster_count(release):
    release.install("cluster.policySelector=graphgate.io/policy=true")
    pod = release.start_pod().wait_until_ready()
    release.wait_until_called()
    assert "[+] policies: 0 in force; 0 objects of the cluster" in pod.ready()[1]

    # Both faults in one answer: the rule's and the policy's.
    apply(release, *owned(release))

    def told():
        _, message = release.create(with_graph(name="clasifier"))
        rules = ("[missing-container]", f"[policy/{release.name}/0]")
        return all(rule in message for rule in rules) or message

    eventually(told, "the policy is in force")

    # An exception that somebody writes into a namespace of their own exempts nobody …
    apply(release, exception(release, release.models))
    apply(release, exception(release, release.name))

    # … one in graphgate's own does.
    def exempted():
        _, message = release.create(with_graph(name="clasifier"))
        return "[missing-container]" not in message or message

    eventually(exempted, "the exception is in force")
    release.kubectl("delete", "policyexception", "for-now")
    eventually(told, "the exception is gone, and that of the other namespace never counted")
    assert "policies: 1 in force, version " in pod.ready()[1]
    assert release.create(minimal())[0] == 403
    eventually(
        lambda: pod.events("admission_review")[-1]["policySetVersion"] in pod.ready()[1],
        "the log tells the version",
    )
