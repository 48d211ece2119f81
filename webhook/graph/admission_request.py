"""One admission request, read once: an operation on an object, for the engine and for policies.

Not here: the AdmissionReview around it (`webhook.admission`).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from webhook.graph.model import EMPTY_MAPPING, get_mapping, get_str
from webhook.graph.well_known import SELDON_GROUP, SELDON_KIND, SELDON_RESOURCE

SCALE_GROUP, SCALE_KIND = "autoscaling", "Scale"


class AdmissionRequest(NamedTuple):
    """One admission request.

    object, old_object  as JSON data; null where the operation has none
    group, version      of the resource; of the kind too, unless kind_group_version says otherwise,
                        as for the Scale of a SeldonDeployment: ("autoscaling", "v1")
    namespace           "" for an object of the whole cluster
    """

    operation: str
    object: Any
    old_object: Any = None
    group: str = SELDON_GROUP
    version: str = "v1"
    kind: str = SELDON_KIND
    resource: str = SELDON_RESOURCE
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    user_info: Mapping[str, Any] = EMPTY_MAPPING
    dry_run: bool = False
    options: Mapping[str, Any] | None = None
    kind_group_version: tuple[str, str] | None = None

    @property
    def is_object_change(self) -> bool:
        """Whether a SeldonDeployment is created or updated."""
        return self._is_change and not self.subresource

    @property
    def is_scale_change(self) -> bool:
        """Whether its Scale is: the subresource that `kubectl scale` updates."""
        return self._is_change and self.subresource == "scale"

    @property
    def _is_change(self) -> bool:
        return (
            self.group == SELDON_GROUP
            and self.resource == SELDON_RESOURCE
            and self.operation in ("CREATE", "UPDATE")
        )

    @property
    def object_name(self) -> str:
        """The name to show; on CREATE with generateName the request has none."""
        metadata = get_mapping(self.object, "metadata") if type(self.object) is dict else {}
        return self.name or get_str(metadata, "name") or get_str(metadata, "generateName")

    def to_cel_map(self) -> dict[str, Any]:
        """Return what `request` is in an expression; empty texts are left out, as in JSON."""
        kind_group, kind_version = self.kind_group_version or (self.group, self.version)
        kind = {"group": kind_group, "version": kind_version, "kind": self.kind}
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


def read_request(raw_request: Any) -> AdmissionRequest:
    """Return the request in the raw `request` of an AdmissionReview. Total: any JSON value."""
    raw = raw_request if type(raw_request) is dict else {}
    kind, resource = get_mapping(raw, "kind"), get_mapping(raw, "resource")
    return AdmissionRequest(
        operation=get_str(raw, "operation"),
        object=raw.get("object"),
        old_object=raw.get("oldObject"),
        group=get_str(resource, "group"),
        version=get_str(resource, "version"),
        kind=get_str(kind, "kind"),
        resource=get_str(resource, "resource"),
        subresource=get_str(raw, "subResource"),
        namespace=get_str(raw, "namespace"),
        name=get_str(raw, "name"),
        uid=get_str(raw, "uid"),
        user_info=get_mapping(raw, "userInfo"),
        dry_run=raw.get("dryRun") is True,
        options=raw.get("options") if type(raw.get("options")) is dict else None,
        kind_group_version=(get_str(kind, "group"), get_str(kind, "version")) if kind else None,
    )


def apply_request(
    document: Any,
    operation: str = "CREATE",
    old_object: Any = None,
    *,
    namespace: str | None = None,
    user: str = "",
    groups: tuple[str, ...] = (),
) -> AdmissionRequest:
    """Return the request that `kubectl apply` of a document would make.

    namespace  where it goes; None: where its metadata says, else "default"

    A Scale is taken for that of a SeldonDeployment: the subresource that `kubectl scale` updates.
    """
    subject = (
        document if operation != "DELETE" else (old_object if old_object is not None else document)
    )
    raw = subject if type(subject) is dict else {}
    metadata = get_mapping(raw, "metadata")
    group, _, version = get_str(raw, "apiVersion").rpartition("/")
    kind = get_str(raw, "kind")
    is_scale = (group, kind) == (SCALE_GROUP, SCALE_KIND)
    return AdmissionRequest(
        operation=operation,
        object=None if operation == "DELETE" else document,
        old_object=subject if operation == "DELETE" else old_object,
        group=SELDON_GROUP if is_scale else group,
        version="v1" if is_scale else version,
        kind=kind,
        kind_group_version=(group, version),
        resource=SELDON_RESOURCE if is_scale else guess_resource(kind),
        subresource="scale" if is_scale else "",
        namespace=(get_str(metadata, "namespace") or "default") if namespace is None else namespace,
        name=get_str(metadata, "name"),
        user_info={"username": user, "groups": list(groups)},
    )


def guess_resource(kind: str) -> str:
    """Return the resource of a kind, as Kubernetes guesses it (meta.UnsafeGuessKindToResource)."""
    word = kind.lower()
    if word.endswith("endpoints"):
        return word
    if word.endswith(("s", "x", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"
