"""The user id 0."""

from typing import Any

from webhook.podsecurity.check import Check, Violation, places, setters
from webhook.podsecurity.pod import Pod


def judge(pod: Pod) -> Violation | None:
    """Forbid runAsUser 0; at pod level even if every container has another user."""
    of_pod = _is_root(pod.context)
    guilty = [c for c in pod.containers if _is_root(c.context)]
    if not of_pod and not guilty:
        return None
    return Violation(
        CHECK.id,
        "runAsUser=0",
        f"{setters(of_pod, guilty)} must not set runAsUser=0",
        places(of_pod, guilty, "runAsUser"),
    )


def judge_since_1_35(pod: Pod) -> Violation | None:
    """Ask nothing of a pod with a user namespace of its own: its root is nobody on the node."""
    return None if pod.host_users is False else judge(pod)


def _is_root(context: dict[str, Any]) -> bool:
    user = context.get("runAsUser")
    return user == 0 and user is not False  # False == 0 in Python


CHECK = Check("runAsUser", "restricted", ((23, judge), (35, judge_since_1_35)))
