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
from webhook.graph.model import Deployment, items, mappings, text
from webhook.graph.signs import SEVERAL_VOLUMES

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({SEVERAL_VOLUMES})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each volume whose name an earlier one has (source: ValidateVolumes)."""
    for component in deployment.components:
        if len(items(component.pod, "volumes")) < 2:
            continue
        seen: dict[str, int] = {}
        for index, volume in mappings(component.pod, "volumes"):
            name = text(volume, "name")
            if name and seen.setdefault(name, index) != index:
                where = component.path.join(("spec", "volumes"))
                fact = f'the name "{name}" is already that of the volume at {where / seen[name]}'
                yield Finding(where / index / "name", fact)
