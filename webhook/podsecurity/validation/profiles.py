"""Seccomp and AppArmor profiles that the API server refuses.

Here: the profile fields. Not here: which profiles a level allows (`checks`), and the annotations
that the fields replaced (the rules malformed-kubernetes-annotation and
profile-annotation-contradicts-field).

Sources: kubernetes/kubernetes pkg/apis/core/validation/validation.go; the kubelet's
fieldSeccompProfile (pkg/kubelet/kuberuntime/helpers.go, v1.36.4).
"""

from collections.abc import Iterator
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import count_bytes
from webhook.graph.path import Path
from webhook.graph.suggest import nearest_word
from webhook.graph.text import join_words
from webhook.podsecurity.pod import Pod

_PROFILE_FIELDS = ("seccompProfile", "appArmorProfile")
_PROFILE_TYPES = ("RuntimeDefault", "Localhost", "Unconfined")
_MAX_PROFILE_SIZE = 4095  # of an AppArmor profile: PATH_MAX - 1
_BLANKS = "".join(c for c in map(chr, range(0x3001)) if c.isspace() and not "\x1c" <= c <= "\x1f")
"""What Go's TrimSpace takes off; str.strip takes four separators more."""


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
        near = nearest_word(kind, _PROFILE_TYPES)
        yield Finding(
            path / "type",
            f'"{kind}" is not a profile type; allowed: {", ".join(_PROFILE_TYPES)}',
            f'did you mean "{near}"?' if near else "",
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
        if not path:  # to the API server a path, to the kubelet none
            return "must not be empty: the container can never start"
        if path.startswith("/"):
            return "must be a relative path"
        return "must not contain '..'" if ".." in path.split("/") else None
    if (size := count_bytes(path)) > _MAX_PROFILE_SIZE:
        return f"has {size} bytes, {_MAX_PROFILE_SIZE} at most"
    return (
        None
        if path and path == path.strip(_BLANKS)
        else "must not be empty or padded with whitespace"
    )
