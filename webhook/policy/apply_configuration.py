"""Mutations of patchType ApplyConfiguration: an object with some fields is merged into another.

Maps and structs are merged field by field. A list of a SeldonDeployment cannot be changed this way:
its CRD says of no list how items are distinguished, so the API server refuses any. Lists of pods
are merged by their keys: containers by name.
Source: k8s.io/apiserver pkg/admission/plugin/policy/mutating/patch/smd.go; the keys are those of
Kubernetes' published OpenAPI (x-kubernetes-list-map-keys).
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from webhook.cel.environment import StructTypes
from webhook.cel.types import DYN, CelType
from webhook.cel.values import EvaluationError, type_name
from webhook.graph.finding import Operation
from webhook.graph.path import ROOT, Path
from webhook.graph.well_known import SELDON_GROUP
from webhook.policy.object_types import seldon_deployment_types

_METADATA_LISTS = {"finalizers": (), "ownerReferences": ("uid",)}
"""Lists of metadata, with the keys of their items; none: a set."""

_POD_LISTS: Mapping[str, tuple[str, ...]] = {
    **_METADATA_LISTS,
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "volumes": ("name",),
    "imagePullSecrets": ("name",),
    "resourceClaims": ("name",),
    "schedulingGates": ("name",),
    "claims": ("name",),
    "env": ("name",),
    "ports": ("containerPort", "protocol"),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
}
_ATOMIC_MAPS = frozenset(
    {"nodeSelector", "selector", "labelSelector", "fieldRef", "resourceFieldRef"}
    | {"configMapKeyRef", "secretKeyRef", "configMapRef", "secretRef", "claimRef"}
)
"""Maps and structs of pods that are replaced as a whole, and so cannot be merged into."""

_POD_KINDS = frozenset(
    {"Pod", "PodTemplate", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"}
)
_SCALARS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "string"),
    "int": ((int, float), "numeric (int or float)"),
    "double": ((int, float), "numeric (int or float)"),
    "bool": ((bool,), "boolean"),
}
_STRICT_STRUCTS = frozenset({"SeldonDeployment", "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"})
"""Where the CRD accepts only known fields."""


def apply_configuration(document: dict[str, Any], patch: Any) -> tuple[Any, list[Operation]]:
    """Return the merged object, and the operations of a JSON patch that lead there.

    Raise EvaluationError for a patch that the API server would not apply.
    """
    identity = {key: document[key] for key in ("apiVersion", "kind") if key in document}
    patch = {**patch, **identity}
    kind = document.get("kind")
    is_seldon = str(document.get("apiVersion", "")).startswith(f"{SELDON_GROUP}/")
    if is_seldon:
        root, types = seldon_deployment_types()
        _check_types(patch, root, types, "")
    lists = _POD_LISTS if kind in _POD_KINDS and not is_seldon else _METADATA_LISTS
    atomic = sorted(_atomic_paths(patch, "", lists, pods=lists is _POD_LISTS))
    if atomic:
        raise EvaluationError(
            "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps "
            f"or structs: {', '.join(atomic)}"
        )
    operations: list[Operation] = []
    merged = _merge_maps(document, patch, ROOT, lists, operations)
    return merged, operations


def _check_types(value: Any, type_: CelType, types: StructTypes, path: str) -> None:
    match type_.kind:
        case "struct" | "map" if type(value) is not dict:
            raise _no_fit(path, f"expected map, got {_shown(value)}")
        case "struct":
            fields = types[type_.name]
            for name, inner in value.items():
                if name not in fields and type_.name in _STRICT_STRUCTS:
                    raise _no_fit(f"{path}.{name}", "field not declared in schema")
                _check_types(inner, fields.get(name, DYN), types, f"{path}.{name}")
        case "map":
            for name, inner in value.items():
                _check_types(inner, type_.parameters[1], types, f"{path}.{name}")
        case "primitive":
            allowed, words = _SCALARS[type_.name]
            if type(value) not in allowed:
                raise _no_fit(path, f"expected {words}, got {_shown(value)}")


def _shown(value: Any) -> str:
    return "null" if value is None else type_name(value)


def _no_fit(path: str, fact: str) -> EvaluationError:
    return EvaluationError(
        f"error applying patch: failed to convert patch object to typed object: {path}: {fact}"
    )


def _atomic_paths(
    value: Any, path: str, lists: Mapping[str, tuple[str, ...]], *, pods: bool
) -> Iterator[str]:
    """Yield what a patch has of lists and maps that can only be replaced as a whole."""
    if type(value) is list:
        for index, item in enumerate(value):
            yield from _atomic_paths(item, f"{path}[{index}]", lists, pods=pods)
    if type(value) is not dict:
        return
    for name, inner in value.items():
        here = f"{path}.{name}"
        of_metadata = path.endswith(".metadata") or name not in _METADATA_LISTS
        if type(inner) is list and not (name in lists and of_metadata):
            yield here
        if type(inner) is dict and pods and name in _ATOMIC_MAPS:
            yield here
        yield from _atomic_paths(inner, here, lists, pods=pods)


def _merge_maps(
    live: dict[str, Any],
    patch: dict[str, Any],
    path: Path,
    lists: Mapping[str, tuple[str, ...]],
    operations: list[Operation],
) -> dict[str, Any]:
    merged = dict(live)
    for name, value in patch.items():
        old, here = live.get(name), path / name
        if type(old) is dict and type(value) is dict:
            merged[name] = _merge_maps(old, value, here, lists, operations)
        elif type(old) is list and type(value) is list:
            merged[name] = _merge_lists(old, value, here, lists, operations)
        elif name not in live or type(old) is not type(value) or old != value:
            merged[name] = value
            op = "replace" if name in live else "add"
            _emit(operations, op, here, value)
    return merged


def _merge_lists(
    live: list[Any],
    patch: list[Any],
    path: Path,
    lists: Mapping[str, tuple[str, ...]],
    operations: list[Operation],
) -> list[Any]:
    keys = lists[str(path[-1])]
    merged = list(live)
    for item in patch:
        index = next((n for n, old in enumerate(live) if _is_same(old, item, keys)), None)
        if index is None:
            _emit(operations, "add", path / "-", item)
            merged.append(item)
        elif keys:
            merged[index] = _merge_maps(live[index], item, path / index, lists, operations)
    return merged


def _is_same(old: Any, item: Any, keys: tuple[str, ...]) -> bool:
    if not keys:
        return bool(old == item)
    if type(old) is not dict or type(item) is not dict or keys[0] not in item:
        return False
    default = {"protocol": "TCP"}
    return all(old.get(k, default.get(k)) == item.get(k, default.get(k)) for k in keys)


def _emit(operations: list[Operation], op: str, path: Path, value: Any) -> None:
    operations.append(cast("Operation", {"op": op, "path": path.pointer, "value": value}))
