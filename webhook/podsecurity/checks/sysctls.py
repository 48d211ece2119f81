"""Kernel parameters that reach beyond the pod."""

from webhook.graph.path import Path
from webhook.podsecurity.check import Check, Judge, Violation
from webhook.podsecurity.pod import Pod, items, mapping, text

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
_SAFE_1_37 = _SAFE_1_32 | {"net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat"}


def _judge(safe: frozenset[str]) -> Judge:
    def judge(pod: Pod) -> Violation | None:
        """Allow only parameters that are isolated from other pods and the node."""
        given = pod.context.get("sysctls")
        if not given:
            return None
        names = [text(mapping(entry).get("name")) for entry in items(given)]
        guilty = [(index, name) for index, name in enumerate(names) if name not in safe]
        if not guilty:
            return None
        return Violation(
            CHECK.id,
            "forbidden sysctls",
            ", ".join(name for _, name in guilty),
            tuple(
                Path(("spec", "securityContext", "sysctls", index, "name")) for index, _ in guilty
            ),
        )

    return judge


CHECK = Check(
    "sysctls",
    "baseline",
    (
        (0, _judge(_SAFE_1_0)),
        (27, _judge(_SAFE_1_27)),
        (29, _judge(_SAFE_1_29)),
        (32, _judge(_SAFE_1_32)),
        (37, _judge(_SAFE_1_37)),
    ),
)
