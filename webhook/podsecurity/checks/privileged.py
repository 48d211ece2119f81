"""Privileged containers: they are root on the node."""

from webhook.podsecurity.check import Check, Violation, named, places
from webhook.podsecurity.pod import Pod


def judge(pod: Pod) -> Violation | None:
    """Forbid privileged true."""
    guilty = [c for c in pod.containers if c.context.get("privileged")]
    if not guilty:
        return None
    return Violation(
        CHECK.id,
        "privileged",
        f"{named(guilty)} must not set securityContext.privileged=true",
        places(False, guilty, "privileged"),  # noqa: FBT003 — no such field at pod level
    )


CHECK = Check("privileged", "baseline", ((0, judge),))
