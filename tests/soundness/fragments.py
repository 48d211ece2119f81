"""Whole values for fields with an inside of their own: right by themselves, and what mutants start
from. Each is the smallest that the API server takes, or near it."""

from typing import Any

_HTTP = {"httpGet": {"path": "/health", "port": 9000}}
_SELECTOR = {"matchLabels": {"app": "iris"}}
_TERM = {"labelSelector": _SELECTOR, "topologyKey": "kubernetes.io/hostname"}
_EXPRESSION = {"key": "app", "operator": "In", "values": ["iris"]}
_NODES = {"matchExpressions": [{"key": "pool", "operator": "Exists"}]}
_RESOURCES = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}
_CPU = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}
_LAG = {"metric": {"name": "lag"}, "target": {"type": "AverageValue", "averageValue": "30"}}
_FRONT = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "front"}

POD: dict[str, tuple[Any, ...]] = {
    "affinity": (
        {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [_NODES]}
            }
        },
        {
            "nodeAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 1, "preference": _NODES}
                ]
            }
        },
        {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [_TERM]}},
        {
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 100, "podAffinityTerm": _TERM}
                ]
            }
        },
        {
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {**_TERM, "namespaces": ["shop"], "matchLabelKeys": ["version"]}
                ]
            }
        },
    ),
    "dnsConfig": (
        {
            "nameservers": ["10.0.0.10"],
            "searches": ["shop.local"],
            "options": [{"name": "ndots", "value": "2"}],
        },
    ),
    "hostAliases": ([{"ip": "10.0.0.1", "hostnames": ["models.local"]}],),
    "hostNetwork": (True, False),
    "hostPID": (True, False),
    "hostIPC": (True, False),
    "hostUsers": (True, False),
    "hostnameOverride": ("model",),
    "imagePullSecrets": ([{"name": "registry"}], [{"name": "a"}, {"name": "a"}]),
    "initContainers": (
        [{"name": "prepare", "image": "registry.example/prepare:1"}],
        [
            {
                "name": "beside",
                "image": "registry.example/beside:1",
                "restartPolicy": "Always",
                "readinessProbe": _HTTP,
            }
        ],
    ),
    "ephemeralContainers": ([{"name": "debug", "image": "registry.example/debug:1"}],),
    "nodeSelector": ({"pool": "models"},),
    "os": ({"name": "linux"}, {"name": "windows"}),
    "overhead": ({"cpu": "10m"},),
    "priorityClassName": ("system-cluster-critical",),
    "readinessGates": ([{"conditionType": "example.com/ready"}],),
    "resourceClaims": ([{"name": "gpu", "resourceClaimName": "gpus"}],),
    "resources": (_RESOURCES,),
    "runtimeClassName": ("gvisor",),
    "schedulingGates": ([{"name": "example.com/wait"}],),
    "securityContext": (
        {"runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000, "runAsNonRoot": True},
        {"seccompProfile": {"type": "Localhost", "localhostProfile": "a.json"}},
        {"sysctls": [{"name": "net.core.somaxconn", "value": "1024"}]},
        {"supplementalGroups": [1, 2], "fsGroupChangePolicy": "OnRootMismatch"},
        {"seLinuxOptions": {"level": "s0:c1"}, "appArmorProfile": {"type": "RuntimeDefault"}},
        {"windowsOptions": {"runAsUserName": "model"}},
    ),
    "subdomain": ("models",),
    "setHostnameAsFQDN": (True,),
    "tolerations": (
        [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
        [{"operator": "Exists"}],
        [{"key": "a", "value": "b", "effect": "NoExecute", "tolerationSeconds": 30}],
    ),
    "topologySpreadConstraints": (
        [
            {
                "maxSkew": 1,
                "topologyKey": "zone",
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": _SELECTOR,
            }
        ],
        [
            {
                "maxSkew": 1,
                "topologyKey": "zone",
                "whenUnsatisfiable": "DoNotSchedule",
                "minDomains": 2,
                "nodeAffinityPolicy": "Honor",
                "nodeTaintsPolicy": "Ignore",
                "labelSelector": _SELECTOR,
                "matchLabelKeys": ["pod-template-hash"],
            }
        ],
    ),
    "volumes": (
        [{"name": "data", "emptyDir": {}}],
        [{"name": "data", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}],
        [{"name": "data", "secret": {"secretName": "s", "defaultMode": 256}}],
        [{"name": "data", "configMap": {"name": "c", "items": [{"key": "a", "path": "b"}]}}],
        [{"name": "data", "persistentVolumeClaim": {"claimName": "claim", "readOnly": True}}],
        [{"name": "data", "hostPath": {"path": "/data", "type": "Directory"}}],
        [{"name": "data", "nfs": {"server": "nfs.local", "path": "/models"}}],
        [
            {
                "name": "data",
                "downwardAPI": {
                    "items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]
                },
            }
        ],
        [
            {
                "name": "data",
                "projected": {
                    "sources": [
                        {
                            "serviceAccountToken": {
                                "path": "token",
                                "expirationSeconds": 3600,
                                "audience": "vault",
                            }
                        },
                        {"configMap": {"name": "c"}},
                        {"secret": {"name": "s"}},
                    ]
                },
            }
        ],
        [
            {
                "name": "data",
                "ephemeral": {
                    "volumeClaimTemplate": {
                        "spec": {
                            "accessModes": ["ReadWriteOnce"],
                            "resources": {"requests": {"storage": "1Gi"}},
                        }
                    }
                },
            }
        ],
        [{"name": "data", "csi": {"driver": "csi.example.com", "readOnly": True}}],
        [{"name": "data", "image": {"reference": "registry.example/model:1"}}],
        [{"name": "a", "emptyDir": {}}, {"name": "b", "emptyDir": {}}],
    ),
}
"""By the name of a field: values that are right there. POD, CONTAINER and COMPONENT are the fields
of a pod, a container and what else is a SeldonDeployment's."""

CONTAINER: dict[str, tuple[Any, ...]] = {
    "args": (["--verbose"],),
    "command": (["/bin/serve"],),
    "env": (
        [{"name": "A", "value": "b"}, {"name": "B", "value": "$(A)"}],
        [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        [{"name": "S", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
        [
            {
                "name": "C",
                "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k", "optional": True}},
            }
        ],
        [
            {
                "name": "R",
                "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}},
            }
        ],
        [
            {
                "name": "F",
                "valueFrom": {"fileKeyRef": {"volumeName": "data", "path": "a", "key": "k"}},
            }
        ],
    ),
    "envFrom": (
        [{"secretRef": {"name": "s"}, "prefix": "P_"}],
        [{"configMapRef": {"name": "c", "optional": True}}],
    ),
    "imagePullPolicy": ("Always",),
    "lifecycle": (
        {"preStop": {"exec": {"command": ["/bin/true"]}}},
        {"preStop": {"sleep": {"seconds": 5}}},
        {"postStart": {"httpGet": {"port": 9000}}},
        {"postStart": {"tcpSocket": {"port": "http"}}},
        {"preStop": _HTTP, "stopSignal": "SIGTERM"},
    ),
    "livenessProbe": (
        _HTTP,
        {"tcpSocket": {"port": "http"}, "initialDelaySeconds": 5, "periodSeconds": 5},
        {"grpc": {"port": 9500}, "terminationGracePeriodSeconds": 10},
        {"exec": {"command": ["/bin/true"]}, "failureThreshold": 3, "successThreshold": 1},
    ),
    "readinessProbe": (
        _HTTP,
        {
            "httpGet": {
                "path": "/",
                "port": "http",
                "scheme": "HTTPS",
                "httpHeaders": [{"name": "X-A", "value": "b"}],
            },
            "successThreshold": 2,
        },
    ),
    "startupProbe": (_HTTP, {"grpc": {"port": 9500, "service": "model"}}),
    "ports": (
        [{"name": "http", "containerPort": 9000}],
        [{"name": "http", "containerPort": 9000}, {"name": "grpc", "containerPort": 9500}],
        [{"containerPort": 8080, "protocol": "TCP"}, {"containerPort": 8080, "protocol": "UDP"}],
        [{"name": "metrics", "containerPort": 6000, "hostPort": 6000}],
    ),
    "resources": (
        _RESOURCES,
        {"requests": {"nvidia.com/gpu": "1"}, "limits": {"nvidia.com/gpu": "1"}},
        {
            "requests": {"ephemeral-storage": "1Gi"},
            "limits": {"hugepages-2Mi": "2Mi", "cpu": "1", "memory": "1Gi"},
        },
        {"claims": [{"name": "gpu"}]},
    ),
    "resizePolicy": ([{"resourceName": "cpu", "restartPolicy": "NotRequired"}],),
    "restartPolicy": ("Always",),
    "restartPolicyRules": (
        [{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}],
    ),
    "securityContext": (
        {"runAsUser": 1000, "runAsNonRoot": True, "allowPrivilegeEscalation": False},
        {"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}},
        {"privileged": True, "readOnlyRootFilesystem": True},
        {"procMount": "Default", "seccompProfile": {"type": "RuntimeDefault"}},
        {"appArmorProfile": {"type": "Localhost", "localhostProfile": "a"}},
    ),
    "terminationMessagePolicy": ("FallbackToLogsOnError",),
    "volumeDevices": ([{"name": "data", "devicePath": "/dev/x"}],),
    "volumeMounts": (
        [{"name": "data", "mountPath": "/data"}],
        [
            {
                "name": "data",
                "mountPath": "/data",
                "readOnly": True,
                "recursiveReadOnly": "IfPossible",
            }
        ],
        [
            {"name": "data", "mountPath": "/data", "subPath": "a"},
            {"name": "data", "mountPath": "/other", "subPathExpr": "$(A)"},
        ],
        [{"name": "data", "mountPath": "/etc/podinfo"}],
        [{"name": "data", "mountPath": "/mnt/models"}],
        [{"name": "seldon-podinfo", "mountPath": "/etc/info"}],
    ),
    "workingDir": ("/work",),
    "stdin": (True,),
    "tty": (True,),
}

OWN: dict[str, tuple[Any, ...]] = {
    "annotations": (
        {"team": "a"},
        {"seldon.io/no-engine": "true"},
        {"seldon.io/engine-separate-pod": "true"},
        {"seldon.io/svc-name": "front"},
        {"seldon.io/rest-timeout": "1000", "seldon.io/grpc-max-message-size": "1000000"},
        {"seldon.io/no-storage-initializer": "true"},
        {"container.apparmor.security.beta.kubernetes.io/classifier": "runtime/default"},
        {"prometheus.io/scrape": "false", "prometheus.io/port": "9000"},
    ),
    "labels": ({"team": "a"}, {"app": "mine", "version": "1"}, {"seldon-app": "x"}),
    "engineResources": (_RESOURCES,),
    "explainer": (
        {"type": "AnchorTabular", "modelUri": "gs://models/explainer"},
        {
            "type": "AnchorImages",
            "modelUri": "pvc://claim/e",
            "replicas": 2,
            "config": {"batch": "1"},
        },
        {
            "type": "AnchorText",
            "containerSpec": {
                "name": "explain",
                "image": "explain:1",
                "ports": [{"containerPort": 7000}],
            },
        },
    ),
    "hpaSpec": (
        {"minReplicas": 1, "maxReplicas": 4},
        {
            "maxReplicas": 4,
            "metrics": [
                {"type": "Resource", "resource": {"name": "cpu", "targetAverageUtilization": 70}}
            ],
        },
        {
            "maxReplicas": 4,
            "metrics": [
                {
                    "type": "Pods",
                    "pods": {
                        "metricName": "queue",
                        "targetAverageValue": "10",
                        "selector": _SELECTOR,
                    },
                }
            ],
        },
        {
            "maxReplicas": 4,
            "metrics": [
                {
                    "type": "Object",
                    "object": {"metricName": "rate", "target": _FRONT, "targetValue": "2k"},
                }
            ],
        },
        {
            "maxReplicas": 4,
            "metrics": [
                {"type": "External", "external": {"metricName": "lag", "targetAverageValue": "30"}}
            ],
        },
        {
            "maxReplicas": 4,
            "metricsv2": [
                {"type": "Resource", "resource": _CPU},
                {"type": "External", "external": _LAG},
            ],
        },
        {
            "maxReplicas": 4,
            "metricsv2": [
                {
                    "type": "ContainerResource",
                    "containerResource": {"container": "classifier", **_CPU},
                }
            ],
        },
        {
            "maxReplicas": 4,
            "metricsv2": [
                {
                    "type": "Object",
                    "object": {
                        "metric": {"name": "rate"},
                        "describedObject": _FRONT,
                        "target": {"type": "Value", "value": "2k"},
                    },
                }
            ],
        },
        {
            "maxReplicas": 4,
            "metricsv2": [
                {
                    "type": "Pods",
                    "pods": {
                        "metric": {"name": "q", "selector": _SELECTOR},
                        "target": {"type": "AverageValue", "averageValue": "3"},
                    },
                }
            ],
        },
    ),
    "kedaSpec": (
        {"maxReplicaCount": 3, "triggers": [{"type": "cron", "metadata": {"timezone": "UTC"}}]},
        {
            "triggers": [{"type": "cpu", "metricType": "Utilization", "metadata": {"value": "50"}}],
            "advanced": {
                "horizontalPodAutoscalerConfig": {
                    "behavior": {
                        "scaleDown": {
                            "stabilizationWindowSeconds": 60,
                            "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}],
                        }
                    }
                }
            },
        },
    ),
    "logger": ({"mode": "all"}, {"mode": "request", "url": "http://logs.local"}),
    "metadata": (
        {"labels": {"tier": "model"}, "annotations": {"team": "a"}},
        {"name": "iris-v1", "labels": {"app": "mine"}},
        {"name": "x", "annotations": {"prometheus.io/scrape": "true"}},
    ),
    "parameters": ([{"name": "p", "type": "FLOAT", "value": "0.5"}],),
    "pdbSpec": ({"maxUnavailable": 1}, {"minAvailable": "50%"}, {"maxUnavailable": "10%"}),
    "ssl": ({"certSecretName": "tls"},),
    "svcOrchSpec": (
        {"replicas": 2, "env": [{"name": "LOG_LEVEL", "value": "DEBUG"}]},
        {"resources": _RESOURCES},
    ),
    "endpoint": ({"type": "GRPC"}, {"type": "REST", "httpPort": 8080}, {"grpcPort": 5005}),
    "matchExpressions": ([_EXPRESSION],),
    "behavior": (
        {
            "scaleUp": {
                "selectPolicy": "Max",
                "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
            }
        },
    ),
    "containers": ([{"name": "classifier", "image": "registry.example/model:1"}],),
}

FRAGMENTS: dict[str, tuple[Any, ...]] = {
    field: (*POD.get(field, ()), *CONTAINER.get(field, ()), *OWN.get(field, ()))
    for field in (*POD, *CONTAINER, *OWN)
}
"""All of them by field; which of them is right depends on the place."""
