"""Privileged containers: they are root on the node."""

from webhook.podsecurity.check import Check, Violation, field_paths, list_containers
from webhook.podsecurity.pod import Pod


def check_pod(pod: Pod) -> Violation | None:
    """Forbid privileged true."""
    violating = [c for c in pod.containers if c.context.get("privileged")]
    if not violating:
        return None
    return Violation(
        CHECK.id,
        "privileged",
        f"{list_containers(violating)} must not set securityContext.privileged=true",
        field_paths(False, violating, "privileged"),  # noqa: FBT003 — no such field at pod level
    )


CHECK = Check("privileged", "baseline", ((0, check_pod),))
