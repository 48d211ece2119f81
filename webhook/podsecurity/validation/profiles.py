"""Seccomp and AppArmor profiles that the API server refuses.

Here: the profile fields alone, and beside the annotations they replaced. Not here: which profiles
a level allows (`checks`).

Source: kubernetes/kubernetes pkg/apis/core/validation/validation.go.
"""

from collections.abc import Iterator
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.path import Path
from webhook.graph.text import join_words
from webhook.graph.well_known import (
    APPARMOR_ANNOTATION_PREFIX,
    SECCOMP_CONTAINER_ANNOTATION_PREFIX,
    SECCOMP_POD_ANNOTATION,
)
from webhook.podsecurity.pod import POD_CONTEXT_PATH, Pod

_PROFILE_FIELDS = ("seccompProfile", "appArmorProfile")
_PROFILE_TYPES = ("RuntimeDefault", "Localhost", "Unconfined")
_MAX_PROFILE_LENGTH = 4095  # of an AppArmor profile: PATH_MAX - 1


def check_profile_fields(pod: Pod) -> Iterator[Finding]:
    """Yield what is wrong with the profile fields of a pod and its containers."""
    for path, context in pod.iter_contexts():
        for field in _PROFILE_FIELDS:
            profile = context.get(field)
            if isinstance(profile, dict):
                yield from _check_profile(path / field, profile)


def _check_profile(path: Path, profile: dict[str, Any]) -> Iterator[Finding]:
    kind, local = profile.get("type"), profile.get("localhostProfile")
    rule = "pod-security/malformed-profile"
    if kind is None or kind == "":
        yield Finding(
            path, "has no type", f"set type to {join_words(_PROFILE_TYPES, 'or')}", rule_id=rule
        )
    elif isinstance(kind, str) and kind not in _PROFILE_TYPES:
        yield Finding(
            path / "type",
            f'"{kind}" is not a profile type; allowed: {", ".join(_PROFILE_TYPES)}',
            rule_id=rule,
        )
    if (kind == "Localhost") != (local is not None):
        yield Finding(
            path / "localhostProfile",
            "must be set if and only if the type is Localhost",
            rule_id=rule,
        )
    elif isinstance(local, str) and (error := _explain_invalid_path(str(path[-1]), local)):
        yield Finding(path / "localhostProfile", f'"{local}" {error}', rule_id=rule)


def _explain_invalid_path(field: str, path: str) -> str | None:
    if field == "seccompProfile":  # a path below the kubelet's folder of profiles
        if path.startswith("/"):
            return "must be a relative path"
        return "must not contain '..'" if ".." in path.split("/") else None
    if len(path) > _MAX_PROFILE_LENGTH:
        return f"has {len(path)} characters, {_MAX_PROFILE_LENGTH} at most"
    return None if path and path == path.strip() else "must not be empty or padded with whitespace"


def check_profile_annotations(pod: Pod) -> Iterator[Finding]:
    """Yield the legacy annotations whose value is not a profile.

    An AppArmor annotation of a container that is not in the template passes: the container may be
    injected.
    """
    for key, value in pod.annotations.items():
        if not isinstance(key, str) or not isinstance(value, str):
            continue
        if key.startswith(APPARMOR_ANNOTATION_PREFIX):
            known: tuple[str, ...] = ("", "runtime/default", "unconfined")
        elif key == SECCOMP_POD_ANNOTATION or key.startswith(SECCOMP_CONTAINER_ANNOTATION_PREFIX):
            known = ("runtime/default", "docker/default", "unconfined")
        else:
            continue
        if value not in known and not value.startswith("localhost/"):
            yield Finding(
                Path(("metadata", "annotations", key)),
                f'"{value}" is not a valid profile',
                "remove the annotation; it has no effect any more",
                rule_id="pod-security/malformed-profile",
            )


def check_profile_agreement(pod: Pod) -> Iterator[Finding]:
    """Yield the profile fields that disagree with a legacy annotation of the same template."""
    if not pod.annotations:
        return
    pod_profile = pod.context.get("seccompProfile")
    yield from _check_agreement(
        "seccomp", POD_CONTEXT_PATH / "seccompProfile", pod_profile, SECCOMP_POD_ANNOTATION, pod
    )
    for container in pod.containers:
        path = container.path / "securityContext"
        pod_profile = container.context.get("seccompProfile")
        key = SECCOMP_CONTAINER_ANNOTATION_PREFIX + container.name
        yield from _check_agreement("seccomp", path / "seccompProfile", pod_profile, key, pod)
        if not pod.is_windows:
            # unlike seccomp's, this annotation is compared with what the container inherits
            inherited = container.get_effective("appArmorProfile")
            key = APPARMOR_ANNOTATION_PREFIX + container.name
            yield from _check_agreement("apparmor", path / "appArmorProfile", inherited, key, pod)


def _check_agreement(name: str, path: Path, profile: Any, key: str, pod: Pod) -> Iterator[Finding]:
    annotation = pod.annotations.get(key)
    if not isinstance(profile, dict) or not isinstance(annotation, str):
        return
    kind = profile.get("type")
    default = ("runtime/default", "docker/default") if name == "seccomp" else ("runtime/default",)
    expected = {
        "Unconfined": ("unconfined",),
        "RuntimeDefault": default,
        "Localhost": (f"localhost/{profile.get('localhostProfile')}",),
    }
    if isinstance(kind, str) and annotation not in expected.get(kind, (annotation,)):
        yield Finding(
            path,
            f'type {kind} and annotation {key} "{annotation}" disagree',
            f'the API server would say "{name} type in annotation and field must match"; '
            "remove the annotation; it has no effect any more",
            rule_id="pod-security/profile-against-annotation",
        )
