"""System calls unconfined by choice."""

from webhook.graph.model import as_mapping
from webhook.graph.path import Path
from webhook.graph.text import pluralize
from webhook.graph.well_known import SECCOMP_CONTAINER_ANNOTATION_PREFIX, SECCOMP_POD_ANNOTATION
from webhook.podsecurity.check import (
    Check,
    Violation,
    field_paths,
    go_quote,
    list_setters,
    quote_words,
)
from webhook.podsecurity.pod import Container, Pod, as_str

_ALLOWED = ("RuntimeDefault", "Localhost")


def check_pod(pod: Pod) -> Violation | None:
    """Allow as annotation only the runtime's profile and local ones (before 1.19)."""
    if not pod.annotations:
        return None
    keys = {
        SECCOMP_POD_ANNOTATION,
        *(SECCOMP_CONTAINER_ANNOTATION_PREFIX + container.name for container in pod.containers),
    }
    violating = sorted(
        (f"{key}={go_quote(value)}", key)
        for key in keys
        if key in pod.annotations
        and (value := as_str(pod.annotations[key])) not in ("runtime/default", "docker/default")
        and not value.startswith("localhost/")
    )
    if not violating:
        return None
    return Violation(
        CHECK.id,
        "seccompProfile",
        f"forbidden {pluralize(len(violating), 'annotation')} "
        f"{', '.join(word for word, _ in violating)}",
        tuple(Path(("metadata", "annotations", key)) for _, key in violating),
    )


def check_pod_since_1_19(pod: Pod) -> Violation | None:
    """Allow as field only RuntimeDefault and Localhost; an object without a type is neither."""
    return forbidden_profiles(pod, CHECK.id)


def forbidden_profiles(pod: Pod, check_id: str) -> Violation | None:
    """Return what forbids the profiles that are set, None if all of them are allowed."""
    pod_profile = pod.context.get("seccompProfile")
    pod_violates = pod_profile is not None and as_mapping(pod_profile).get("type") not in _ALLOWED
    violating = [c for c in pod.containers if _violates(c)]
    if not pod_violates and not violating:
        return None
    profiles = [pod_profile] if pod_violates else []
    profiles += [c.context["seccompProfile"] for c in violating]
    types = sorted({as_str(as_mapping(profile).get("type")) for profile in profiles})
    return Violation(
        check_id,
        "seccompProfile",
        f"{list_setters(pod_violates, violating)} must not set securityContext.seccompProfile.type"
        f" to {quote_words(types)}",
        field_paths(pod_violates, violating, "seccompProfile", "type"),
    )


def _violates(container: Container) -> bool:
    profile = container.context.get("seccompProfile")
    return profile is not None and as_mapping(profile).get("type") not in _ALLOWED


CHECK = Check("seccompProfile_baseline", "baseline", ((0, check_pod), (19, check_pod_since_1_19)))
