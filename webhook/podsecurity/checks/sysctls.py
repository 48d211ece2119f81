"""Kernel parameters that reach beyond the pod."""

from webhook.graph.model import as_list, as_mapping
from webhook.graph.path import Path
from webhook.podsecurity.check import Check, CheckPod, Violation
from webhook.podsecurity.pod import Pod, as_str

_SAFE_1_0 = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start",
    }
)
_SAFE_1_27 = _SAFE_1_0 | {"net.ipv4.ip_local_reserved_ports"}
_SAFE_1_29 = _SAFE_1_27 | {
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
}
_SAFE_1_32 = _SAFE_1_29 | {"net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"}
SAFE_SYSCTLS = _SAFE_1_32 | {"net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat"}
"""Those that the newest Kubernetes knows as safe."""


def _check_pod_allowing(safe: frozenset[str]) -> CheckPod:
    def check_pod(pod: Pod) -> Violation | None:
        """Allow only parameters that are isolated from other pods and the node."""
        given = pod.context.get("sysctls")
        if not given:
            return None
        names = [as_str(as_mapping(entry).get("name")) for entry in as_list(given)]
        violating = [(index, name) for index, name in enumerate(names) if name not in safe]
        if not violating:
            return None
        return Violation(
            CHECK.id,
            "forbidden sysctls",
            ", ".join(name for _, name in violating),
            tuple(
                Path(("spec", "securityContext", "sysctls", index, "name"))
                for index, _ in violating
            ),
        )

    return check_pod


CHECK = Check(
    "sysctls",
    "baseline",
    (
        (0, _check_pod_allowing(_SAFE_1_0)),
        (27, _check_pod_allowing(_SAFE_1_27)),
        (29, _check_pod_allowing(_SAFE_1_29)),
        (32, _check_pod_allowing(_SAFE_1_32)),
        (37, _check_pod_allowing(SAFE_SYSCTLS)),
    ),
)
