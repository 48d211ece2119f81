"""System calls unconfined, by choice or by silence."""

from webhook.podsecurity.check import Check, Violation, field_paths, list_containers
from webhook.podsecurity.checks.seccomp_profile_baseline import forbidden_profiles
from webhook.podsecurity.pod import Pod


def check_pod(pod: Pod) -> Violation | None:
    """Demand a profile of the runtime's or a local one for the pod or for every container."""
    forbidden = forbidden_profiles(pod, CHECK.id)
    if forbidden is not None:
        return forbidden
    if pod.context.get("seccompProfile") is not None:  # an allowed one, as we are here
        return None
    violating = [c for c in pod.containers if c.context.get("seccompProfile") is None]
    if not violating:
        return None
    return Violation(
        CHECK.id,
        "seccompProfile",
        f"pod or {list_containers(violating)} must set securityContext.seccompProfile.type"
        ' to "RuntimeDefault" or "Localhost"',
        field_paths(False, violating, "seccompProfile", "type"),  # noqa: FBT003 — the pod is one way out
    )


def check_pod_since_1_25(pod: Pod) -> Violation | None:
    """Skip Windows pods: they have no seccomp."""
    return None if pod.is_windows else check_pod(pod)


CHECK = Check(
    "seccompProfile_restricted",
    "restricted",
    ((19, check_pod), (25, check_pod_since_1_25)),
    overrides=("seccompProfile_baseline",),
)
