"""The user id: written once at pod level, or at each container where the pod's would do harm."""

from webhook.defaulting.pod_template import PodTemplateDraft


def set_default(template: PodTemplateDraft, user: int) -> None:
    """Give every container that has no user id the one of the operator.

    A pod that sets a user, or keeps the image's user (runAsNonRoot false), is not changed, and
    root is never written beside an author's runAsNonRoot true: that pod could not start.
    A container whose author asked for root must not inherit our user.
    """
    if template.get_pod_value("runAsUser") is not None:
        return
    non_root = template.get_pod_value("runAsNonRoot")
    if non_root is False or (user == 0 and non_root is True):
        return
    unset_containers = [
        container for container in template.containers if container.get("runAsUser") is None
    ]
    excluded_containers = [
        container
        for container in unset_containers
        if container.asks_for_root or (user == 0 and container.get("runAsNonRoot") is True)
    ]
    if template.writes_pod_level and template.pod is not None and not excluded_containers:
        template.add_value(template.pod, "runAsUser", user)
        return
    for container in unset_containers:
        if container not in excluded_containers:
            template.add_value(container, "runAsUser", user)
