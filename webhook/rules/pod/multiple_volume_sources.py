"""A volume has several sources

Why: a volume holds one thing: an empty folder, a claim, a Secret. The API server refuses a
Deployment with a volume that names two.

Fix: Make a volume of each. A projected volume puts Secrets and ConfigMaps into one folder.

Bad:
    volumes:
    - name: models
      emptyDir: {}
      persistentVolumeClaim:
        claimName: iris

Good:
    volumes:
    - name: models
      persistentVolumeClaim:
        claimName: iris
"""

from collections.abc import Iterator

from webhook.graph.features import MULTIPLE_VOLUME_SOURCES
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, iter_mappings
from webhook.graph.schema import known_fields
from webhook.graph.text import join_words

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({MULTIPLE_VOLUME_SOURCES})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each volume with more than one source (source: validateVolumeSource)."""
    for component in deployment.components:
        if "volumes" not in component.pod:
            continue
        for index, volume in iter_mappings(component.pod, "volumes"):
            if len(volume) < 3:  # its name and one source
                continue
            path = component.path.join(("spec", "volumes", index))
            kinds = [f for f in known_fields(path) if f != "name" and volume.get(f) is not None]
            if len(kinds) > 1:
                yield Finding(path, f"the volume has {len(kinds)} sources: {join_words(kinds)}")
