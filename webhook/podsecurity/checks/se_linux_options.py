"""SELinux users, roles and types other than those for containers."""

from typing import Any

from webhook.graph.model import as_mapping
from webhook.graph.text import pluralize
from webhook.podsecurity.check import (
    Check,
    CheckPod,
    Violation,
    field_paths,
    list_setters,
    quote_words,
)
from webhook.podsecurity.pod import Pod, as_str

_TYPES_1_0 = frozenset({"", "container_t", "container_init_t", "container_kvm_t"})
_TYPES_1_31 = _TYPES_1_0 | {"container_engine_t"}


def _check_pod_allowing(allowed: frozenset[str]) -> CheckPod:
    def is_guilty(options: Any) -> bool:
        given = as_mapping(options)
        return (
            as_str(given.get("type")) not in allowed
            or bool(given.get("user"))
            or bool(given.get("role"))
        )

    def check_pod(pod: Pod) -> Violation | None:
        """Allow only container types, and neither user nor role; the level is free."""
        own = pod.context.get("seLinuxOptions")
        pod_violates = own is not None and is_guilty(own)
        violating = [
            c
            for c in pod.containers
            if (options := c.context.get("seLinuxOptions")) is not None and is_guilty(options)
        ]
        if not pod_violates and not violating:
            return None
        bad = [as_mapping(own)] if pod_violates else []
        bad += [as_mapping(c.context["seLinuxOptions"]) for c in violating]
        types = sorted({as_str(options.get("type")) for options in bad} - allowed)
        parts = [f"{pluralize(len(types), 'type')} {quote_words(types)}"] if types else []
        parts += [
            f"{field} may not be set"
            for field in ("user", "role")
            if any(options.get(field) for options in bad)
        ]
        return Violation(
            CHECK.id,
            "seLinuxOptions",
            f"{list_setters(pod_violates, violating)} set forbidden "
            "securityContext.seLinuxOptions: " + "; ".join(parts),
            field_paths(pod_violates, violating, "seLinuxOptions"),
        )

    return check_pod


CHECK = Check(
    "seLinuxOptions",
    "baseline",
    ((0, _check_pod_allowing(_TYPES_1_0)), (31, _check_pod_allowing(_TYPES_1_31))),
)
