"""Mount of a volume named podinfo

Why: Seldon before 1.2 added a volume podinfo to the pods, and wrote it into the object. Today's
operator removes the mount of that name from the containers of nodes, also where the author has
mounted a volume of their own: the container starts without it. (graphgate's reconciler removes it
only where the pod has no such volume.)

Fix: Rename the volume.

Bad:
    containers:
    - name: classifier
      volumeMounts:
      - name: podinfo
        mountPath: /data
    volumes:
    - name: podinfo
      configMap:
        name: settings

Good:
    containers:
    - name: classifier
      volumeMounts:
      - name: settings
        mountPath: /data
    volumes:
    - name: settings
      configMap:
        name: settings
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import ComponentSpec, Container, Predictor, get_str, iter_mappings

ACTION = "warn"
SINCE = "0.1.0"
_VOLUME = "podinfo"
WORDS = frozenset({_VOLUME})


def check(
    container: Container, component: ComponentSpec | None, predictor: Predictor, facts: Facts
) -> Iterator[Finding]:
    """Yield the mount that is removed (source: setContainerPredictiveUnitDefaults, v1.17.1)."""
    if facts.operator == "graphgate" or component is None or container.role != "container":
        return
    if container.name not in predictor.node_names or _VOLUME not in component.volumes_by_name:
        return
    indexes = [
        index
        for index, mount in iter_mappings(container.raw, "volumeMounts")
        if get_str(mount, "name") == _VOLUME
    ]
    # The last one of several.
    for index in indexes[-1:]:
        yield Finding(
            container.path.join(("volumeMounts", index)),
            "the mount is removed: Seldon's operator takes podinfo for a volume of an old version",
        )
