"""The values a container really runs with, and where each comes from.

Here: inheritance from pod to container, what an unset field means. Not here: whether a value is
allowed (`evaluate`), or was written by a default (the caller knows both documents).

Source: kubernetes/kubernetes pkg/securitycontext/util.go; API reference of SecurityContext.
"""

from dataclasses import dataclass
from typing import Any, Literal

from webhook.graph.path import Path
from webhook.podsecurity.pod import INHERITED, Container, Kind, Pod

Origin = Literal["container", "pod", "none"]

UNSET: dict[str, str] = {
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
"""Each field that has an effective value, with what holds if nobody sets it."""


@dataclass(frozen=True, slots=True)
class Value:
    """The effective value of one field; `place` is where it is written, or would be."""

    value: Any
    origin: Origin
    place: Path


@dataclass(frozen=True, slots=True)
class EffectiveContext:
    """The effective values of one container, by field, every key of UNSET among them."""

    container: str
    kind: Kind
    place: Path
    values: dict[str, Value]


def effective_contexts(pod: Pod) -> tuple[EffectiveContext, ...]:
    """Return the effective values of every container: init, app, then ephemeral ones."""
    return tuple(
        EffectiveContext(
            container.name,
            container.kind,
            container.place,
            {field: effective_value(container, field) for field in UNSET},
        )
        for container in pod.containers
    )


def effective_value(container: Container, field: str) -> Value:
    """Return what one field is for a container. null counts as unset."""
    own = container.context.get(field)
    place = container.place / "securityContext" / field
    if own is not None:
        return Value(own, "container", place)
    if field in INHERITED and (inherited := container.pod_context.get(field)) is not None:
        return Value(inherited, "pod", Path(("spec", "securityContext", field)))
    return Value(None, "none", place)
