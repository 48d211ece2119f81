"""System calls unconfined by choice."""

from webhook.graph.path import Path
from webhook.podsecurity.check import Check, Violation, escaped, places, plural, quoted, setters
from webhook.podsecurity.pod import Container, Pod, mapping, text

_OF_POD = "seccomp.security.alpha.kubernetes.io/pod"
_OF_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
_ALLOWED = ("RuntimeDefault", "Localhost")


def judge(pod: Pod) -> Violation | None:
    """Allow as annotation only the runtime's profile and local ones (before 1.19)."""
    if not pod.annotations:
        return None
    keys = {_OF_POD, *(_OF_CONTAINER + container.name for container in pod.containers)}
    guilty = sorted(
        (f"{key}={escaped(value)}", key)
        for key in keys
        if key in pod.annotations
        and (value := text(pod.annotations[key])) not in ("runtime/default", "docker/default")
        and not value.startswith("localhost/")
    )
    if not guilty:
        return None
    return Violation(
        CHECK.id,
        "seccompProfile",
        f"forbidden {plural(len(guilty), 'annotation')} {', '.join(word for word, _ in guilty)}",
        tuple(Path(("metadata", "annotations", key)) for _, key in guilty),
    )


def judge_since_1_19(pod: Pod) -> Violation | None:
    """Allow as field only RuntimeDefault and Localhost; an object without a type is neither."""
    return forbidden_profiles(pod, CHECK.id)


def forbidden_profiles(pod: Pod, check: str) -> Violation | None:
    """Return what forbids the profiles that are set, None if all of them are allowed."""
    own = pod.context.get("seccompProfile")
    of_pod = own is not None and mapping(own).get("type") not in _ALLOWED
    guilty = [c for c in pod.containers if _is_guilty(c)]
    if not of_pod and not guilty:
        return None
    profiles = [own] if of_pod else []
    profiles += [c.context["seccompProfile"] for c in guilty]
    types = sorted({text(mapping(profile).get("type")) for profile in profiles})
    return Violation(
        check,
        "seccompProfile",
        f"{setters(of_pod, guilty)} must not set securityContext.seccompProfile.type"
        f" to {quoted(types)}",
        places(of_pod, guilty, "seccompProfile", "type"),
    )


def _is_guilty(container: Container) -> bool:
    profile = container.context.get("seccompProfile")
    return profile is not None and mapping(profile).get("type") not in _ALLOWED


CHECK = Check("seccompProfile_baseline", "baseline", ((0, judge), (19, judge_since_1_19)))
