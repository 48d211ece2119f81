"""The smallest right value of each published type, where its `required` fields do not tell.

A union is a type of which one member is set: `KINDS` has the one that is taken where none is asked
for.
"""

from collections.abc import Mapping
from typing import Any

_SELECTOR = {"matchLabels": {"team": "a"}}
_REQUIREMENT = {"key": "team", "operator": "In", "values": ["a"]}
_CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
_AVERAGE = {"type": "AverageValue", "averageValue": "5"}

SAMPLES: Mapping[str, dict[str, Any]] = {
    "AppArmorProfile": {"type": "RuntimeDefault"},
    "AzureDiskVolumeSource": {"diskName": "d", "diskURI": "https://disks.example/d"},
    "CSIVolumeSource": {"driver": "csi.example.com"},
    "CephFSVolumeSource": {"monitors": ["m:1"]},
    "ClusterTrustBundleProjection": {"name": "bundle", "path": "ca.crt"},
    "ConfigMapEnvSource": {"name": "settings"},
    "ConfigMapKeySelector": {"name": "settings", "key": "k"},
    "ConfigMapProjection": {"name": "settings"},
    "ConfigMapVolumeSource": {"name": "settings"},
    "Container": {"name": "extra", "image": "registry.example/extra:1"},
    "ContainerExtendedResourceRequest": {},
    "ContainerPort": {"containerPort": 7777},
    "ContainerResizePolicy": {"resourceName": "cpu", "restartPolicy": "NotRequired"},
    "ContainerRestartRule": {
        "action": "Restart",
        "exitCodes": {"operator": "In", "values": [42]},
    },
    "ContainerRestartRuleOnExitCodes": {"operator": "In", "values": [42]},
    "CrossVersionObjectReference": {"apiVersion": "v1", "kind": "Service", "name": "front"},
    "DownwardAPIVolumeFile": {"path": "labels"},
    "EnvVar": {"name": "EXTRA"},
    "EphemeralContainer": {"name": "debug", "image": "registry.example/debug:1"},
    "ExecAction": {"command": ["/bin/true"]},
    "FCVolumeSource": {"targetWWNs": ["a"], "lun": 1},
    "FileKeySelector": {"volumeName": "extra", "path": "a", "key": "K"},
    "FlexVolumeSource": {"driver": "example.com/driver"},
    "FlockerVolumeSource": {"datasetName": "d"},
    "GRPCAction": {"port": 9000},
    "GitRepoVolumeSource": {"repository": "https://git.example/r.git"},
    "GlusterfsVolumeSource": {"endpoints": "e", "path": "p"},
    "HPAScalingPolicy": {"type": "Pods", "value": 1, "periodSeconds": 60},
    "HTTPGetAction": {"port": 9000},
    "HTTPHeader": {"name": "X-A", "value": "b"},
    "HostAlias": {"ip": "10.0.0.1"},
    "HostPathVolumeSource": {"path": "/data"},
    "ISCSIVolumeSource": {
        "targetPortal": "10.0.0.1",
        "iqn": "iqn.2001-04.com.example:a",
        "lun": 0,
    },
    "ImageVolumeSource": {"reference": "registry.example/model:1"},
    "KeyToPath": {"key": "k", "path": "p"},
    "LabelSelector": _SELECTOR,
    "LabelSelectorRequirement": _REQUIREMENT,
    "LocalObjectReference": {"name": "credentials"},
    "MetricIdentifier": {"name": "rate"},
    "MetricTarget": _AVERAGE,
    "NFSVolumeSource": {"server": "nfs.example", "path": "/models"},
    "NodeSelector": {"nodeSelectorTerms": [{"matchExpressions": [_REQUIREMENT]}]},
    "NodeSelectorRequirement": _REQUIREMENT,
    "NodeSelectorTerm": {"matchExpressions": [_REQUIREMENT]},
    "ObjectFieldSelector": {"fieldPath": "metadata.name"},
    "ObjectReference": {"name": "a"},
    "OwnerReference": {"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "1"},
    "PersistentVolumeClaimSpec": _CLAIM,
    "PersistentVolumeClaimTemplate": {"spec": _CLAIM},
    "PersistentVolumeClaimVolumeSource": {"claimName": "claim"},
    "PodAffinityTerm": {"topologyKey": "zone", "labelSelector": _SELECTOR},
    "PodCertificateProjection": {
        "signerName": "example.com/signer",
        "keyType": "ED25519",
        "credentialBundlePath": "c.pem",
    },
    "PodDNSConfig": {"nameservers": ["10.0.0.10"]},
    "PodDNSConfigOption": {"name": "ndots"},
    "PodOS": {"name": "linux"},
    "PodReadinessGate": {"conditionType": "example.com/ready"},
    "PodResourceClaim": {"name": "gpu", "resourceClaimName": "gpus"},
    "PodSchedulingGate": {"name": "example.com/wait"},
    "PreferredSchedulingTerm": {"weight": 1, "preference": {"matchExpressions": [_REQUIREMENT]}},
    "QuobyteVolumeSource": {"registry": "r:1", "volume": "v"},
    "RBDVolumeSource": {"monitors": ["m:1"], "image": "i"},
    "ResourceClaim": {"name": "gpu"},
    "ResourceFieldSelector": {"containerName": "extra", "resource": "limits.cpu"},
    "ScaleIOVolumeSource": {
        "gateway": "https://g.example",
        "system": "s",
        "volumeName": "v",
        "secretRef": {"name": "credentials"},
    },
    "SeccompProfile": {"type": "RuntimeDefault"},
    "SecretEnvSource": {"name": "credentials"},
    "SecretKeySelector": {"name": "credentials", "key": "k"},
    "SecretProjection": {"name": "credentials"},
    "SecretReference": {"name": "credentials"},
    "SecretVolumeSource": {"secretName": "credentials"},
    "ServiceAccountTokenProjection": {"path": "token"},
    "SleepAction": {"seconds": 5},
    "StorageOSVolumeSource": {"volumeName": "v"},
    "Sysctl": {"name": "net.core.somaxconn", "value": "1024"},
    "TCPSocketAction": {"port": 9000},
    "Toleration": {"key": "a", "operator": "Equal", "value": "b", "effect": "NoExecute"},
    "TopologySpreadConstraint": {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": _SELECTOR,
    },
    "TypedLocalObjectReference": {"kind": "PersistentVolumeClaim", "name": "a"},
    "TypedObjectReference": {"kind": "PersistentVolumeClaim", "name": "a"},
    "Volume": {"name": "extra"},
    "VolumeDevice": {"name": "extra", "devicePath": "/dev/x"},
    "VolumeMount": {"name": "extra", "mountPath": "/extra"},
    "WeightedPodAffinityTerm": {
        "weight": 1,
        "podAffinityTerm": {"topologyKey": "zone", "labelSelector": _SELECTOR},
    },
}
"""By the short name of a type: the fields that it needs, whatever else is set."""

KINDS: Mapping[str, dict[str, Any]] = {
    "DownwardAPIVolumeFile": {"fieldRef": {"fieldPath": "metadata.name"}},
    "EnvFromSource": {"configMapRef": {"name": "settings"}},
    "EnvVarSource": {"fieldRef": {"fieldPath": "metadata.name"}},
    "LifecycleHandler": {"exec": {"command": ["/bin/true"]}},
    "Probe": {"tcpSocket": {"port": 9000}},
    "Volume": {"emptyDir": {}},
    "VolumeProjection": {"configMap": {"name": "settings"}},
}
"""By the short name of a union: the member that is set unless another one is."""

METRICS: Mapping[str, Mapping[str, Any]] = {
    "metricsv2": {
        "containerResource": {"name": "cpu", "container": "classifier", "target": _AVERAGE},
        "external": {"metric": {"name": "rate"}, "target": _AVERAGE},
        "object": {
            "metric": {"name": "rate"},
            "describedObject": {"kind": "Service", "name": "front"},
            "target": _AVERAGE,
        },
        "pods": {"metric": {"name": "rate"}, "target": _AVERAGE},
        "resource": {"name": "cpu", "target": _AVERAGE},
    },
    "metrics": {
        "containerResource": {"name": "cpu", "container": "classifier", "targetAverageValue": "1"},
        "external": {"metricName": "rate", "targetAverageValue": "5"},
        "object": {
            "metricName": "rate",
            "target": {"kind": "Service", "name": "front"},
            "targetValue": "5",
        },
        "pods": {"metricName": "rate", "targetAverageValue": "5"},
        "resource": {"name": "cpu", "targetAverageUtilization": 50},
    },
}
"""By the list of metrics, and the source of one: the source that is right."""

PLACES: Mapping[str, dict[str, Any]] = {
    "spec.predictors[].componentSpecs[].hpaSpec": {"maxReplicas": 3},
    "spec.predictors[].componentSpecs[].kedaSpec": {
        "maxReplicaCount": 3,
        "triggers": [{"type": "cron", "metadata": {"timezone": "UTC"}}],
    },
    "spec.predictors[].componentSpecs[].kedaSpec.triggers[]": {
        "type": "cron",
        "metadata": {"timezone": "UTC"},
    },
    "spec.predictors[].componentSpecs[].kedaSpec.fallback": {"failureThreshold": 3, "replicas": 2},
    "spec.predictors[].componentSpecs[].pdbSpec": {},
    "spec.predictors[].explainer": {"type": "AnchorTabular", "modelUri": "gs://models/explainer"},
    "spec.predictors[].explainer.containerSpec": {"name": "explain"},
    "spec.predictors[].graph.parameters[]": {"name": "p", "type": "STRING", "value": "v"},
    "spec.predictors[].graph.logger": {"mode": "all"},
}
"""By path: the same for types that have no name, those of a SeldonDeployment."""
