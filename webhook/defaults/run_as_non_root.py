"""The non-root marker: only where the container is sure to start with it."""

from webhook.defaults.template import Place, Template


def fill(template: Template, *, always: bool) -> None:
    """Write runAsNonRoot true at pod level if all that inherit it can bear it, else one by one.

    The kubelet refuses to start a container with runAsNonRoot true and user 0, and one without a
    user unless its image names a numeric one. So the marker goes where the user is known and not
    0; with `always` also where the image decides, which is then what the operator wants.
    """
    if template.of_pod("runAsNonRoot") is not None:
        return
    takers = [c for c in template.containers if c.get("runAsNonRoot") is None]
    bearers = [container for container in takers if _can_bear(template, container, always)]
    if template.at_pod and template.pod is not None and len(bearers) == len(takers):
        user = template.pod.get("runAsUser")
        # injected containers inherit the marker too: a pod without a user is marked on purpose only
        if (always and user is None) or (user is not None and user != 0):
            template.add(template.pod, "runAsNonRoot", True)  # noqa: FBT003 — the value itself
            return
    for container in bearers:
        template.add(container, "runAsNonRoot", True)  # noqa: FBT003 — the value itself


def _can_bear(template: Template, container: Place, always: bool) -> bool:  # noqa: FBT001 — private
    user = template.effective(container, "runAsUser")
    if user is None:
        return always and not container.exempt
    return bool(user != 0)
