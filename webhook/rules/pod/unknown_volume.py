"""Mount of an unknown volume

Why: volumeMounts and volumeDevices refer to volumes of the same pod. The API server refuses a
Deployment with any other name.

Fix: Add the volume to the volumes of the pod, or mount an existing one.

Bad:
    componentSpecs:
    - spec:
        containers:
        - name: classifier
          volumeMounts:
          - name: model
            mountPath: /models
        volumes:
        - name: models
          persistentVolumeClaim:
            claimName: iris

Good:
    componentSpecs:
    - spec:
        containers:
        - name: classifier
          volumeMounts:
          - name: models
            mountPath: /models
        volumes:
        - name: models
          persistentVolumeClaim:
            claimName: iris
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from operator import methodcaller
from typing import Any

from webhook.graph.finding import Finding, Operation
from webhook.graph.model import (
    ComponentSpec,
    Container,
    get_list,
    get_str,
    iter_mappings,
)
from webhook.graph.path import Segment
from webhook.graph.suggest import CERTAIN_SIMILARITY, nearest_word
from webhook.graph.text import join_words
from webhook.rules.pod._pods import looks_injected

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"volumeMounts", "volumeDevices"})

_MAX_SUGGESTIONS = 3
_MAX_SHOWN_VOLUMES = 5
_MAX_CANDIDATES = 20
"""Limits for finding the nearest volume in one container: comparing names is slow."""


def check(container: Container, component: ComponentSpec | None) -> Iterator[Finding]:
    """Yield each mount of an unknown volume (source: ValidateVolumeMounts).

    Of volumes that rendering adds, injected-volume-misused says where they are.
    """
    raw = container.raw
    volumes: Mapping[str, Any] = {} if component is None else component.volumes_by_name
    if "volumeDevices" not in raw and _are_all_known(raw.get("volumeMounts"), volumes):
        return
    if container.role == "orchestrator":
        return
    suggestions = _MAX_SUGGESTIONS
    for field in ("volumeMounts", "volumeDevices"):
        mounts = raw.get(field)
        if type(mounts) is not list or _are_all_known(mounts, volumes):
            continue
        if component and len(component.volumes) < len(get_list(component.pod, "volumes")):
            return  # what is wrong there is said
        for index, mount in enumerate(mounts):
            name = mount.get("name") if type(mount) is dict else None
            if type(name) is str and name not in volumes and not looks_injected(name):
                yield _build_finding(
                    container, (field, index, "name"), name, volumes, suggests=suggestions > 0
                )
                suggestions -= 1


_get_name = methodcaller("get", "name")


def _are_all_known(mounts: Any, volumes: Mapping[str, Any]) -> bool:
    """Return whether surely each mount is of one of the volumes; asked in C: there are many."""
    try:
        return volumes.keys() >= set(map(_get_name, mounts))
    except (AttributeError, TypeError):  # not a list, not mappings, or a name that is not a string
        return False


def _build_finding(
    container: Container,
    field_path: tuple[Segment, ...],
    name: str,
    volumes: Mapping[str, Any],
    *,
    suggests: bool,
) -> Finding:
    path = container.path.join(field_path)
    if not volumes:
        message = f'volume "{name}" not found; the pod defines none'
        return Finding(path, message, "add it to the volumes of the pod")
    quoted = join_words([f'"{other}"' for other in islice(volumes, _MAX_SHOWN_VOLUMES)])
    message = f'volume "{name}" not found; the pod defines {quoted}'
    if not suggests:
        return Finding(path, message)
    mounted = {get_str(mount, "name") for _, mount in iter_mappings(container.raw, "volumeMounts")}
    unmounted = list(islice((one for one in volumes if one not in mounted), _MAX_CANDIDATES))
    nearest = nearest_word(name, unmounted)
    rename: Operation = {"op": "replace", "path": path.pointer, "value": nearest}
    is_certain = nearest and nearest == nearest_word(name, unmounted, CERTAIN_SIMILARITY)
    return Finding(
        path,
        message,
        f'mount "{nearest}", or add the volume' if nearest else "",
        (rename,) if is_certain else (),
    )
