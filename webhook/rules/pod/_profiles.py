"""What the rules on the annotations of seccomp and AppArmor share: the profiles of a pod."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from webhook.graph.model import get_mapping, get_str, iter_mappings
from webhook.graph.well_known import (
    APPARMOR_ANNOTATION_PREFIX,
    SECCOMP_CONTAINER_ANNOTATION_PREFIX,
    SECCOMP_POD_ANNOTATION,
)
from webhook.rules._format import name_container

SECCOMP, APPARMOR = "seccompProfile", "appArmorProfile"
LOCALHOST_PREFIX = "localhost/"

_ANNOTATED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    SECCOMP: {
        "Unconfined": ("unconfined",),
        "RuntimeDefault": ("runtime/default", "docker/default"),
    },
    APPARMOR: {"Unconfined": ("unconfined",), "RuntimeDefault": ("runtime/default",)},
}
"""By the field and the type of a profile: the annotations that mean the same."""


class Profile(NamedTuple):
    """A profile of a pod or container: its field, its value ({}: none), whose it is.

    inherited  the value of the pod's, for a container
    """

    field: str
    value: Mapping[str, Any]
    owner: str
    inherited: Mapping[str, Any]


def iter_profiles(spec: Mapping[str, Any]) -> Iterator[tuple[str, Profile]]:
    """Yield the profiles of a pod and its containers, with the annotation about the same.

    A Windows pod has no AppArmor.
    """
    context = get_mapping(spec, "securityContext")
    seccomp, apparmor = get_mapping(context, SECCOMP), get_mapping(context, APPARMOR)
    yield SECCOMP_POD_ANNOTATION, Profile(SECCOMP, seccomp, "the pod", {})
    reads_apparmor = get_mapping(spec, "os").get("name") != "windows"
    for list_field in ("initContainers", "containers"):
        for _, container in iter_mappings(spec, list_field):
            name = get_str(container, "name")
            owner = name_container(name)
            own = get_mapping(container, "securityContext")
            profile = Profile(SECCOMP, get_mapping(own, SECCOMP), owner, seccomp)
            yield f"{SECCOMP_CONTAINER_ANNOTATION_PREFIX}{name}", profile
            if reads_apparmor:
                profile = Profile(APPARMOR, get_mapping(own, APPARMOR), owner, apparmor)
                yield f"{APPARMOR_ANNOTATION_PREFIX}{name}", profile


def means(annotation: str, field: str, value: Mapping[str, Any]) -> bool:
    """Return whether an annotation and a profile are the same, or the profile has no known type."""
    kind = get_str(value, "type")
    if kind == "Localhost":
        return annotation == f"{LOCALHOST_PREFIX}{get_str(value, 'localhostProfile')}"
    return annotation in _ANNOTATED[field].get(kind, (annotation,))
