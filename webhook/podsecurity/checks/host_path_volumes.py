"""Volumes that are a path of the node."""

from webhook.graph.path import Path
from webhook.graph.text import pluralize
from webhook.podsecurity.check import Check, Violation, quote_words
from webhook.podsecurity.pod import Pod, as_str


def check_pod(pod: Pod) -> Violation | None:
    """Forbid hostPath; an empty one is one."""
    if not pod.spec.get("volumes"):
        return None
    violating = [
        (index, as_str(volume.get("name")))
        for index, volume in enumerate(pod.volumes)
        if volume.get("hostPath") is not None
    ]
    if not violating:
        return None
    return Violation(
        CHECK.id,
        "hostPath volumes",
        f"{pluralize(len(violating), 'volume')} {quote_words(name for _, name in violating)}",
        tuple(Path(("spec", "volumes", index, "hostPath")) for index, _ in violating),
    )


CHECK = Check("hostPathVolumes", "baseline", ((0, check_pod),))
