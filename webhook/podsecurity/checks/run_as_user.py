"""The user id 0."""

from collections.abc import Mapping
from typing import Any

from webhook.podsecurity.check import Check, Violation, field_paths, list_setters
from webhook.podsecurity.pod import Pod


def check_pod(pod: Pod) -> Violation | None:
    """Forbid runAsUser 0; at pod level even if every container has another user."""
    pod_violates = _is_root(pod.context)
    violating = [c for c in pod.containers if _is_root(c.context)]
    if not pod_violates and not violating:
        return None
    return Violation(
        CHECK.id,
        "runAsUser=0",
        f"{list_setters(pod_violates, violating)} must not set runAsUser=0",
        field_paths(pod_violates, violating, "runAsUser"),
    )


def check_pod_since_1_35(pod: Pod) -> Violation | None:
    """Skip a pod with a user namespace of its own: its root has no privileges on the node."""
    return None if pod.host_users is False else check_pod(pod)


def _is_root(context: Mapping[str, Any]) -> bool:
    user = context.get("runAsUser")
    return user == 0 and user is not False  # False == 0 in Python


CHECK = Check("runAsUser", "restricted", ((23, check_pod), (35, check_pod_since_1_35)))
