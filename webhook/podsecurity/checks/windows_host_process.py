"""Windows containers that are processes of the node."""

from typing import Any

from webhook.podsecurity.check import Check, Violation, places, setters
from webhook.podsecurity.pod import Pod, mapping


def judge(pod: Pod) -> Violation | None:
    """Forbid windowsOptions.hostProcess true."""
    of_pod = _is_host_process(pod.context)
    guilty = [c for c in pod.containers if _is_host_process(c.context)]
    if not of_pod and not guilty:
        return None
    return Violation(
        CHECK.id,
        "hostProcess",
        f"{setters(of_pod, guilty)} must not set securityContext.windowsOptions.hostProcess=true",
        places(of_pod, guilty, "windowsOptions", "hostProcess"),
    )


def _is_host_process(context: dict[str, Any]) -> bool:
    options = context.get("windowsOptions")
    return bool(options) and bool(mapping(options).get("hostProcess"))


CHECK = Check("windowsHostProcess", "baseline", ((0, judge),))
