"""Probes and lifecycle hooks that make the kubelet call another host."""

from collections.abc import Iterator

from webhook.graph.path import Path
from webhook.podsecurity.check import Check, Violation, plural, quoted
from webhook.podsecurity.pod import Container, Pod, mapping, text

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS = ("postStart", "preStop")


def judge(pod: Pod) -> Violation | None:
    """Forbid `host` in httpGet and tcpSocket, whatever it names."""
    found = [
        (container, *handler) for container in pod.containers for handler in _handlers(container)
    ]
    if not found:
        return None
    names = sorted({container.name for container, _, _ in found})
    hosts = sorted({host for _, _, host in found})
    return Violation(
        CHECK.id,
        "probe or lifecycle host",
        f"{plural(len(names), 'container')} {quoted(names)} {plural(len(names), 'uses', 'use')}"
        f" {plural(len(hosts), 'probe or lifecycle host')} {quoted(hosts)}",
        tuple(container.place.join(way) for container, way, _ in found),
    )


def _handlers(container: Container) -> Iterator[tuple[Path, str]]:
    raw = container.raw
    for probe in _PROBES:
        if raw.get(probe):
            yield from _hosts(raw[probe], Path((probe,)))
    if raw.get("lifecycle"):
        hooks = mapping(raw["lifecycle"])
        for hook in _HOOKS:
            yield from _hosts(hooks.get(hook), Path(("lifecycle", hook)))


def _hosts(handler: object, way: Path) -> Iterator[tuple[Path, str]]:
    for action in ("httpGet", "tcpSocket"):
        host = mapping(mapping(handler).get(action)).get("host")
        if host:
            yield way / action / "host", text(host)


CHECK = Check("hostProbesAndHostLifecycle", "baseline", ((34, judge),))
