"""The values a container really runs with, and where each comes from.

Here: inheritance from pod to container, what an unset field means. Not here: whether a value is
allowed (`evaluate`), or was written by a default (the caller knows both documents).

Source: kubernetes/kubernetes pkg/securitycontext/util.go; API reference of SecurityContext.
"""

from dataclasses import dataclass
from typing import Any, Literal

from webhook.graph.path import Path
from webhook.podsecurity.pod import INHERITED_FIELDS, Container, ContainerKind, Pod

ValueOrigin = Literal["container", "pod", "none"]

UNSET_MEANINGS: dict[str, str] = {
    "runAsUser": "the image's user, root if it names none",
    "runAsGroup": "the image's group for that user, else 0",
    "runAsNonRoot": "root is not refused",
    "seccompProfile": "unconfined, unless the kubelet sets its default",
    "appArmorProfile": "the runtime's default",
    "seLinuxOptions": "chosen by the runtime",
    "capabilities": "the runtime's default set",
    "privileged": "no",
    "allowPrivilegeEscalation": "allowed",
    "readOnlyRootFilesystem": "writable",
    "procMount": "Default",
}
"""Each field that has an effective value, with its default."""


@dataclass(frozen=True, slots=True)
class EffectiveValue:
    """The effective value of one field; `place` is where it is written, or would be."""

    value: Any
    origin: ValueOrigin
    path: Path


@dataclass(frozen=True, slots=True)
class EffectiveSecurityContext:
    """The effective values of one container, by field, every key of UNSET among them."""

    container: str
    kind: ContainerKind
    path: Path
    values: dict[str, EffectiveValue]


def get_effective_contexts(pod: Pod) -> tuple[EffectiveSecurityContext, ...]:
    """Return the effective values of every container: init, app, then ephemeral ones."""
    return tuple(
        EffectiveSecurityContext(
            container.name,
            container.kind,
            container.path,
            {field: get_effective_value(container, field) for field in UNSET_MEANINGS},
        )
        for container in pod.containers
    )


def get_effective_value(container: Container, field: str) -> EffectiveValue:
    """Return what one field is for a container. null counts as unset."""
    container_value = container.context.get(field)
    path = container.path / "securityContext" / field
    if container_value is not None:
        return EffectiveValue(container_value, "container", path)
    if field in INHERITED_FIELDS and (inherited := container.pod_context.get(field)) is not None:
        return EffectiveValue(inherited, "pod", Path(("spec", "securityContext", field)))
    return EffectiveValue(None, "none", path)
