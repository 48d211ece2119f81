"""Ports of the node."""

from webhook.graph.model import as_list, as_mapping
from webhook.graph.text import pluralize
from webhook.podsecurity.check import Check, Violation, list_containers
from webhook.podsecurity.pod import Pod, as_str


def check_pod(pod: Pod) -> Violation | None:
    """Forbid every hostPort but 0."""
    violating = []
    ports: set[str] = set()
    paths = []
    for container in pod.containers:
        declared = container.raw.get("ports")
        if not declared:
            continue
        used = [
            (index, as_str(port))
            for index, entry in enumerate(as_list(declared))
            if (port := as_mapping(entry).get("hostPort"))
        ]
        if used:
            violating.append(container)
            ports.update(port for _, port in used)
            paths += [container.path / "ports" / index / "hostPort" for index, _ in used]
    if not violating:
        return None
    return Violation(
        CHECK.id,
        "hostPort",
        f"{list_containers(violating)} {pluralize(len(violating), 'uses', 'use')}"
        f" {pluralize(len(ports), 'hostPort')} {', '.join(sorted(ports))}",
        tuple(paths),
    )


CHECK = Check("hostPorts", "baseline", ((0, check_pod),))
