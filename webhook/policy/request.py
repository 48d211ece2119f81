"""What is asked of the policies: one operation on one object."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from webhook.graph.model import mapping, text

FIELDS = (
    "uid",
    "kind",
    "resource",
    "subResource",
    "requestKind",
    "requestResource",
    "requestSubResource",
    "name",
    "namespace",
    "operation",
    "userInfo",
    "dryRun",
    "options",
)
"""What `request` has in an expression (k8s.io/api admission/v1, AdmissionRequest)."""

SELDON_GROUP = "machinelearning.seldon.io"


@dataclass(frozen=True, slots=True)
class Request:
    """One admission request.

    object, old_object  as JSON data; null where the operation has none
    namespace           "" for an object of the whole cluster
    """

    operation: str
    object: Any
    old_object: Any = None
    group: str = SELDON_GROUP
    version: str = "v1"
    kind: str = "SeldonDeployment"
    resource: str = "seldondeployments"
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    user_info: Mapping[str, Any] = field(default_factory=dict)
    dry_run: bool = False
    options: Mapping[str, Any] | None = None

    def as_map(self) -> dict[str, Any]:
        """Return what `request` is in an expression; empty texts are left out, as in JSON."""
        kind = {"group": self.group, "version": self.version, "kind": self.kind}
        resource = {"group": self.group, "version": self.version, "resource": self.resource}
        optional = {
            "subResource": self.subresource,
            "requestSubResource": self.subresource,
            "name": self.name,
            "namespace": self.namespace,
        }
        return {
            "uid": self.uid,
            "kind": kind,
            "resource": resource,
            "requestKind": kind,
            "requestResource": resource,
            "operation": self.operation,
            "userInfo": self.user_info,
            "dryRun": self.dry_run,
            "options": self.options,
            **{key: value for key, value in optional.items() if value},
        }


def read_request(review: Any) -> Request:
    """Return the Request in the raw `request` of an AdmissionReview. Total: any JSON value."""
    raw = review if type(review) is dict else {}
    kind, resource = mapping(raw, "kind"), mapping(raw, "resource")
    return Request(
        operation=text(raw, "operation"),
        object=raw.get("object"),
        old_object=raw.get("oldObject"),
        group=text(resource, "group"),
        version=text(resource, "version"),
        kind=text(kind, "kind"),
        resource=text(resource, "resource"),
        subresource=text(raw, "subResource"),
        namespace=text(raw, "namespace"),
        name=text(raw, "name"),
        uid=text(raw, "uid"),
        user_info=mapping(raw, "userInfo"),
        dry_run=raw.get("dryRun") is True,
        options=raw.get("options") if type(raw.get("options")) is dict else None,
    )


def request_of(
    document: Any,
    operation: str = "CREATE",
    old: Any = None,
    *,
    namespace: str | None = None,
    user: str = "",
    groups: tuple[str, ...] = (),
) -> Request:
    """Return the request that `kubectl apply` of a document would make.

    namespace  where it goes; None: where its metadata says, else "default"
    """
    shown = document if operation != "DELETE" else (old if old is not None else document)
    raw = shown if type(shown) is dict else {}
    metadata = mapping(raw, "metadata")
    group, _, version = text(raw, "apiVersion").rpartition("/")
    kind = text(raw, "kind")
    return Request(
        operation=operation,
        object=None if operation == "DELETE" else document,
        old_object=shown if operation == "DELETE" else old,
        group=group,
        version=version,
        kind=kind,
        resource=plural(kind),
        namespace=(text(metadata, "namespace") or "default") if namespace is None else namespace,
        name=text(metadata, "name"),
        user_info={"username": user, "groups": list(groups)},
    )


def plural(kind: str) -> str:
    """Return the resource of a kind, as Kubernetes guesses it (meta.UnsafeGuessKindToResource)."""
    word = kind.lower()
    if word.endswith(("s", "x", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"
