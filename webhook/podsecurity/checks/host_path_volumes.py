"""Volumes that are a path of the node."""

from webhook.graph.path import Path
from webhook.podsecurity.check import Check, Violation, plural, quoted
from webhook.podsecurity.pod import Pod, text


def judge(pod: Pod) -> Violation | None:
    """Forbid hostPath; an empty one is one."""
    if not pod.spec.get("volumes"):
        return None
    guilty = [
        (index, text(volume.get("name")))
        for index, volume in enumerate(pod.volumes)
        if volume.get("hostPath") is not None
    ]
    if not guilty:
        return None
    return Violation(
        CHECK.id,
        "hostPath volumes",
        f"{plural(len(guilty), 'volume')} {quoted(name for _, name in guilty)}",
        tuple(Path(("spec", "volumes", index, "hostPath")) for index, _ in guilty),
    )


CHECK = Check("hostPathVolumes", "baseline", ((0, judge),))
