"""A pod as the checks see it: raw values, and the lookups that every check needs, made once.

Here: reading a raw PodSpec and metadata, effective values of one container. Not here: verdicts.

Total: a value of the wrong type anywhere is not an exception. Where a field must not be set, a
wrong type that is true in Python counts as set; where a field must be set, a wrong type counts as
not set; a part that should be a mapping or list and is not counts as empty. That errs on the side
of a finding, and the schema refuses the object for its types anyway.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, TypeGuard

from webhook.graph.model import EMPTY_MAPPING, as_mapping, get_list
from webhook.graph.path import Path

ContainerKind = Literal["initContainers", "containers", "ephemeralContainers"]
CONTAINER_KINDS: Final[tuple[ContainerKind, ...]] = (
    "initContainers",
    "containers",
    "ephemeralContainers",
)
"""The lists of containers, in the order in which upstream visits them."""

POD_CONTEXT_PATH: Final = Path(("spec", "securityContext"))

INHERITED_FIELDS: Final = frozenset(
    {
        "runAsUser",
        "runAsGroup",
        "runAsNonRoot",
        "seLinuxOptions",
        "seccompProfile",
        "appArmorProfile",
    }
)
"""Fields that a container takes from the pod where its own is unset (windowsOptions: see below).

Source: kubernetes/kubernetes pkg/securitycontext/util.go, DetermineEffectiveSecurityContext.
Objects are inherited whole. windowsOptions merges field by field.
"""


class Container:
    """One container: where it is, its name, its security context ({} if it has none)."""

    __slots__ = ("capabilities", "context", "index", "kind", "name", "pod_context", "raw")

    def __init__(
        self, raw: Any, kind: ContainerKind, index: int, pod_context: Mapping[str, Any]
    ) -> None:
        fields = raw if type(raw) is dict else as_mapping(raw)
        self.raw: Mapping[str, Any] = fields
        self.kind = kind
        self.index = index
        self.pod_context = pod_context
        name = fields.get("name")
        self.name: str = name if type(name) is str else as_str(name)
        context = fields.get("securityContext")
        self.context: Mapping[str, Any] = context if type(context) is dict else as_mapping(context)
        capabilities = self.context.get("capabilities")
        self.capabilities: Mapping[str, Any] = (
            as_mapping(capabilities) if capabilities else EMPTY_MAPPING
        )

    @property
    def path(self) -> Path:
        """The container's place, relative to the pod template: spec.containers[0]."""
        return Path(("spec", self.kind, self.index))

    def get_effective(self, field: str) -> Any:
        """Return the value a container runs with: its own, else the pod's where it inherits it."""
        value = self.context.get(field)
        if value is None and field in INHERITED_FIELDS:
            return self.pod_context.get(field)
        return value


class Pod:
    """One pod, or the template of one.

    spec         the raw PodSpec ({} if it is not a mapping)
    context      its securityContext ({} if it has none)
    annotations  of the pod's metadata
    containers   init, app and ephemeral containers in this order
    is_windows   whether os.name says so; a nodeSelector does not count (upstream's rule)
    host_users   False: the pod has a user namespace of its own
    """

    __slots__ = ("annotations", "containers", "context", "host_users", "is_windows", "spec")

    def __init__(self, spec: Any, metadata: Any = None) -> None:
        fields: Mapping[str, Any] = spec if type(spec) is dict else as_mapping(spec)
        self.spec = fields
        context = fields.get("securityContext")
        self.context: Mapping[str, Any] = context if type(context) is dict else as_mapping(context)
        self.annotations: Mapping[str, Any] = as_mapping(as_mapping(metadata).get("annotations"))
        self.containers = tuple(
            [
                Container(raw, kind, index, self.context)
                for kind in CONTAINER_KINDS
                if (raws := fields.get(kind)) and isinstance(raws, list)
                for index, raw in enumerate(raws)
            ]
        )
        os_field = fields.get("os")
        self.is_windows = isinstance(os_field, dict) and os_field.get("name") == "windows"
        self.host_users: Any = fields.get("hostUsers")

    def iter_contexts(self) -> Iterator[tuple[Path, Mapping[str, Any]]]:
        """Yield every security context that is there, the pod's, then containers', with places."""
        if self.context:
            yield POD_CONTEXT_PATH, self.context
        for container in self.containers:
            if container.context:
                yield container.path / "securityContext", container.context

    @property
    def volumes(self) -> list[Mapping[str, Any]]:
        """The raw volumes; an entry that is not a mapping counts as {}."""
        return [as_mapping(volume) for volume in get_list(self.spec, "volumes")]


def as_str(value: Any) -> str:
    """Return a string as it is, "" for null, and what Python writes for anything else."""
    if isinstance(value, str):
        return value
    return "" if value is None else str(value)


def is_int(value: Any) -> TypeGuard[int]:
    """Return whether a value is an integer number; True and False are not."""
    return type(value) is int
