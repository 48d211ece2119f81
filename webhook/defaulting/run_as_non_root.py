"""The non-root marker: only where the container is sure to start with it."""

from webhook.defaulting.pod_template import PodTemplateDraft, SecurityContextDraft


def set_default(template: PodTemplateDraft, *, always: bool) -> None:
    """Write runAsNonRoot true at pod level if all that inherit it can bear it, else one by one.

    The kubelet refuses to start a container with runAsNonRoot true and user 0, and one without a
    user unless its image names a numeric one. So the marker goes where the user is known and not
    0; with `always` also where the image decides, which is then what the operator wants.
    """
    if template.get_pod_value("runAsNonRoot") is not None:
        return
    unset_containers = [c for c in template.containers if c.get("runAsNonRoot") is None]
    markable_containers = [
        container
        for container in unset_containers
        if _can_run_as_non_root(template, container, always=always)
    ]
    if (
        template.writes_pod_level
        and template.pod is not None
        and len(markable_containers) == len(unset_containers)
    ):
        user = template.pod.get("runAsUser")
        # injected containers inherit the marker too: a pod without a user is marked on purpose only
        if (always and user is None) or (user is not None and user != 0):
            template.add_value(template.pod, "runAsNonRoot", True)  # noqa: FBT003 — the value itself
            return
    for container in markable_containers:
        template.add_value(container, "runAsNonRoot", True)  # noqa: FBT003 — the value itself


def _can_run_as_non_root(
    template: PodTemplateDraft, container: SecurityContextDraft, *, always: bool
) -> bool:
    user = template.get_effective_value(container, "runAsUser")
    if user is None:
        return always and not container.asks_for_root
    return bool(user != 0)
