"""What was denied once, though a real API server takes it, is admitted (docs/soundness.md)."""

import pytest

from tests.documents_of import minimal, with_pod, with_predictor
from tests.soundness.judging import SETUPS, evaluate_document


def with_container(container, **pod):
    document = with_pod(**pod)
    spec = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
    spec["containers"][0].update(container)
    return document


def generated(start):
    document = minimal()
    document["metadata"] = {"generateName": start}
    return document


def with_preferred(operator, value):
    expression = {"key": "a", "operator": operator, "values": [value]}
    term = {"weight": 1, "preference": {"matchExpressions": [expression]}}
    return with_pod(
        affinity={"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [term]}}
    )


INIT = {"name": "i", "image": "registry.example/i:1"}
FILE = {"fileKeyRef": {"volumeName": "v", "path": "/a", "key": "A"}}
TAKEN = {
    "file": with_container(
        {"env": [{"name": "A", "valueFrom": FILE}]}, volumes=[{"name": "v", "emptyDir": {}}]
    ),
    "stop signal": with_pod(initContainers=[{**INIT, "lifecycle": {"stopSignal": "SIGTERM"}}]),
    "preferred number": with_preferred("Lt", "-1"),
    "preferred word": with_preferred("Gt", "x"),
    "host port": with_pod(
        hostNetwork=True,
        initContainers=[{**INIT, "ports": [{"containerPort": 80, "hostPort": 81}]}],
    ),
    "sysctls": with_pod(
        securityContext={"sysctls": [{"name": n, "value": "1"} for n in ("net.a.b", "net/a/b")]}
    ),
    "annotations of 256 KiB": with_predictor(annotations={"a": "x" * (256 * 1024 - 200)}),
    "long start": generated("a" * 252 + "-"),
    "hidden kind": with_pod(
        volumes=[
            {
                "name": "v",
                "projected": {
                    "sources": [
                        {
                            "secret": {"name": "a"},
                            "clusterTrustBundle": {"name": "b", "path": "c"},
                        }
                    ]
                },
            }
        ]
    ),
}


@pytest.mark.parametrize("name", TAKEN)
def test_it_is_admitted(name):
    assert evaluate_document(TAKEN[name], SETUPS[1]).denials == ()


def test_a_start_of_more_than_253_characters_is_denied():
    found = evaluate_document(generated("a" * 254), SETUPS[1]).denials
    assert found == ("deployment-name-not-a-service-name",)
