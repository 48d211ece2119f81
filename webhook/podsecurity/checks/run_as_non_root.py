"""Containers that may run as root."""

from webhook.podsecurity.check import Check, Violation, field_paths, list_containers, list_setters
from webhook.podsecurity.pod import Pod

_FIELD = "runAsNonRoot"


def check_pod(pod: Pod) -> Violation | None:
    """Demand runAsNonRoot true of every container or of the pod, and false of none.

    False at pod level is refused even if every container says true.
    """
    pod_value = pod.context.get(_FIELD)
    pod_violates = pod_value is False
    containers = pod.containers
    violating = [c for c in containers if c.context.get(_FIELD) is False]
    if pod_violates or violating:
        return Violation(
            CHECK.id,
            "runAsNonRoot != true",
            f"{list_setters(pod_violates, violating)} must not set "
            "securityContext.runAsNonRoot=false",
            field_paths(pod_violates, violating, _FIELD),
        )
    if pod_value is True:
        return None
    violating = [c for c in containers if c.context.get(_FIELD) is not True]
    if not violating:
        return None
    return Violation(
        CHECK.id,
        "runAsNonRoot != true",
        f"pod or {list_containers(violating)} must set securityContext.runAsNonRoot=true",
        field_paths(False, violating, _FIELD),  # noqa: FBT003 — the pod is one way out
    )


def check_pod_since_1_35(pod: Pod) -> Violation | None:
    """Skip a pod with a user namespace of its own: its root has no privileges on the node."""
    return None if pod.host_users is False else check_pod(pod)


CHECK = Check("runAsNonRoot", "restricted", ((0, check_pod), (35, check_pod_since_1_35)))
