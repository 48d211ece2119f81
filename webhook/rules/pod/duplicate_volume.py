"""Two volumes of a pod have the same name

Why: containers mount volumes by name. The API server refuses a Deployment in which a name is given
twice.

Fix: Remove the second one, or give it a name of its own.

Bad:
    volumes:
    - name: models
      emptyDir: {}
    - name: models
      configMap:
        name: models

Good:
    volumes:
    - name: cache
      emptyDir: {}
    - name: models
      configMap:
        name: models
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import ComponentSpec, get_list, get_str, iter_mappings

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"volumes"})


def check(pod: ComponentSpec) -> Iterator[Finding]:
    """Yield each volume whose name an earlier one has (source: ValidateVolumes)."""
    if len(get_list(pod.pod, "volumes")) < 2:
        return
    seen: dict[str, int] = {}
    for index, volume in iter_mappings(pod.pod, "volumes"):
        name = get_str(volume, "name")
        if name and seen.setdefault(name, index) != index:
            item_path = pod.path.join(("spec", "volumes"))
            message = f'the name "{name}" is already that of the volume at {item_path / seen[name]}'
            yield Finding(item_path / index / "name", message)
