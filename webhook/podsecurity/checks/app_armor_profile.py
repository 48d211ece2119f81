"""AppArmor profiles that loosen the runtime's own."""

from webhook.graph.path import Path
from webhook.podsecurity.check import Check, Violation, escaped, places, plural, quoted, setters
from webhook.podsecurity.pod import Pod, mapping, text

_PREFIX = "container.apparmor.security.beta.kubernetes.io/"
_ALLOWED = ("RuntimeDefault", "Localhost")


def judge(pod: Pod) -> Violation | None:
    """Allow only RuntimeDefault and Localhost, as field and as annotation.

    An annotation counts even if it names no container of the pod.
    """
    profile = pod.context.get("appArmorProfile")
    of_pod = profile is not None and mapping(profile).get("type") not in _ALLOWED
    guilty = [
        c
        for c in pod.containers
        if (own := c.context.get("appArmorProfile")) is not None
        and mapping(own).get("type") not in _ALLOWED
    ]
    annotations = _forbidden_annotations(pod) if pod.annotations else []
    if not of_pod and not guilty and not annotations:
        return None
    profiles = [profile] if of_pod else []
    profiles += [c.context["appArmorProfile"] for c in guilty]
    values = sorted({text(mapping(value).get("type")) for value in profiles})
    values += sorted(f"{key}={escaped(value)}" for key, value in annotations)
    words = [setters(of_pod, guilty)] if profiles else []
    words += [plural(len(annotations), "annotation")] if annotations else []
    return Violation(
        CHECK.id,
        plural(len(values), "forbidden AppArmor profile"),
        f"{' and '.join(words)} must not set AppArmor profile type to {quoted(values)}",
        (
            *places(of_pod, guilty, "appArmorProfile", "type"),
            *(Path(("metadata", "annotations", key)) for key, _ in annotations),
        ),
    )


def _forbidden_annotations(pod: Pod) -> list[tuple[str, str]]:
    return [
        (key, text(value))
        for key, value in pod.annotations.items()
        if isinstance(key, str)
        and key.startswith(_PREFIX)
        and value not in ("", "runtime/default", None)
        and not text(value).startswith("localhost/")
    ]


CHECK = Check("appArmorProfile", "baseline", ((0, judge),))
