"""The group that owns the volumes. It exists at pod level only."""

from webhook.defaulting.pod_template import PodTemplateDraft


def set_default(template: PodTemplateDraft, group: int, change_policy: str | None) -> None:
    """Write fsGroup where the pod has none, and the change policy beside our own fsGroup only."""
    if template.pod is None or template.pod.get("fsGroup") is not None:
        return
    template.add_value(template.pod, "fsGroup", group)
    if change_policy is not None and template.pod.get("fsGroupChangePolicy") is None:
        template.add_value(template.pod, "fsGroupChangePolicy", change_policy)
