"""What is denied because nothing satisfies it, no scheduler places; all else it places."""

import json
from typing import Any

import pytest

from tests import patience
from tests.documents_of import with_pod
from tools.control_plane.run import ControlPlane
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import NO_FACTS
from webhook.settings.model import read_settings

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
HOST = "kubernetes.io/hostname"
TERM: dict[str, Any] = {"topologyKey": HOST}
ON_A_HOST = {"matchExpressions": [{"key": HOST, "operator": "Exists"}]}
SPREAD = {"maxSkew": 1, "topologyKey": HOST, "whenUnsatisfiable": "DoNotSchedule"}


def nodes(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": list(terms)}}}}


PODS: dict[str, tuple[dict[str, Any], bool]] = {
    "beside-no-pod": ({"affinity": {"podAffinity": {REQUIRED: [TERM]}}}, False),
    "beside-any-pod": (
        {"affinity": {"podAffinity": {REQUIRED: [{**TERM, "labelSelector": {}}]}}},
        True,
    ),
    "apart-from-no-pod": ({"affinity": {"podAntiAffinity": {REQUIRED: [TERM]}}}, True),
    "on-no-node": (nodes({}), False),
    "on-a-node": (nodes({}, ON_A_HOST), True),
    "spread-over-no-pods": ({"topologySpreadConstraints": [SPREAD]}, True),
}
"""Fields of pods by the name of a case, and whether a pod with them is placed."""


@pytest.fixture(scope="module")
def nodes_with_names(control_plane: ControlPlane) -> ControlPlane:
    control_plane.start_nodes(1)
    control_plane.kubectl("label", "node", "node-0", f"{HOST}=node-0", "--overwrite")
    return control_plane


@pytest.mark.parametrize(("fields", "is_placed"), PODS.values(), ids=PODS)
def test_a_pod_is_denied_where_no_scheduler_places_it(
    nodes_with_names: ControlPlane, namespace: str, fields: dict[str, Any], is_placed: bool
) -> None:
    container = {"name": "classifier", "image": "registry.example/iris:1"}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "case", "labels": {"app": "iris"}},
        "spec": {"containers": [container], **fields},
    }
    kubectl = nodes_with_names.kubectl
    kubectl("-n", namespace, "create", "-f", "-", input=json.dumps(pod))
    condition = f"--for=condition=PodScheduled={str(is_placed).lower()}"
    kubectl("-n", namespace, "wait", "pod/case", condition, f"--timeout={patience.SECONDS:.0f}s")

    document = with_pod(containers=[container], **fields)
    decision = evaluate(document, read_settings(), NO_FACTS)
    assert [each.rule_id for each in decision.denials] == (
        [] if is_placed else ["unsatisfiable-affinity"]
    )
