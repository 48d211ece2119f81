"""AppArmor profiles that loosen the runtime's own."""

from webhook.graph.model import as_mapping
from webhook.graph.path import Path
from webhook.graph.text import pluralize
from webhook.graph.well_known import APPARMOR_ANNOTATION_PREFIX
from webhook.podsecurity.check import (
    Check,
    Violation,
    field_paths,
    go_quote,
    list_setters,
    quote_words,
)
from webhook.podsecurity.pod import Pod, as_str

_ALLOWED = ("RuntimeDefault", "Localhost")


def check_pod(pod: Pod) -> Violation | None:
    """Allow only RuntimeDefault and Localhost, as field and as annotation.

    An annotation counts even if it names no container of the pod.
    """
    profile = pod.context.get("appArmorProfile")
    pod_violates = profile is not None and as_mapping(profile).get("type") not in _ALLOWED
    violating = [
        c
        for c in pod.containers
        if (own := c.context.get("appArmorProfile")) is not None
        and as_mapping(own).get("type") not in _ALLOWED
    ]
    annotations = _forbidden_annotations(pod) if pod.annotations else []
    if not pod_violates and not violating and not annotations:
        return None
    profiles = [profile] if pod_violates else []
    profiles += [c.context["appArmorProfile"] for c in violating]
    values = sorted({as_str(as_mapping(value).get("type")) for value in profiles})
    values += sorted(f"{key}={go_quote(value)}" for key, value in annotations)
    parts = [list_setters(pod_violates, violating)] if profiles else []
    parts += [pluralize(len(annotations), "annotation")] if annotations else []
    return Violation(
        CHECK.id,
        pluralize(len(values), "forbidden AppArmor profile"),
        f"{' and '.join(parts)} must not set AppArmor profile type to {quote_words(values)}",
        (
            *field_paths(pod_violates, violating, "appArmorProfile", "type"),
            *(Path(("metadata", "annotations", key)) for key, _ in annotations),
        ),
    )


def _forbidden_annotations(pod: Pod) -> list[tuple[str, str]]:
    return [
        (key, as_str(value))
        for key, value in pod.annotations.items()
        if isinstance(key, str)
        and key.startswith(APPARMOR_ANNOTATION_PREFIX)
        and value not in ("", "runtime/default", None)
        and not as_str(value).startswith("localhost/")
    ]


CHECK = Check("appArmorProfile", "baseline", ((0, check_pod),))
