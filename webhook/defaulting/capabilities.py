"""Linux capabilities: all dropped, where the author chose none."""

from webhook.defaulting.pod_template import PodTemplateDraft


def set_default(template: PodTemplateDraft, drop: tuple[str, ...]) -> None:
    """Write capabilities.drop where neither drop nor add is there.

    Not beside an author's `add`: it would take the runtime's default set from a container that
    asked for more. NET_BIND_SERVICE is not added back: for a non-root process it has no effect.
    """
    for container in template.app_containers + template.init_containers:
        user_capabilities = container.get("capabilities") or {}
        if (
            not container.asks_for_root
            and user_capabilities.get("drop") is None
            and user_capabilities.get("add") is None
        ):
            template.add_value(container, "capabilities", {"drop": list(drop)})
