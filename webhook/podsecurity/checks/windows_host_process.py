"""Windows containers that are processes of the node."""

from collections.abc import Mapping
from typing import Any

from webhook.graph.model import as_mapping
from webhook.podsecurity.check import Check, Violation, field_paths, list_setters
from webhook.podsecurity.pod import Pod


def check_pod(pod: Pod) -> Violation | None:
    """Forbid windowsOptions.hostProcess true."""
    pod_violates = _is_host_process(pod.context)
    violating = [c for c in pod.containers if _is_host_process(c.context)]
    if not pod_violates and not violating:
        return None
    return Violation(
        CHECK.id,
        "hostProcess",
        f"{list_setters(pod_violates, violating)} must not set "
        "securityContext.windowsOptions.hostProcess=true",
        field_paths(pod_violates, violating, "windowsOptions", "hostProcess"),
    )


def _is_host_process(context: Mapping[str, Any]) -> bool:
    options = context.get("windowsOptions")
    return bool(options) and bool(as_mapping(options).get("hostProcess"))


CHECK = Check("windowsHostProcess", "baseline", ((0, check_pod),))
