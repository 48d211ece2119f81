"""A small stand-in for the API server: what it would hold after our apply, fieldsV1 included."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from webhook.controller.state.observed import ObservedObject
from webhook.controller.state.ownership import FIELD_MANAGER
from webhook.controller.state.plan import DesiredObject

ATOMIC = {"selector", "args", "command", "fieldRef", "securityContext"}
"""Fields that Kubernetes owns as a whole, as far as these tests have them."""

KEYS = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "ownerReferences": ("uid",),
}


def fields_v1(value: Any, name: str = "") -> dict[str, Any]:
    """Return fieldsV1 of an applied value, as the API server writes it."""
    if name in ATOMIC or not isinstance(value, (dict, list)):
        return {}
    if isinstance(value, dict):
        return {f"f:{key}": fields_v1(item, key) for key, item in value.items()}
    if name == "ports":
        keys: tuple[str, ...] = (
            ("containerPort", "protocol") if "containerPort" in value[0] else ("port", "protocol")
        )
    else:
        keys = KEYS.get(name, ())
    if not keys:
        return {}
    return {_key(item, keys): {".": {}, **fields_v1(item)} for item in value}


def _key(item: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    import json

    found = {key: item.get(key, "TCP") for key in keys}
    return "k:" + json.dumps(found, separators=(",", ":"))


def stored_object(desired: DesiredObject, uid: str = "", **status: Any) -> dict[str, Any]:
    """Return the object as the API server holds it after we applied it."""
    obj = deepcopy(dict(desired.object))
    sent = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind")}
    owned = fields_v1(sent)
    owned["f:metadata"] = {
        key: value
        for key, value in owned["f:metadata"].items()
        if key in ("f:labels", "f:annotations", "f:ownerReferences")
    }
    obj["metadata"] |= {
        "uid": uid or f"uid-of-{desired.key[0]}-{desired.key[1]}",
        "resourceVersion": "1",
        "generation": 1,
        "managedFields": [{"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": owned}],
    }
    if desired.key[0] == "Deployment":
        obj["spec"].setdefault("replicas", 1)
        obj["status"] = running_status(obj["spec"]["replicas"]) | status
    return obj


def running_status(count: int) -> dict[str, Any]:
    """Return the status of a Deployment that is rolled out."""
    return {
        "observedGeneration": 1,
        "replicas": count,
        "updatedReplicas": count,
        "availableReplicas": count,
        "readyReplicas": count,
        "conditions": [
            {"type": "Available", "status": "True"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        ],
    }


def observed_object(desired: DesiredObject, change: Any = None, **status: Any) -> ObservedObject:
    """Return the summary of a stored object, changed by `change` in place first."""
    obj = stored_object(desired, **status)
    if change is not None:
        change(obj)
    return ObservedObject.from_object(obj, desired.key[0])
