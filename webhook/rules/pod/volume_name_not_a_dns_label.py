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
from webhook.graph.model import ComponentSpec, SeldonDeployment, get_str, iter_mappings
from webhook.graph.names import explain_invalid_dns_label, is_dns_label, to_dns_label
from webhook.rules._format import quote_value
from webhook.rules.naming._rename_fix import rename_fix_safety

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({"volumes"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each volume whose name is no DNS label (source: ValidateVolumes)."""
    for component in deployment.components:
        if "volumes" not in component.pod:
            continue
        for index, volume in iter_mappings(component.pod, "volumes"):
            name = volume.get("name")
            if type(name) is str and not is_dns_label(name):
                yield _build_finding(component, index, name)


def _build_finding(component: ComponentSpec, index: int, name: str) -> Finding:
    path = component.path.join(("spec", "volumes", index, "name"))
    message = (
        f"the volume name {quote_value(name)} is no DNS label: it {explain_invalid_dns_label(name)}"
    )
    new = to_dns_label(name)
    names = [get_str(volume, "name") for _, volume in iter_mappings(component.pod, "volumes")]
    if not new or new in names or names.count(name) > 1:
        return Finding(path, message)
    renames: list[Operation] = [{"op": "replace", "path": path.pointer, "value": new}]
    for container in (*component.containers, *component.init_containers):
        for field in ("volumeMounts", "volumeDevices"):
            for number, mount in iter_mappings(container.raw, field):
                if mount.get("name") == name:
                    item_path = container.path.join((field, number, "name"))
                    renames.append({"op": "replace", "path": item_path.pointer, "value": new})
    return Finding(
        path, message, f'rename it to "{new}"', tuple(renames), fix_safety=rename_fix_safety(name)
    )
