"""The types that Kubernetes declares for `request`, `namespaceObject` and `variables`.

Source: k8s.io/apiserver pkg/admission/plugin/cel/compile.go (BuildRequestType, BuildNamespaceType)
and composition.go. `object`, `oldObject` and `params` have no type there.
"""

from collections.abc import Mapping

from webhook.cel.types import CelType, parse_type, split_arguments, struct

REQUEST_TYPE = struct("kubernetes.AdmissionRequest")
NAMESPACE_TYPE = struct("kubernetes.Namespace")
VARIABLES_TYPE = struct("kubernetes.variables")

_DECLARED = {
    "kubernetes.GroupVersionKind": "group: string, version: string, kind: string",
    "kubernetes.GroupVersionResource": "group: string, version: string, resource: string",
    "kubernetes.UserInfo": (
        "username: string, uid: string, groups: list<string>, extra: map<string, list<string>>"
    ),
    REQUEST_TYPE.name: (
        "kind: kubernetes.GroupVersionKind, resource: kubernetes.GroupVersionResource, "
        "subResource: string, requestKind: kubernetes.GroupVersionKind, "
        "requestResource: kubernetes.GroupVersionResource, requestSubResource: string, "
        "name: string, namespace: string, operation: string, userInfo: kubernetes.UserInfo, "
        "dryRun: bool, options: dyn"
    ),
    "kubernetes.NamespaceSpec": "finalizers: list<string>",
    "kubernetes.NamespaceCondition": (
        "status: string, type: string, lastTransitionTime: timestamp, message: string, "
        "reason: string"
    ),
    "kubernetes.NamespaceStatus": "conditions: list<kubernetes.NamespaceCondition>, phase: string",
    "kubernetes.NamespaceMetadata": (
        "name: string, generateName: string, namespace: string, labels: map<string, string>, "
        "annotations: map<string, string>, UID: string, creationTimestamp: timestamp, "
        "deletionGracePeriodSeconds: int, deletionTimestamp: timestamp, generation: int, "
        "resourceVersion: string, finalizers: list<string>"
    ),
    NAMESPACE_TYPE.name: (
        "metadata: kubernetes.NamespaceMetadata, spec: kubernetes.NamespaceSpec, "
        "status: kubernetes.NamespaceStatus"
    ),
}


def _as_struct(type_: CelType) -> CelType:
    """Return the type with structs in the place of names that have fields here."""
    if type_.name in _DECLARED:
        return struct(type_.name)
    return CelType(type_.kind, type_.name, tuple(map(_as_struct, type_.parameters)))


def _read_fields(text: str) -> dict[str, CelType]:
    fields: dict[str, CelType] = {}
    for entry in split_arguments(text):
        name, _, type_ = entry.partition(": ")
        fields[name] = _as_struct(parse_type(type_))
    return fields


STRUCT_TYPES: Mapping[str, Mapping[str, CelType]] = {
    name: _read_fields(text) for name, text in _DECLARED.items()
} | {VARIABLES_TYPE.name: {}}
"""Fields by name of the type."""
