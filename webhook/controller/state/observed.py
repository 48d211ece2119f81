"""What is cached of an existing object, and whether graphgate still owns its fields. Pure.

Belongs here: reading objects of the cluster. Does not belong here: what they should be (`plan`).
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from webhook.controller.state.ownership import (
    FIELD_MANAGER,
    controller_uid,
    has_seldon_fields,
)
from webhook.controller.state.routes import READERS, ObservedRoute, read_route
from webhook.graph.model import get_int, get_list, get_mapping, get_str, iter_mappings
from webhook.graph.selectors import has_labels
from webhook.rendering.metadata import PREDICTOR_SERVICE

APPLIED_HASH_ANNOTATION = "graphgate.io/applied-hash"
"""The annotation with the digest of what was applied."""

ROUTE_PARTS = frozenset({"DestinationRule", "TLSContext"})
"""Kinds that routes refer to, and that lead nowhere by themselves."""

ObjectKey = tuple[str, str]
"""Kind and name. An object lies in the namespace of its SeldonDeployment."""


@dataclass(frozen=True, slots=True)
class RolloutStatus:
    """What Kubernetes says of a Deployment's pods.

    desired           spec.replicas
    is_current        whether all this is about the Deployment as it is now (observedGeneration)
    progress_reason   the reason of the condition Progressing: "NewReplicaSetAvailable", …; "": none
    available         how many answer; `enough` is the condition Available
    failure_message   why pods cannot be created (quota, Pod Security, …), as Kubernetes says; "":
                      they can
    progress_message  why the rollout is given up (progressDeadlineSeconds); "": it is not
    """

    desired: int
    total: int
    updated: int
    available: int
    is_current: bool
    is_available: bool
    progress_reason: str
    failure_message: str
    progress_message: str

    @property
    def rolled_out(self) -> bool:
        """Whether every pod is of the present template, and enough of them answer."""
        complete = self.total == self.updated and (
            self.progress_reason == "NewReplicaSetAvailable"
            or (self.updated >= self.desired and self.available >= self.desired)
        )
        return self.is_current and complete and self.is_available and not self.progress_message


@dataclass(frozen=True, slots=True)
class ObservedObject:
    """What is kept of an object that belongs to a SeldonDeployment: 1 KB instead of 20.

    owner_uid          uid of the SeldonDeployment that controls it
    digest             its annotation; "": not applied by us
    managed_fields     the fields that we own, as the API server writes them, packed; b"": none
    selector           a Deployment's spec.selector, as compact JSON
    pod_labels         the labels of its pod template, the same way
    replicas           a Deployment's spec.replicas
    has_seldon_fields  whether Seldon's operator owns fields to take over
    pod_selector       a Service's spec.selector, the same way
    predictor_service  a Service's label with the Service of its predictor
    route              where a route leads
    """

    kind: str
    name: str
    uid: str
    owner_uid: str
    resource_version: str
    digest: str
    managed_fields: bytes
    is_deleting: bool
    selector: str = ""
    pod_labels: str = ""
    replicas: int | None = None
    has_seldon_fields: bool = False
    rollout: RolloutStatus | None = None
    pod_selector: str = ""
    predictor_service: str = ""
    route: ObservedRoute | None = None

    @property
    def is_routing(self) -> bool:
        """Whether it leads requests somewhere, or a route refers to it."""
        return self.route is not None or self.kind in ROUTE_PARTS

    @property
    def key(self) -> ObjectKey:
        """Kind and name."""
        return self.kind, self.name

    @classmethod
    def from_object(cls, obj: Mapping[str, Any], kind: str) -> "ObservedObject":
        """Return the summary of a raw object; lists of the API leave its kind out."""
        metadata = get_mapping(obj, "metadata")
        spec = get_mapping(obj, "spec")
        is_deployment, is_service = kind == "Deployment", kind == "Service"
        return cls(
            kind=kind,
            name=get_str(metadata, "name"),
            uid=get_str(metadata, "uid"),
            owner_uid=controller_uid(obj),
            resource_version=get_str(metadata, "resourceVersion"),
            digest=get_str(get_mapping(metadata, "annotations"), APPLIED_HASH_ANNOTATION),
            managed_fields=_pack(_managed_fields(metadata)),
            is_deleting="deletionTimestamp" in metadata,
            selector=encode_selector(spec) if is_deployment else "",
            pod_labels=_encode(_pod_labels(spec)) if is_deployment else "",
            has_seldon_fields=has_seldon_fields(
                metadata,
                applied=APPLIED_HASH_ANNOTATION in get_mapping(metadata, "annotations"),
            ),
            replicas=get_int(spec, "replicas") if is_deployment else None,
            rollout=_rollout_status(metadata, spec, get_mapping(obj, "status"))
            if is_deployment
            else None,
            pod_selector=encode_selector(spec) if is_service else "",
            predictor_service=get_str(get_mapping(metadata, "labels"), PREDICTOR_SERVICE)
            if is_service
            else "",
            route=read_route(obj, kind) if kind in READERS else None,
        )


def owns_all_fields(observed: ObservedObject, obj: Mapping[str, Any]) -> bool:
    """Return whether we own, in the object that is there, every field of `obj`, which we sent."""
    fields = _unpack(observed.managed_fields)
    metadata = obj["metadata"]
    sent = {key: metadata[key] for key in _OWNED_METADATA if key in metadata}
    rest = {key: value for key, value in obj.items() if key not in _UNOWNED}
    return bool(fields) and _covers({**rest, "metadata": sent}, fields)


_OWNED_METADATA = ("labels", "annotations", "ownerReferences")
_UNOWNED = frozenset({"apiVersion", "kind", "metadata"})
"""Identity fields have no owner."""


def owns_replicas(observed: ObservedObject) -> bool:
    """Return whether we own the number of pods."""
    return "f:replicas" in get_mapping(_unpack(observed.managed_fields), "f:spec")


def _covers(value: Any, fields: Mapping[str, Any]) -> bool:
    """Return whether `fields` (the form fieldsV1 of managedFields) has all of `value`.

    A place without anything below it is owned as a whole.
    """
    if not fields or value == []:  # an empty list is dropped when it is stored
        return True
    if type(value) is dict:
        return all(f"f:{k}" in fields and _covers(v, fields[f"f:{k}"]) for k, v in value.items())
    if type(value) is list:
        keyed = [(orjson.loads(k[2:]), below) for k, below in fields.items() if k[:2] == "k:"]
        return all(_covers_item(item, fields, keyed) for item in value)
    return True


def _covers_item(
    item: Any, fields: Mapping[str, Any], keyed: Iterable[tuple[Mapping[str, Any], Any]]
) -> bool:
    """Return the same for one item of a list, identified by its keys or its value."""
    if type(item) is not dict:
        return f"v:{orjson.dumps(item).decode()}" in fields
    # A key that the author left out has its default (protocol: TCP).
    return any(
        all(item.get(name, value) == value for name, value in key.items()) and _covers(item, below)
        for key, below in keyed
    )


def _managed_fields(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    for _, entry in iter_mappings(metadata, "managedFields"):
        is_managed = entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply"
        if is_managed and not entry.get("subresource"):
            return get_mapping(entry, "fieldsV1")
    return {}


def _pack(fields: Mapping[str, Any]) -> bytes:
    # Level 1: a third of the size for 30 us.
    return zlib.compress(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS), 1) if fields else b""


def _unpack(packed: bytes) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = orjson.loads(zlib.decompress(packed)) if packed else {}
    return fields


def encode_selector(spec: Mapping[str, Any]) -> str:
    """Return the selector of a Deployment or a Service as compact JSON."""
    return _encode(get_mapping(spec, "selector"))


def selects_its_pods(observed: ObservedObject, selector: str) -> bool:
    """Return whether a selector of labels finds the pods of a Deployment that is there."""
    labels = orjson.loads(observed.pod_labels) if observed.pod_labels else {}
    wanted = get_mapping(orjson.loads(selector), "matchLabels") if selector else {}
    return has_labels(labels, wanted)


def selects_pods(service: ObservedObject, deployment: ObservedObject) -> bool:
    """Return whether a Service that is there leads to the pods of a Deployment that is there."""
    labels = orjson.loads(deployment.pod_labels) if deployment.pod_labels else {}
    selector = orjson.loads(service.pod_selector) if service.pod_selector else {}
    return bool(selector) and has_labels(labels, selector)


def _pod_labels(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    return get_mapping(get_mapping(get_mapping(spec, "template"), "metadata"), "labels")


def _encode(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _rollout_status(
    metadata: Mapping[str, Any], spec: Mapping[str, Any], status: Mapping[str, Any]
) -> RolloutStatus:
    conditions = {get_str(c, "type"): c for c in get_list(status, "conditions") if type(c) is dict}
    progress = conditions.get("Progressing", {})
    failure = conditions.get("ReplicaFailure", {})
    desired = get_int(spec, "replicas")
    generation = get_int(metadata, "generation") or 0
    return RolloutStatus(
        desired=1 if desired is None else desired,
        total=get_int(status, "replicas") or 0,
        updated=get_int(status, "updatedReplicas") or 0,
        available=get_int(status, "availableReplicas") or 0,
        is_current=(get_int(status, "observedGeneration") or 0) >= generation,
        is_available=get_str(conditions.get("Available", {}), "status") == "True",
        progress_reason=get_str(progress, "reason"),
        failure_message=get_str(failure, "message") if get_str(failure, "status") == "True" else "",
        progress_message=get_str(progress, "message")
        if get_str(progress, "status") == "False"
        else "",
    )
