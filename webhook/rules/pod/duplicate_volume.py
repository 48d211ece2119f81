"""Duplicate volume name

Why: containers mount volumes by name. The API server refuses a Deployment with a duplicate name.

Fix: Remove it, or use a different name.

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
from webhook.graph.model import ComponentSpec, get_str, iter_mappings

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"volumes"})


def check(pod: ComponentSpec) -> Iterator[Finding]:
    """Yield each volume with the name of an earlier one (source: ValidateVolumes)."""
    seen: dict[str, int] = {}
    for index, volume in iter_mappings(pod.pod, "volumes"):
        name = get_str(volume, "name")
        if name and seen.setdefault(name, index) != index:
            item_path = pod.path.join(("spec", "volumes"))
            message = f'duplicate volume name "{name}" (first at {item_path / seen[name]})'
            yield Finding(item_path / index / "name", message)
