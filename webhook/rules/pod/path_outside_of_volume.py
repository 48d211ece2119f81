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

from webhook.graph.features import non_trivial_feature
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_mapping, get_str, iter_mappings
from webhook.graph.path import Path
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"

_SOURCES_WITH_ITEMS = ("secret", "configMap", "downwardAPI")

TRIGGERS = frozenset(
    {*_SOURCES_WITH_ITEMS, "projected", "hostPath", "nfs", non_trivial_feature("volumeMounts")}
)


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each such path (validateLocalDescendingPath, ValidateLocalNonReservedPath)."""
    for container in deployment.containers_with("volumeMounts"):
        for index, mount in iter_mappings(container.raw, "volumeMounts"):
            if "subPath" in mount or "subPathExpr" in mount:
                yield from _check_mount(container.path.join(("volumeMounts", index)), mount)
    for component in deployment.components:
        if "volumes" not in component.pod:
            continue
        for index, volume in iter_mappings(component.pod, "volumes"):
            yield from _check_volume(component.path.join(("spec", "volumes", index)), volume)


def _check_mount(path: Path, mount: Mapping[str, Any]) -> Iterator[Finding]:
    for field in ("subPath", "subPathExpr"):
        yield from _check_path(path / field, get_str(mount, field))
    if get_str(mount, "subPath") and get_str(mount, "subPathExpr"):
        yield Finding(path / "subPathExpr", "there is a subPath beside it", "remove one of them")


def _check_volume(path: Path, volume: Mapping[str, Any]) -> Iterator[Finding]:
    host = get_str(get_mapping(volume, "hostPath"), "path")
    if ".." in host.split("/"):
        yield Finding(path / "hostPath" / "path", f'{quote_value(host)} goes up with ".."')
    server = get_str(get_mapping(volume, "nfs"), "path")
    if server and not server.startswith("/"):
        yield Finding(path / "nfs" / "path", f'{quote_value(server)} does not start with "/"')
    for kind in _SOURCES_WITH_ITEMS:
        if kind in volume:
            yield from _check_items(path / kind, get_mapping(volume, kind))
    if "projected" in volume:
        for index, source in iter_mappings(get_mapping(volume, "projected"), "sources"):
            for kind in _SOURCES_WITH_ITEMS:
                if kind in source:
                    field_path = path.join(("projected", "sources", index, kind))
                    yield from _check_items(field_path, get_mapping(source, kind))


def _check_items(path: Path, source: Mapping[str, Any]) -> Iterator[Finding]:
    for index, item in iter_mappings(source, "items"):
        item_path = get_str(item, "path")
        field_path = path / "items" / index / "path"
        if item_path.startswith("..") and not item_path.startswith("../") and item_path != "..":
            yield Finding(field_path, f'{quote_value(item_path)} starts with ".."')
        else:
            yield from _check_path(field_path, item_path)


def _check_path(path: Path, value: str) -> Iterator[Finding]:
    if value.startswith("/"):
        yield Finding(path, f'{quote_value(value)} starts with "/": it is no place in the volume')
    elif ".." in value.split("/"):
        yield Finding(path, f'{quote_value(value)} goes up with "..": it leads out of the volume')
