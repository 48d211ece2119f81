"""Privilege escalation (setuid programs): off, unless the container needs it."""

from webhook.defaulting.pod_template import PodTemplateDraft

# The API server refuses false beside CAP_SYS_ADMIN; the runtime spells the same capability
# SYS_ADMIN, and ALL contains it.
_ESCALATING_CAPABILITIES = ("SYS_ADMIN", "CAP_SYS_ADMIN", "ALL")


def set_default(template: PodTemplateDraft) -> None:
    """Write allowPrivilegeEscalation false where it is absent and the author did not ask for root.

    Beside privileged true or an added CAP_SYS_ADMIN the pod would be refused.
    """
    for container in template.app_containers + template.init_containers:
        if container.asks_for_root or container.get("allowPrivilegeEscalation") is not None:
            continue
        capabilities = container.get("capabilities")
        added = (capabilities or {}).get("add") or ()
        if not any(capability in added for capability in _ESCALATING_CAPABILITIES):
            template.add_value(container, "allowPrivilegeEscalation", False)  # noqa: FBT003 — the value
