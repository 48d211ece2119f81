"""Processes that may gain more privileges than their parent (setuid programs)."""

from webhook.podsecurity.check import Check, Violation, named, places
from webhook.podsecurity.pod import Pod

_FIELD = "allowPrivilegeEscalation"


def judge(pod: Pod) -> Violation | None:
    """Demand allowPrivilegeEscalation false of every container."""
    guilty = [c for c in pod.containers if c.context.get(_FIELD) is not False]
    if not guilty:
        return None
    return Violation(
        CHECK.id,
        "allowPrivilegeEscalation != false",
        f"{named(guilty)} must set securityContext.allowPrivilegeEscalation=false",
        places(False, guilty, _FIELD),  # noqa: FBT003 — no such field at pod level
    )


def judge_since_1_25(pod: Pod) -> Violation | None:
    """Ask nothing of Windows pods: the field is not allowed there."""
    return None if pod.windows else judge(pod)


CHECK = Check("allowPrivilegeEscalation", "restricted", ((8, judge), (25, judge_since_1_25)))
