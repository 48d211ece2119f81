"""Invalid medium of an emptyDir

Why: an emptyDir is on the node's disk, in memory (Memory) or in huge pages (HugePages,
HugePages-2Mi). The API server accepts any text here. The kubelet cannot mount an unknown medium,
nor huge pages that no container requests, and the pod never starts.

Fix: Use Memory, or leave the medium out. With huge pages, request as many in a container.

Bad:
    volumes:
    - name: scratch
      emptyDir:
        medium: memory

Good:
    volumes:
    - name: scratch
      emptyDir:
        medium: Memory
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import parse_quantity
from webhook.graph.model import ComponentSpec, get_mapping, get_str, iter_mappings
from webhook.graph.path import Path
from webhook.graph.text import join_words
from webhook.graph.well_known import HUGE_PAGES_PREFIX
from webhook.rules._suggest import unknown_value_finding

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"volumes"})
WORDS = frozenset({"emptyDir.medium"})

_MEMORY, _HUGE_PAGES = "Memory", "HugePages"
_SIZED_PREFIX = "HugePages-"


def check(pod: ComponentSpec) -> Iterator[Finding]:
    """Yield each medium with which the kubelet mounts nothing.

    Source: emptyDir.SetUpAt and getPageSizeMountOption (pkg/volume/emptydir, v1.36.4).
    """
    for index, volume in iter_mappings(pod.pod, "volumes"):
        medium = get_str(get_mapping(volume, "emptyDir"), "medium")
        if medium in ("", _MEMORY):
            continue
        path = pod.path.join(("spec", "volumes", index, "emptyDir", "medium"))
        if medium == _HUGE_PAGES or _page_size(medium, _SIZED_PREFIX) is not None:
            yield from _check_pages(path, medium, _requested_pages(pod))
        else:
            words = (_MEMORY, _HUGE_PAGES, "HugePages-2Mi", "HugePages-1Gi")
            yield unknown_value_finding(path, "medium", medium, words)


def _check_pages(path: Path, medium: str, requested: Mapping[int, str]) -> Iterator[Finding]:
    """Yield a finding unless the pod requests the pages that a medium is made of."""
    if medium == _HUGE_PAGES:
        if not requested:
            message = "medium HugePages: no container requests huge pages"
            yield Finding(path, message, "add hugepages-2Mi to the limits of a container")
        elif len(requested) > 1:
            message = f"medium HugePages: the pod requests {join_words(list(requested.values()))}"
            yield Finding(path, message, "name the size, as in HugePages-2Mi")
        return
    size = medium.removeprefix(_SIZED_PREFIX)
    if _page_size(medium, _SIZED_PREFIX) not in requested:
        message = f"medium {medium}: no container requests {HUGE_PAGES_PREFIX}{size}"
        yield Finding(path, message, f"add {HUGE_PAGES_PREFIX}{size} to the limits of a container")


def _page_size(text: str, prefix: str) -> int | None:
    return parse_quantity(text.removeprefix(prefix)) if text.startswith(prefix) else None


def _requested_pages(pod: ComponentSpec) -> dict[int, str]:
    """Return the names of the huge pages that a pod requests, by their size."""
    holders: list[Mapping[str, Any]] = [container.raw for container in pod.all_containers]
    pages = {}
    for holder in (*holders, pod.pod):
        resources = get_mapping(holder, "resources")
        for side in ("requests", "limits"):
            for name in get_mapping(resources, side):
                size = _page_size(name, HUGE_PAGES_PREFIX)
                if size is not None:
                    pages[size] = name
    return pages
