"""Ports of the node."""

from webhook.podsecurity.check import Check, Violation, named, plural
from webhook.podsecurity.pod import Pod, items, mapping, text


def judge(pod: Pod) -> Violation | None:
    """Forbid every hostPort but 0."""
    guilty = []
    ports: set[str] = set()
    where = []
    for container in pod.containers:
        declared = container.raw.get("ports")
        if not declared:
            continue
        used = [
            (index, text(port))
            for index, entry in enumerate(items(declared))
            if (port := mapping(entry).get("hostPort"))
        ]
        if used:
            guilty.append(container)
            ports.update(port for _, port in used)
            where += [container.place / "ports" / index / "hostPort" for index, _ in used]
    if not guilty:
        return None
    return Violation(
        CHECK.id,
        "hostPort",
        f"{named(guilty)} {plural(len(guilty), 'uses', 'use')}"
        f" {plural(len(ports), 'hostPort')} {', '.join(sorted(ports))}",
        tuple(where),
    )


CHECK = Check("hostPorts", "baseline", ((0, judge),))
