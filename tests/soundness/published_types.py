"""A few types as an API server publishes them, for tests that have none."""

from typing import Any

from tools.soundness.published import Published

_CORE = "io.k8s.api.core.v1"


def _refer(name: str, **more: Any) -> dict[str, Any]:
    return {"allOf": [{"$ref": f"#/components/schemas/{name}"}], "default": {}, **more}


def _list(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": _refer(name), **more}


DEFINITIONS: dict[str, Any] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {
        "oneOf": [{"type": "string"}, {"type": "number"}]
    },
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {
        "format": "int-or-string",
        "oneOf": [{"type": "integer"}, {"type": "string"}],
    },
    f"{_CORE}.TCPSocketAction": {
        "type": "object",
        "required": ["port"],
        "properties": {"port": _refer("io.k8s.apimachinery.pkg.util.intstr.IntOrString")},
    },
    f"{_CORE}.ExecAction": {
        "type": "object",
        "properties": {"command": {"type": "array", "items": {"type": "string"}}},
    },
    f"{_CORE}.Probe": {
        "type": "object",
        "properties": {
            "exec": _refer(f"{_CORE}.ExecAction"),
            "tcpSocket": _refer(f"{_CORE}.TCPSocketAction"),
            "periodSeconds": {"type": "integer", "format": "int32"},
        },
    },
    f"{_CORE}.VolumeMount": {
        "type": "object",
        "required": ["name", "mountPath"],
        "properties": {"name": {"type": "string"}, "mountPath": {"type": "string"}},
    },
    f"{_CORE}.Container": {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string"},
            "imagePullPolicy": {"type": "string", "enum": ["Always", "Never"]},
            "livenessProbe": _refer(f"{_CORE}.Probe"),
            "volumeMounts": _list(
                f"{_CORE}.VolumeMount", **{"x-kubernetes-list-map-keys": ["mountPath"]}
            ),
        },
    },
    f"{_CORE}.AzureDiskVolumeSource": {
        "type": "object",
        "required": ["diskName", "diskURI"],
        "properties": {
            "diskName": {"type": "string"},
            "diskURI": {"type": "string"},
            "kind": {"type": "string"},
        },
    },
    f"{_CORE}.EmptyDirVolumeSource": {
        "type": "object",
        "properties": {
            "sizeLimit": _refer("io.k8s.apimachinery.pkg.api.resource.Quantity"),
            "neverHeardOf": {"type": "string"},
        },
    },
    f"{_CORE}.Volume": {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string"},
            "azureDisk": _refer(f"{_CORE}.AzureDiskVolumeSource"),
            "emptyDir": _refer(f"{_CORE}.EmptyDirVolumeSource"),
        },
    },
    f"{_CORE}.PodSpec": {
        "type": "object",
        "required": ["containers"],
        "properties": {
            "containers": _list(f"{_CORE}.Container"),
            "hostNetwork": {"type": "boolean"},
            "nodeSelector": {"type": "object", "additionalProperties": {"type": "string"}},
            "volumes": _list(f"{_CORE}.Volume"),
            "within": _refer(f"{_CORE}.PodSpec"),
        },
    },
}

POD = "spec.predictors[].componentSpecs[].spec"


def published_types() -> Published:
    """Return them as the schema of a pod."""
    return Published(DEFINITIONS, ((POD, f"{_CORE}.PodSpec"),))
