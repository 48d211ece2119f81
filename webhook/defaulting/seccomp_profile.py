"""The seccomp profile: the runtime's own, instead of the kubelet's Unconfined."""

from typing import Any

from webhook.defaulting.pod_template import PodTemplateDraft
from webhook.graph.well_known import SECCOMP_CONTAINER_ANNOTATION_PREFIX, SECCOMP_POD_ANNOTATION

_LEGACY_ANNOTATION_PREFIXES = (
    SECCOMP_POD_ANNOTATION,
    SECCOMP_CONTAINER_ANNOTATION_PREFIX,
)
"""Beginnings of the legacy seccomp annotations; a field that disagrees with one is an API error."""


def set_default(template: PodTemplateDraft, profile: str) -> None:
    """Write the profile at pod level, or at each container that has none and is not privileged.

    A template with a legacy seccomp annotation is left alone: the API server refuses a field that
    disagrees with it. So is one whose author chose a profile for the pod.
    """
    if template.get_pod_value("seccompProfile") is not None or any(
        map(_has_legacy_annotation, template.annotations)
    ):
        return
    if template.writes_pod_level and template.pod is not None:
        template.add_value(template.pod, "seccompProfile", {"type": profile})
        return
    for container in template.containers:
        if container.get("seccompProfile") is None and not container.get("privileged"):
            template.add_value(container, "seccompProfile", {"type": profile})


def _has_legacy_annotation(annotations: Any) -> bool:
    """Return whether raw annotations hold a legacy seccomp profile, for the pod or a container."""
    return isinstance(annotations, dict) and any(
        isinstance(key, str) and key.startswith(_LEGACY_ANNOTATION_PREFIXES) for key in annotations
    )
