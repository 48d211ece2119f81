"""Seccomp and AppArmor profiles that the API server refuses.

Here: the profile fields alone, and beside the annotations they replaced. Not here: which profiles
a level allows (`checks`).

Source: kubernetes/kubernetes pkg/apis/core/validation/validation.go.
"""

from collections.abc import Iterator
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.path import Path
from webhook.podsecurity.pod import Pod

_PROFILES = ("seccompProfile", "appArmorProfile")
_PROFILE_TYPES = ("RuntimeDefault", "Localhost", "Unconfined")
_POD = Path(("spec", "securityContext"))
_LONGEST_PROFILE = 4095  # of an AppArmor profile: PATH_MAX - 1
_SECCOMP_OF_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_OF_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
_APPARMOR_OF_CONTAINER = "container.apparmor.security.beta.kubernetes.io/"


def unusable_profiles(pod: Pod) -> Iterator[Finding]:
    """Yield what is wrong with the profile fields of a pod and its containers."""
    for place, context in pod.contexts():
        for field in _PROFILES:
            profile = context.get(field)
            if isinstance(profile, dict):
                yield from _unusable_profile(place / field, profile)


def _unusable_profile(place: Path, profile: dict[str, Any]) -> Iterator[Finding]:
    kind, local = profile.get("type"), profile.get("localhostProfile")
    rule = "pod-security/unusable-profile"
    if kind is None or kind == "":
        yield Finding(place, "has no type", f"set type to {' or '.join(_PROFILE_TYPES)}", rule=rule)
    elif isinstance(kind, str) and kind not in _PROFILE_TYPES:
        yield Finding(place / "type", f'"{kind}" is none of {", ".join(_PROFILE_TYPES)}', rule=rule)
    if (kind == "Localhost") != (local is not None):
        yield Finding(
            place / "localhostProfile",
            "must be set if and only if the type is Localhost",
            rule=rule,
        )
    elif isinstance(local, str) and (fault := _path_fault(str(place[-1]), local)):
        yield Finding(place / "localhostProfile", f'"{local}" {fault}', rule=rule)


def _path_fault(field: str, path: str) -> str | None:
    if field == "seccompProfile":  # a path below the kubelet's folder of profiles
        if path.startswith("/"):
            return "must be a relative path"
        return "must not contain '..'" if ".." in path.split("/") else None
    if len(path) > _LONGEST_PROFILE:
        return f"has {len(path)} characters, more than {_LONGEST_PROFILE}"
    return None if path and path == path.strip() else "must not be empty or padded with whitespace"


def unusable_annotations(pod: Pod) -> Iterator[Finding]:
    """Yield the legacy annotations whose value is no profile.

    An AppArmor annotation of a container that is not in the template passes: the container may be
    injected.
    """
    for key, value in pod.annotations.items():
        if not isinstance(key, str) or not isinstance(value, str):
            continue
        if key.startswith(_APPARMOR_OF_CONTAINER):
            known: tuple[str, ...] = ("", "runtime/default", "unconfined")
        elif key == _SECCOMP_OF_POD or key.startswith(_SECCOMP_OF_CONTAINER):
            known = ("runtime/default", "docker/default", "unconfined")
        else:
            continue
        if value not in known and not value.startswith("localhost/"):
            yield Finding(
                Path(("metadata", "annotations", key)),
                f'"{value}" is no profile',
                "remove the annotation, it has no effect any more",
                rule="pod-security/unusable-profile",
            )


def profiles_against_annotations(pod: Pod) -> Iterator[Finding]:
    """Yield the profile fields that disagree with a legacy annotation of the same template."""
    if not pod.annotations:
        return
    own = pod.context.get("seccompProfile")
    yield from _against("seccomp", _POD / "seccompProfile", own, _SECCOMP_OF_POD, pod)
    for container in pod.containers:
        place = container.place / "securityContext"
        own = container.context.get("seccompProfile")
        key = _SECCOMP_OF_CONTAINER + container.name
        yield from _against("seccomp", place / "seccompProfile", own, key, pod)
        if not pod.windows:
            # unlike seccomp's, this annotation is held against what the container inherits
            inherited = container.effective("appArmorProfile")
            key = _APPARMOR_OF_CONTAINER + container.name
            yield from _against("apparmor", place / "appArmorProfile", inherited, key, pod)


def _against(name: str, place: Path, profile: Any, key: str, pod: Pod) -> Iterator[Finding]:
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
            place,
            f'type {kind} and annotation {key} "{annotation}" disagree',
            f'the API server would say "{name} type in annotation and field must match"; '
            "remove the annotation, it has no effect any more",
            rule="pod-security/profile-against-annotation",
        )
