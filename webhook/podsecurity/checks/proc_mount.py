"""An unmasked /proc."""

from webhook.podsecurity.check import Check, Violation, field_paths, list_containers, quote_words
from webhook.podsecurity.pod import Pod, as_str


def check_pod(pod: Pod, check: str = "procMount") -> Violation | None:
    """Allow only the procMount Default."""
    violating = [c for c in pod.containers if c.context.get("procMount") not in (None, "Default")]
    if not violating:
        return None
    types = sorted({as_str(c.context["procMount"]) for c in violating})
    return Violation(
        check,
        "procMount",
        f"{list_containers(violating)} must not set securityContext.procMount to "
        f"{quote_words(types)}",
        field_paths(False, violating, "procMount"),  # noqa: FBT003 — no such field at pod level
    )


def check_pod_since_1_35(pod: Pod) -> Violation | None:
    """Allow any procMount in a pod with a user namespace of its own."""
    return None if pod.host_users is False else check_pod(pod)


CHECK = Check("procMount", "baseline", ((0, check_pod), (35, check_pod_since_1_35)))
