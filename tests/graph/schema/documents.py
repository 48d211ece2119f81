"""Documents that the schema takes, and ways to break them."""

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from webhook.graph.path import ROOT, Path, resolve_path

CHAIN: dict[str, Any] = {
    "apiVersion": "machinelearning.seldon.io/v1alpha2",
    "kind": "SeldonDeployment",
    "metadata": {"name": "chain"},
    "spec": {
        "name": "chain",
        "predictors": [
            {
                "name": "main",
                "replicas": 1,
                "componentSpecs": [
                    {
                        "spec": {
                            "containers": [
                                {"name": "clean", "image": "example/clean:1"},
                                {
                                    "name": "score",
                                    "image": "example/score:1",
                                    "securityContext": {"runAsUser": 1000},
                                },
                            ]
                        }
                    }
                ],
                "graph": {
                    "name": "clean",
                    "type": "TRANSFORMER",
                    "endpoint": {"type": "REST"},
                    "children": [
                        {
                            "name": "score",
                            "type": "MODEL",
                            "endpoint": {"type": "REST"},
                            "children": [],
                        }
                    ],
                },
            }
        ],
    },
}
"""Two steps in two containers of one pod."""

EVERYTHING: dict[str, Any] = {
    "apiVersion": "machinelearning.seldon.io/v1",
    "kind": "SeldonDeployment",
    "metadata": {
        "name": "everything",
        "namespace": "models",
        "labels": {"team": "fraud"},
        "annotations": {"example.org/a": "b"},
        "creationTimestamp": None,
        "managedFields": [
            {
                "manager": "kubectl",
                "operation": "Apply",
                "apiVersion": "machinelearning.seldon.io/v1",
                "time": "2026-01-01T00:00:00Z",
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:spec": {"f:predictors": {}}},
            }
        ],
    },
    "spec": {
        "annotations": {"seldon.io/engine-separate-pod": "true"},
        "protocol": "v2",
        "transport": "rest",
        "serverType": "rpc",
        "replicas": 2,
        "oauth_key": "",
        "oauth_secret": None,
        "predictors": [
            {
                "name": "main",
                "traffic": 90,
                "shadow": False,
                "replicas": None,
                "labels": {"version": "main"},
                "annotations": {},
                "progressDeadlineSeconds": 600,
                "engineResources": {},
                "ssl": {"certSecretName": "tls"},
                "svcOrchSpec": {
                    "replicas": 1,
                    "resources": {"requests": {"cpu": 0.5, "memory": "512Mi"}},
                    "env": [
                        {"name": "A", "value": "1"},
                        {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                    ],
                },
                "explainer": {
                    "type": "AnchorTabular",
                    "modelUri": "gs://bucket/explainer",
                    "containerSpec": {"name": "explainer"},
                    "config": {"threshold": "0.5"},
                    "endpoint": None,
                    "initParameters": "{}",
                },
                "componentSpecs": [
                    {
                        "metadata": {"name": "a", "creationTimestamp": None, "clusterName": ""},
                        "replicas": 1,
                        "hpaSpec": {
                            "minReplicas": 1,
                            "maxReplicas": 3,
                            "metrics": [
                                {
                                    "type": "Resource",
                                    "resource": {"name": "cpu", "targetAverageUtilization": 70},
                                },
                                {
                                    "type": "Object",
                                    "object": {
                                        "metricName": "m",
                                        "target": {"kind": "Service", "name": "s"},
                                        "targetValue": "10k",
                                    },
                                },
                                {
                                    "type": "Pods",
                                    "pods": {"metricName": "m", "targetAverageValue": 1.5},
                                },
                                {
                                    "type": "External",
                                    "external": {
                                        "metricName": "m",
                                        "metricSelector": {"matchLabels": {"q": "x"}},
                                    },
                                },
                            ],
                            "metricsv2": [
                                {
                                    "type": "Resource",
                                    "resource": {
                                        "name": "cpu",
                                        "target": {"type": "Utilization", "averageUtilization": 70},
                                    },
                                }
                            ],
                        },
                        "kedaSpec": {
                            "minReplicaCount": 0,
                            "maxReplicaCount": 4,
                            "pollingInterval": 10,
                            "cooldownPeriod": 60,
                            "idleReplicaCount": 0,
                            "advanced": {
                                "restoreToOriginalReplicaCount": True,
                                "horizontalPodAutoscalerConfig": {
                                    "behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}}
                                },
                                "scalingModifiers": {"formula": "a + b", "target": "2"},
                            },
                            "fallback": {"failureThreshold": 3, "replicas": 1},
                            "triggers": [
                                {
                                    "type": "kafka",
                                    "metadata": {"topic": "t"},
                                    "authenticationRef": {"name": "auth"},
                                }
                            ],
                        },
                        "pdbSpec": {"minAvailable": "50%", "maxUnavailable": 1},
                        "spec": {
                            "securityContext": {"runAsUser": 1000, "supplementalGroups": [1, 2]},
                            "tolerations": [{"key": "gpu", "operator": "Exists"}],
                            "volumes": [{"name": "v", "emptyDir": {}}],
                            "containers": [
                                {
                                    "name": "router",
                                    "image": "example/router:1",
                                    "args": ["--a", "b"],
                                    "ports": [{"containerPort": 9000, "protocol": "TCP"}],
                                    "livenessProbe": {"httpGet": {"port": "http", "path": "/"}},
                                    "readinessProbe": {"tcpSocket": {"port": 9000}},
                                    "resources": {"limits": {"cpu": 1, "nvidia.com/gpu": "1"}},
                                    "volumeMounts": [{"name": "v", "mountPath": "/v"}],
                                }
                            ],
                        },
                    }
                ],
                "graph": {
                    "name": "router",
                    "type": "ROUTER",
                    "methods": ["ROUTE", "SEND_FEEDBACK"],
                    "implementation": "UNKNOWN_IMPLEMENTATION",
                    "endpoint": {
                        "type": "REST",
                        "service_host": "localhost",
                        "service_port": 9000,
                        "httpPort": 9000,
                        "grpcPort": 9500,
                    },
                    "parameters": [{"name": "ratio", "value": "0.5", "type": "FLOAT"}],
                    "logger": {"url": "http://log", "mode": "all"},
                    "children": [
                        {
                            "name": "left",
                            "implementation": "SKLEARN_SERVER",
                            "modelUri": "gs://bucket/left",
                            "serviceAccountName": "s",
                            "envSecretRefName": "e",
                            "storageInitializerImage": "i",
                            "children": None,
                        },
                        {"name": "right", "children": [{"name": "below"}]},
                    ],
                },
            },
            {"name": "canary", "traffic": 10, "graph": {"name": "m"}, "componentSpecs": None},
        ],
    },
    "status": {
        "state": "Available",
        "replicas": 2,
        "address": {"url": "http://x"},
        "deploymentStatus": {"d": {"replicas": 1, "availableReplicas": 1}},
        "conditions": [{"type": "Ready", "status": "True"}],
        "predictorStatus": [{"name": "from an older version"}],
    },
}
"""Every field of Seldon's, defaults filled in, and what tools leave in a stored object."""

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**65), 2**65)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "MODEL", "1", "true", "a b"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["name", "type", "graph", "children", "x"]), inner, max_size=2
        )
    ),
    max_leaves=5,
)


def iter_paths(document: Any, path: Path = ROOT) -> Iterator[Path]:
    """Yield every place in a document, itself first."""
    yield path
    if isinstance(document, dict):
        for key, value in document.items():
            yield from iter_paths(value, path / key)
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from iter_paths(value, path / index)


@st.composite
def broken_documents(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    """Draw a copy of `document` with one to three places removed, replaced, added to, wrapped."""
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(
            st.sampled_from([field_path for field_path in iter_paths(document) if field_path])
        )
        parent = resolve_path(document, path.parent)
        match draw(st.sampled_from(["remove", "replace", "add", "list", "element"])):
            case "remove":
                del parent[path[-1]]
            case "replace":
                parent[path[-1]] = draw(JSON)
            case "add" if isinstance(parent, dict):
                parent[draw(st.sampled_from(["replica", "containers", "graph", "spec"]))] = draw(
                    JSON
                )
            case "list":
                parent[path[-1]] = [parent[path[-1]]]
            case "element" if isinstance(parent[path[-1]], list) and parent[path[-1]]:
                parent[path[-1]] = parent[path[-1]][0]
    return document
