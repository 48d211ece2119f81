"""Sharing the node's network, process or IPC namespace."""

from webhook.graph.path import Path
from webhook.podsecurity.check import Check, Violation
from webhook.podsecurity.pod import Pod

_FIELDS = ("hostNetwork", "hostPID", "hostIPC")


def check_pod(pod: Pod) -> Violation | None:
    """Forbid hostNetwork, hostPID and hostIPC."""
    spec = pod.spec
    shared = [field for field in _FIELDS if spec.get(field)]
    if not shared:
        return None
    return Violation(
        CHECK.id,
        "host namespaces",
        ", ".join(f"{field}=true" for field in shared),
        tuple(Path(("spec", field)) for field in shared),
    )


CHECK = Check("hostNamespaces", "baseline", ((0, check_pod),))
