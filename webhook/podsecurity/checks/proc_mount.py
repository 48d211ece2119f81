"""An unmasked /proc."""

from webhook.podsecurity.check import Check, Violation, named, places, quoted
from webhook.podsecurity.pod import Pod, text


def judge(pod: Pod, check: str = "procMount") -> Violation | None:
    """Allow only the procMount Default."""
    guilty = [c for c in pod.containers if c.context.get("procMount") not in (None, "Default")]
    if not guilty:
        return None
    types = sorted({text(c.context["procMount"]) for c in guilty})
    return Violation(
        check,
        "procMount",
        f"{named(guilty)} must not set securityContext.procMount to {quoted(types)}",
        places(False, guilty, "procMount"),  # noqa: FBT003 — no such field at pod level
    )


def judge_since_1_35(pod: Pod) -> Violation | None:
    """Allow any procMount in a pod with a user namespace of its own."""
    return None if pod.host_users is False else judge(pod)


CHECK = Check("procMount", "baseline", ((0, judge), (35, judge_since_1_35)))
