"""Probes and lifecycle hooks that make the kubelet call another host."""

from collections.abc import Iterator

from webhook.graph.model import HOOKS, PROBES, as_mapping
from webhook.graph.path import Path
from webhook.graph.text import pluralize
from webhook.podsecurity.check import Check, Violation, quote_words
from webhook.podsecurity.pod import Container, Pod, as_str


def check_pod(pod: Pod) -> Violation | None:
    """Forbid `host` in httpGet and tcpSocket, whatever it names."""
    found = [
        (container, *handler)
        for container in pod.containers
        for handler in _find_handler_hosts(container)
    ]
    if not found:
        return None
    names = sorted({container.name for container, _, _ in found})
    hosts = sorted({host for _, _, host in found})
    return Violation(
        CHECK.id,
        "probe or lifecycle host",
        f"{pluralize(len(names), 'container')} {quote_words(names)} "
        f"{pluralize(len(names), 'uses', 'use')}"
        f" {pluralize(len(hosts), 'probe or lifecycle host')} {quote_words(hosts)}",
        tuple(container.path.join(way) for container, way, _ in found),
    )


def _find_handler_hosts(container: Container) -> Iterator[tuple[Path, str]]:
    raw = container.raw
    for probe in PROBES:
        if raw.get(probe):
            yield from _find_hosts(raw[probe], Path((probe,)))
    if raw.get("lifecycle"):
        hooks = as_mapping(raw["lifecycle"])
        for hook in HOOKS:
            yield from _find_hosts(hooks.get(hook), Path(("lifecycle", hook)))


def _find_hosts(handler: object, path: Path) -> Iterator[tuple[Path, str]]:
    for action in ("httpGet", "tcpSocket"):
        host = as_mapping(as_mapping(handler).get(action)).get("host")
        if host:
            yield path / action / "host", as_str(host)


CHECK = Check("hostProbesAndHostLifecycle", "baseline", ((34, check_pod),))
