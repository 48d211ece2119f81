"""Processes that may gain more privileges than their parent (setuid programs)."""

from webhook.podsecurity.check import Check, Violation, field_paths, list_containers
from webhook.podsecurity.pod import Pod

_FIELD = "allowPrivilegeEscalation"


def check_pod(pod: Pod) -> Violation | None:
    """Demand allowPrivilegeEscalation false of every container."""
    violating = [c for c in pod.containers if c.context.get(_FIELD) is not False]
    if not violating:
        return None
    return Violation(
        CHECK.id,
        "allowPrivilegeEscalation != false",
        f"{list_containers(violating)} must set securityContext.allowPrivilegeEscalation=false",
        field_paths(False, violating, _FIELD),  # noqa: FBT003 — no such field at pod level
    )


def check_pod_since_1_25(pod: Pod) -> Violation | None:
    """Skip Windows pods: the field is not allowed there."""
    return None if pod.is_windows else check_pod(pod)


CHECK = Check(
    "allowPrivilegeEscalation", "restricted", ((8, check_pod), (25, check_pod_since_1_25))
)
