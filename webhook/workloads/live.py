"""What is kept of an object that is there, and whether its fields are still ours. Pure.

Belongs here: reading objects of the cluster. Does not belong here: what they should be (`plan`).
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from webhook.graph.model import items, mapping, mappings, number, text

MANAGER = "graphgate"
"""The field manager under which everything is applied."""

DIGEST = "graphgate.io/applied-hash"
"""The annotation with the digest of what was applied."""

Key = tuple[str, str]
"""Kind and name. An object lies in the namespace of its SeldonDeployment."""


@dataclass(frozen=True, slots=True)
class Pods:
    """What Kubernetes says of a Deployment's pods.

    wanted     spec.replicas
    current    whether all this is about the Deployment as it is now (observedGeneration)
    progress   the reason of the condition Progressing: "NewReplicaSetAvailable", …; "": none
    available  how many answer; `enough` is the condition Available
    failure    why pods cannot be created (quota, Pod Security, …), as Kubernetes says; "": they can
    late       why the rollout is given up (progressDeadlineSeconds); "": it is not
    """

    wanted: int
    total: int
    updated: int
    available: int
    current: bool
    enough: bool
    progress: str
    failure: str
    late: str

    @property
    def rolled_out(self) -> bool:
        """Whether every pod is of the present template, and enough of them answer."""
        complete = self.total == self.updated and (
            self.progress == "NewReplicaSetAvailable"
            or (self.updated >= self.wanted and self.available >= self.wanted)
        )
        return self.current and complete and self.enough and not self.late


@dataclass(frozen=True, slots=True)
class Child:
    """What is kept of an object that belongs to a SeldonDeployment: 1 KB instead of 20.

    owner     uid of the SeldonDeployment that controls it
    digest    its annotation; "": not applied by us
    fields    the fields that we own, as the API server writes them, packed; b"": none
    selector  a Deployment's spec.selector.matchLabels, as compact JSON
    replicas  a Deployment's spec.replicas
    """

    kind: str
    name: str
    uid: str
    owner: str
    version: str
    digest: str
    fields: bytes
    deleting: bool
    selector: str = ""
    replicas: int | None = None
    pods: Pods | None = None

    @property
    def key(self) -> Key:
        """Kind and name."""
        return self.kind, self.name

    @classmethod
    def read(cls, obj: Mapping[str, Any], kind: str) -> "Child":
        """Return the summary of a raw object; lists of the API leave its kind out."""
        metadata = mapping(obj, "metadata")
        spec = mapping(obj, "spec")
        is_deployment = kind == "Deployment"
        return cls(
            kind=kind,
            name=text(metadata, "name"),
            uid=text(metadata, "uid"),
            owner=controller_of(obj),
            version=text(metadata, "resourceVersion"),
            digest=text(mapping(metadata, "annotations"), DIGEST),
            fields=_pack(_our_fields(metadata)),
            deleting="deletionTimestamp" in metadata,
            selector=selector_of(spec) if is_deployment else "",
            replicas=number(spec, "replicas") if is_deployment else None,
            pods=_read_pods(metadata, spec, mapping(obj, "status")) if is_deployment else None,
        )


def controller_of(obj: Mapping[str, Any]) -> str:
    """Return the uid of the SeldonDeployment that controls an object; "": none does."""
    for _, owner in mappings(mapping(obj, "metadata"), "ownerReferences"):
        if owner.get("controller") is True and owner.get("kind") == "SeldonDeployment":
            return text(owner, "uid")
    return ""


def holds(child: Child, obj: Mapping[str, Any]) -> bool:
    """Tell whether we own, in the object that is there, every field of `obj`, which we sent."""
    fields = _unpack(child.fields)
    metadata = obj["metadata"]
    sent = {key: metadata[key] for key in _OWNED_METADATA if key in metadata}
    rest = {key: value for key, value in obj.items() if key not in _UNOWNED}
    return bool(fields) and _covers({**rest, "metadata": sent}, fields)


_OWNED_METADATA = ("labels", "annotations", "ownerReferences")
_UNOWNED = frozenset({"apiVersion", "kind", "metadata"})
"""What identifies an object, nobody owns."""


def holds_replicas(child: Child) -> bool:
    """Tell whether we own the number of pods."""
    return "f:replicas" in mapping(_unpack(child.fields), "f:spec")


def _covers(value: Any, fields: Mapping[str, Any]) -> bool:
    """Tell whether `fields` (the form fieldsV1 of managedFields) has all of `value`.

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
    """Tell the same of one item of a list, which is found by its keys, or by its value."""
    if type(item) is not dict:
        return f"v:{orjson.dumps(item).decode()}" in fields
    # A key that the author left out has its default (protocol: TCP).
    return any(
        all(item.get(name, value) == value for name, value in key.items()) and _covers(item, below)
        for key, below in keyed
    )


def _our_fields(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    for _, entry in mappings(metadata, "managedFields"):
        ours = entry.get("manager") == MANAGER and entry.get("operation") == "Apply"
        if ours and not entry.get("subresource"):
            return mapping(entry, "fieldsV1")
    return {}


def _pack(fields: Mapping[str, Any]) -> bytes:
    # Level 1: a third of the size for 30 us.
    return zlib.compress(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS), 1) if fields else b""


def _unpack(packed: bytes) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = orjson.loads(zlib.decompress(packed)) if packed else {}
    return fields


def selector_of(spec: Mapping[str, Any]) -> str:
    """Return a Deployment's selector as compact JSON."""
    selector = mapping(spec, "selector")
    return orjson.dumps(selector, option=orjson.OPT_SORT_KEYS).decode()


def _read_pods(
    metadata: Mapping[str, Any], spec: Mapping[str, Any], status: Mapping[str, Any]
) -> Pods:
    conditions = {text(c, "type"): c for c in items(status, "conditions") if type(c) is dict}
    progress = conditions.get("Progressing", {})
    failure = conditions.get("ReplicaFailure", {})
    wanted = number(spec, "replicas")
    generation = number(metadata, "generation") or 0
    return Pods(
        wanted=1 if wanted is None else wanted,
        total=number(status, "replicas") or 0,
        updated=number(status, "updatedReplicas") or 0,
        available=number(status, "availableReplicas") or 0,
        current=(number(status, "observedGeneration") or 0) >= generation,
        enough=text(conditions.get("Available", {}), "status") == "True",
        progress=text(progress, "reason"),
        failure=text(failure, "message") if text(failure, "status") == "True" else "",
        late=text(progress, "message") if text(progress, "status") == "False" else "",
    )
