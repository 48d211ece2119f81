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

from webhook.graph.features import MULTIPLE_VOLUMES
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_list, get_str, iter_mappings

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({MULTIPLE_VOLUMES})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each volume whose name an earlier one has (source: ValidateVolumes)."""
    for component in deployment.components:
        if len(get_list(component.pod, "volumes")) < 2:
            continue
        seen: dict[str, int] = {}
        for index, volume in iter_mappings(component.pod, "volumes"):
            name = get_str(volume, "name")
            if name and seen.setdefault(name, index) != index:
                item_path = component.path.join(("spec", "volumes"))
                message = (
                    f'the name "{name}" is already that of the volume at {item_path / seen[name]}'
                )
                yield Finding(item_path / index / "name", message)
