"""Whose an object is, and its fields taken over from Seldon's operator. Pure.

An object is managed if its controller is this SeldonDeployment, or if it has no controller and
its managedFields have graphgate's or Seldon's manager, as `kubectl delete sdep --cascade=orphan`
leaves it. Labels alone prove nothing, anybody may write them; any other object of the same name is
never touched.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from webhook.graph.model import get_mapping, get_str, iter_mappings
from webhook.graph.well_known import SELDON_GROUP, SELDON_KIND
from webhook.rendering.metadata import DEPLOYMENT_ID

FIELD_MANAGER = "graphgate"
"""The field manager under which everything is applied."""

REPLICAS_TRANSFER_MANAGER = "graphgate-handover"
"""Owns a Deployment's replicas until a scaler takes them over."""

SELDON_MANAGER = "manager"
"""The field manager of Seldon's operator: client-go takes the program's name, which is /manager.
Other operators' programs are called so as well; objects of Seldon's carry its label besides."""

_GROUP = f"{SELDON_GROUP}/"
_SELDON_LAST_APPLIED = "f:seldon.io/last-applied"

Owner = Literal["ours", "predecessor", "other"]


def controller_reference(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the ownerReference of what controls an object, of whatever kind; {}: nothing does."""
    for _, owner in iter_mappings(get_mapping(obj, "metadata"), "ownerReferences"):
        if owner.get("controller") is True:
            return owner
    return {}


def controller_uid(obj: Mapping[str, Any]) -> str:
    """Return the uid of the SeldonDeployment that controls an object; "": none does."""
    owner = controller_reference(obj)
    return get_str(owner, "uid") if _is_seldon_deployment(owner) else ""


def classify_owner(obj: Mapping[str, Any], uid: str, name: str) -> Owner:
    """Return whether an object belongs to the SeldonDeployment `name` with this uid.

    "predecessor": to one of the same name that is gone, so the garbage collector takes it.
    """
    owner = controller_reference(obj)
    if not owner:
        return "ours" if _is_managed(get_mapping(obj, "metadata")) else "other"
    if not _is_seldon_deployment(owner):
        return "other"
    if get_str(owner, "uid") == uid:
        return "ours"
    return "predecessor" if get_str(owner, "name") == name else "other"


def _is_seldon_deployment(owner: Mapping[str, Any]) -> bool:
    return owner.get("kind") == SELDON_KIND and get_str(owner, "apiVersion").startswith(_GROUP)


def _is_managed(metadata: Mapping[str, Any]) -> bool:
    managers = {get_str(entry, "manager") for _, entry in iter_mappings(metadata, "managedFields")}
    if managers & {FIELD_MANAGER, REPLICAS_TRANSFER_MANAGER}:
        return True
    return SELDON_MANAGER in managers and DEPLOYMENT_ID in get_mapping(metadata, "labels")


def has_seldon_fields(metadata: Mapping[str, Any], *, applied: bool) -> bool:
    """Return whether Seldon's operator still owns what it wrote.

    applied  whether graphgate has applied the object before. Then only fields that only Seldon
             writes count: another operator's program may have the same name
    """
    for entry in _seldon_entries(metadata):
        fields = get_mapping(get_mapping(entry, "fieldsV1"), "f:metadata")
        annotations = get_mapping(fields, "f:annotations")
        if not applied or "f:ownerReferences" in fields or _SELDON_LAST_APPLIED in annotations:
            return True
    return False


def take_over_seldon_fields(
    obj: Mapping[str, Any], *, keep_replicas: bool
) -> list[dict[str, Any]] | None:
    """Return the managedFields after taking over what Seldon wrote; None: it wrote nothing.

    What we then leave out of an apply goes; without this, Seldon's variables and containers would
    stay for ever. kubectl moves from client-side to server-side apply in the same way.

    keep_replicas  leave spec.replicas with Seldon: what we do not send would fall back to 1
    """
    metadata = get_mapping(obj, "metadata")
    entries = [dict(entry) for _, entry in iter_mappings(metadata, "managedFields")]
    seldon = list(_seldon_entries(metadata))
    if not seldon:
        return None
    version = get_str(obj, "apiVersion") or get_str(seldon[0], "apiVersion")
    ours = next((entry for entry in entries if _is_own_apply(entry)), None)
    fields = dict(get_mapping(ours or {}, "fieldsV1"))
    for entry in seldon:
        if get_str(entry, "apiVersion") == version:
            fields = _union(fields, get_mapping(entry, "fieldsV1"))
    kept: dict[str, Any] = {}
    spec = get_mapping(fields, "f:spec")
    if keep_replicas and "f:replicas" in spec:
        fields["f:spec"] = {key: below for key, below in spec.items() if key != "f:replicas"}
        kept = {"f:spec": {"f:replicas": {}}}
    rest = [entry for entry in entries if entry is not ours and not _is_seldon(entry)]
    own = {**(ours or seldon[0]), "manager": FIELD_MANAGER, "operation": "Apply"}
    own |= {"apiVersion": version, "fieldsType": "FieldsV1", "fieldsV1": fields}
    left = [{**seldon[0], "apiVersion": version, "fieldsV1": kept}] if kept else []
    return [own, *left, *rest]


def _seldon_entries(metadata: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for _, entry in iter_mappings(metadata, "managedFields"):
        if _is_seldon(entry):
            yield entry


def _is_seldon(entry: Mapping[str, Any]) -> bool:
    is_update = entry.get("operation") == "Update" and not entry.get("subresource")
    return is_update and entry.get("manager") == SELDON_MANAGER


def _is_own_apply(entry: Mapping[str, Any]) -> bool:
    is_apply = entry.get("operation") == "Apply" and not entry.get("subresource")
    return is_apply and entry.get("manager") == FIELD_MANAGER


def _union(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return both sets of fields; neither is changed."""
    result = dict(one)
    for key, below in other.items():
        known = result.get(key)
        both = type(known) is dict and type(below) is dict
        result[key] = _union(known or {}, below) if both else below
    return result
