"""The seccomp profile: the runtime's own, instead of the kubelet's Unconfined."""

from typing import Any

from webhook.defaults.template import Template

_ANNOTATIONS = (
    "seccomp.security.alpha.kubernetes.io/pod",
    "container.seccomp.security.alpha.kubernetes.io/",
)
"""Beginnings of the legacy seccomp annotations; a field that disagrees with one is an API error."""


def fill(template: Template, profile: str) -> None:
    """Write the profile at pod level, or at each container that has none and is not privileged.

    A template with a legacy seccomp annotation is left alone: the API server refuses a field that
    disagrees with it. So is one whose author chose a profile for the pod.
    """
    if template.of_pod("seccompProfile") is not None or any(map(_is_legacy, template.annotations)):
        return
    if template.at_pod and template.pod is not None:
        template.add(template.pod, "seccompProfile", {"type": profile})
        return
    for container in template.containers:
        if container.get("seccompProfile") is None and not container.get("privileged"):
            template.add(container, "seccompProfile", {"type": profile})


def _is_legacy(annotations: Any) -> bool:
    """Tell whether raw annotations hold a legacy seccomp profile, for the pod or a container."""
    return isinstance(annotations, dict) and any(
        isinstance(key, str) and key.startswith(_ANNOTATIONS) for key in annotations
    )
