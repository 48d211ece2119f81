"""SELinux users, roles and types other than those for containers."""

from typing import Any

from webhook.podsecurity.check import Check, Judge, Violation, places, plural, quoted, setters
from webhook.podsecurity.pod import Pod, mapping, text

_TYPES_1_0 = frozenset({"", "container_t", "container_init_t", "container_kvm_t"})
_TYPES_1_31 = _TYPES_1_0 | {"container_engine_t"}


def _judge(allowed: frozenset[str]) -> Judge:
    def is_guilty(options: Any) -> bool:
        given = mapping(options)
        return (
            text(given.get("type")) not in allowed
            or bool(given.get("user"))
            or bool(given.get("role"))
        )

    def judge(pod: Pod) -> Violation | None:
        """Allow only container types, and neither user nor role; the level is free."""
        own = pod.context.get("seLinuxOptions")
        of_pod = own is not None and is_guilty(own)
        guilty = [
            c
            for c in pod.containers
            if (options := c.context.get("seLinuxOptions")) is not None and is_guilty(options)
        ]
        if not of_pod and not guilty:
            return None
        bad = [mapping(own)] if of_pod else []
        bad += [mapping(c.context["seLinuxOptions"]) for c in guilty]
        types = sorted({text(options.get("type")) for options in bad} - allowed)
        words = [f"{plural(len(types), 'type')} {quoted(types)}"] if types else []
        words += [
            f"{field} may not be set"
            for field in ("user", "role")
            if any(options.get(field) for options in bad)
        ]
        return Violation(
            CHECK.id,
            "seLinuxOptions",
            f"{setters(of_pod, guilty)} set forbidden securityContext.seLinuxOptions: "
            + "; ".join(words),
            places(of_pod, guilty, "seLinuxOptions"),
        )

    return judge


CHECK = Check("seLinuxOptions", "baseline", ((0, _judge(_TYPES_1_0)), (31, _judge(_TYPES_1_31))))
