"""A path leads out of a volume

Why: subPath, and the path of an item, name a place inside of a volume. A path that starts with "/"
or goes up with ".." would leave it, and the API server refuses the Deployment.

Fix: Write a path that is relative to the root of the volume.

Bad:
    volumeMounts:
    - name: models
      mountPath: /models
      subPath: /iris

Good:
    volumeMounts:
    - name: models
      mountPath: /models
      subPath: iris
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, mapping, mappings, text
from webhook.graph.path import Path
from webhook.graph.signs import unusual
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"

_WITH_ITEMS = ("secret", "configMap", "downwardAPI")

NEEDS = frozenset({*_WITH_ITEMS, "projected", "hostPath", "nfs", unusual("volumeMounts")})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each such path (validateLocalDescendingPath, ValidateLocalNonReservedPath)."""
    for container in deployment.in_need("volumeMounts"):
        for index, mount in mappings(container.raw, "volumeMounts"):
            if "subPath" in mount or "subPathExpr" in mount:
                yield from _mount(container.path.join(("volumeMounts", index)), mount)
    for component in deployment.components:
        if "volumes" not in component.pod:
            continue
        for index, volume in mappings(component.pod, "volumes"):
            yield from _volume(component.path.join(("spec", "volumes", index)), volume)


def _mount(path: Path, mount: Mapping[str, Any]) -> Iterator[Finding]:
    for field in ("subPath", "subPathExpr"):
        yield from _judge(path / field, text(mount, field))
    if text(mount, "subPath") and text(mount, "subPathExpr"):
        yield Finding(path / "subPathExpr", "there is a subPath beside it", "remove one of them")


def _volume(path: Path, volume: Mapping[str, Any]) -> Iterator[Finding]:
    host = text(mapping(volume, "hostPath"), "path")
    if ".." in host.split("/"):
        yield Finding(path / "hostPath" / "path", f'{quoted(host)} goes up with ".."')
    server = text(mapping(volume, "nfs"), "path")
    if server and not server.startswith("/"):
        yield Finding(path / "nfs" / "path", f'{quoted(server)} does not start with "/"')
    for kind in _WITH_ITEMS:
        if kind in volume:
            yield from _items(path / kind, mapping(volume, kind))
    if "projected" in volume:
        for index, source in mappings(mapping(volume, "projected"), "sources"):
            for kind in _WITH_ITEMS:
                if kind in source:
                    place = path.join(("projected", "sources", index, kind))
                    yield from _items(place, mapping(source, kind))


def _items(path: Path, source: Mapping[str, Any]) -> Iterator[Finding]:
    for index, item in mappings(source, "items"):
        where = text(item, "path")
        place = path / "items" / index / "path"
        if where.startswith("..") and not where.startswith("../") and where != "..":
            yield Finding(place, f'{quoted(where)} starts with ".."')
        else:
            yield from _judge(place, where)


def _judge(path: Path, written: str) -> Iterator[Finding]:
    if written.startswith("/"):
        yield Finding(path, f'{quoted(written)} starts with "/": it is no place in the volume')
    elif ".." in written.split("/"):
        yield Finding(path, f'{quoted(written)} goes up with "..": it leads out of the volume')
