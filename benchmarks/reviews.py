"""The reviews that are sent, and the manifests that `check` reads: made here, always the same.

Both are valid, as nearly all that an API server sends is; every rule runs to its end on them.
"""

from typing import Any

import orjson

# How many predictors, and nodes (with a container each) in each of them.
SMALL = (1, 3)  # 4 KB, a common deployment
LARGE = (5, 37)  # 208 KB, as large as they were seen


def review(shape: tuple[int, int], name: str = "iris", user: int | None = None) -> bytes:
    """Return an AdmissionReview of a deployment of that shape and name.

    user  what its pods run as; None: not said, as before /mutate
    """
    return orjson.dumps({
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": _kind("kind", "SeldonDeployment"),
            "resource": _kind("resource", "seldondeployments"),
            "requestKind": _kind("kind", "SeldonDeployment"),
            "requestResource": _kind("resource", "seldondeployments"),
            "name": name,
            "namespace": "models",
            "operation": "CREATE",
            "userInfo": {"username": "system:serviceaccount:argocd:controller", "groups": ["a"]},
            "object": deployment(shape, name, user),
            "oldObject": None,
            "dryRun": False,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    })  # fmt: skip


def deployment(
    shape: tuple[int, int], name: str = "iris", user: int | None = None
) -> dict[str, Any]:
    """Return a valid SeldonDeployment of that shape."""
    predictors, nodes = shape
    made: dict[str, Any] = {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {"name": name, "namespace": "models", "labels": {"app": name}},
        "spec": {
            "name": name,
            "predictors": [_predictor(n, predictors, nodes) for n in range(predictors)],
        },
    }
    if user is not None:
        for predictor in made["spec"]["predictors"]:
            predictor["componentSpecs"][0]["spec"]["securityContext"] = {"runAsUser": user}
    return made


def _kind(key: str, value: str) -> dict[str, str]:
    return {"group": "machinelearning.seldon.io", "version": "v1", key: value}


def _predictor(number: int, of: int, nodes: int) -> dict[str, Any]:
    names = [f"step-{node}" for node in range(nodes)]
    graph: dict[str, Any] = {"name": names[-1], "type": "MODEL", "children": []}
    for name in reversed(names[:-1]):
        graph = {
            "name": name,
            "type": "TRANSFORMER",
            "endpoint": {"type": "REST"},
            "parameters": [{"name": "threshold", "value": "0.5", "type": "FLOAT"}],
            "children": [graph],
        }
    return {
        "name": f"predictor-{number}",
        "replicas": 1,
        "traffic": 100 // of,
        "labels": {"version": str(number)},
        "componentSpecs": [
            {
                "spec": {
                    "containers": [_container(name, 9000 + n) for n, name in enumerate(names)],
                    "volumes": [{"name": "models", "emptyDir": {}}],
                }
            }
        ],
        "graph": graph,
    }


def _container(name: str, port: int) -> dict[str, Any]:
    return {
        "name": name,
        "image": f"registry.example/team/models/{name}:2.14.1",
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": f"SETTING_{n}", "value": f"value-{n}"} for n in range(12)],
        "ports": [{"containerPort": port, "name": "http", "protocol": "TCP"}],
        "resources": {
            "requests": {"cpu": "100m", "memory": "256Mi"},
            "limits": {"cpu": "1", "memory": "1Gi"},
        },
        "readinessProbe": {"tcpSocket": {"port": "http"}, "initialDelaySeconds": 10},
        "volumeMounts": [{"name": "models", "mountPath": "/mnt/models", "readOnly": True}],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
