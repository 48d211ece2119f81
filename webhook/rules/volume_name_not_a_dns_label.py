"""A volume's name is no DNS label

Why: Kubernetes takes only DNS labels as names of volumes (RFC 1123): at most 63 lower-case letters,
digits and "-", with a letter or digit at both ends. The API server refuses the Deployment.

Fix: Write it with lower-case letters, digits and "-" only, where it is defined and where it is
mounted.

Bad:
    volumes:
    - name: model_store
      emptyDir: {}

Good:
    volumes:
    - name: model-store
      emptyDir: {}
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding, Operation
from webhook.graph.model import Component, Deployment, mappings, text
from webhook.graph.words import dns_label, is_dns_label, why_not_dns_label
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"volumes"})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each volume whose name is no DNS label (source: ValidateVolumes)."""
    for component in deployment.components:
        if "volumes" not in component.pod:
            continue
        for index, volume in mappings(component.pod, "volumes"):
            name = volume.get("name")
            if type(name) is str and not is_dns_label(name):
                yield _finding(component, index, name)


def _finding(component: Component, index: int, name: str) -> Finding:
    path = component.path.join(("spec", "volumes", index, "name"))
    fact = f"the volume name {quoted(name)} is no DNS label: it {why_not_dns_label(name)}"
    new = dns_label(name)
    names = [text(volume, "name") for _, volume in mappings(component.pod, "volumes")]
    if not new or new in names or names.count(name) > 1:
        return Finding(path, fact)
    renames: list[Operation] = [{"op": "replace", "path": path.pointer, "value": new}]
    for container in (*component.containers, *component.init_containers):
        for field in ("volumeMounts", "volumeDevices"):
            for number, mount in mappings(container.raw, field):
                if mount.get("name") == name:
                    where = container.path.join((field, number, "name"))
                    renames.append({"op": "replace", "path": where.pointer, "value": new})
    return Finding(path, fact, f'rename it to "{new}"', tuple(renames))
