"""The group id: follows our user id and no other."""

from webhook.defaulting.pod_template import PodTemplateDraft


def set_default(template: PodTemplateDraft, user: int, group: int) -> None:
    """Write the group beside every occurrence of the operator's user that has no group.

    A group beside another user would be a guess: images that rely on group 0 break.
    """
    if template.get_pod_value("runAsGroup") is not None:
        return
    if template.pod is not None and template.pod.get("runAsUser") == user:
        template.add_value(template.pod, "runAsGroup", group)
        return
    for container in template.containers:
        if container.get("runAsUser") == user and container.get("runAsGroup") is None:
            template.add_value(container, "runAsGroup", group)
