"""Linux capabilities: all dropped, where the author chose none."""

from webhook.defaults.template import Template


def fill(template: Template, drop: tuple[str, ...]) -> None:
    """Write capabilities.drop where neither drop nor add is there.

    Not beside an author's `add`: it would take the runtime's default set from a container that
    asked for more. NET_BIND_SERVICE is not added back: for a non-root process it has no effect.
    """
    for container in template.apps + template.inits:
        own = container.get("capabilities") or {}
        if not container.exempt and own.get("drop") is None and own.get("add") is None:
            template.add(container, "capabilities", {"drop": list(drop)})
