"""The user id: written once at pod level, or at each container where the pod's would do harm."""

from webhook.defaults.template import Template


def fill(template: Template, user: int) -> None:
    """Give every container that has no user id the one of the operator.

    A pod whose author chose a user, or chose the image's (runAsNonRoot false), is left alone, and
    root is never written beside an author's runAsNonRoot true: that pod could not start.
    A container whose author asked for root must not inherit our user.
    """
    if template.of_pod("runAsUser") is not None:
        return
    non_root = template.of_pod("runAsNonRoot")
    if non_root is False or (user == 0 and non_root is True):
        return
    takers = [container for container in template.containers if container.get("runAsUser") is None]
    spared = [
        container
        for container in takers
        if container.exempt or (user == 0 and container.get("runAsNonRoot") is True)
    ]
    if template.at_pod and template.pod is not None and not spared:
        template.add(template.pod, "runAsUser", user)
        return
    for container in takers:
        if container not in spared:
            template.add(container, "runAsUser", user)
