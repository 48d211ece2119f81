"""Volume name is not a DNS label

Why: volume names must be DNS labels (RFC 1123): at most 63 lower-case letters, digits and "-", with
a letter or digit at both ends. The API server refuses the Deployment.

Fix: Use only lower-case letters, digits and "-", in the volume and in its mounts.

Bad:
    volumes:
    - name: model_store
      emptyDir: {}

Good:
    volumes:
    - name: model-store
      emptyDir: {}
"""

from collections.abc import Iterator, Mapping

from webhook.graph.finding import Finding, Operation
from webhook.graph.model import ComponentSpec, iter_mappings
from webhook.graph.names import explain_invalid_dns_label, is_dns_label, to_dns_label
from webhook.graph.path import Path
from webhook.rules._format import quote_value
from webhook.rules.naming._rename_fix import rename_fix_safety

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"volumes"})


def check(pod: ComponentSpec) -> Iterator[Finding]:
    """Yield each volume whose name is not a DNS label (source: ValidateVolumes)."""
    mounts: Mapping[str, list[Path]] | None = None
    for volume in pod.volumes:
        name = volume.raw.get("name")
        if type(name) is str and not is_dns_label(name):
            if mounts is None:
                mounts = _mounts_by_name(pod)
            yield _build_finding(pod, volume.path / "name", name, mounts.get(name, []))


def _mounts_by_name(pod: ComponentSpec) -> dict[str, list[Path]]:
    """Return the paths at which containers mount volumes, by volume name."""
    mounts: dict[str, list[Path]] = {}
    for container in pod.all_containers:
        for field in ("volumeMounts", "volumeDevices"):
            for index, mount in iter_mappings(container.raw, field):
                if type(name := mount.get("name")) is str:
                    mounts.setdefault(name, []).append(container.path.join((field, index, "name")))
    return mounts


def _build_finding(pod: ComponentSpec, path: Path, name: str, mounts: list[Path]) -> Finding:
    message = (
        f"volume name {quote_value(name)} is not a valid DNS label: "
        f"{explain_invalid_dns_label(name)}"
    )
    new = to_dns_label(name)
    if not new or new in pod.volumes_by_name or len(pod.volumes_by_name.get(name, ())) > 1:
        return Finding(path, message)
    renames: list[Operation] = [
        {"op": "replace", "path": place.pointer, "value": new} for place in (path, *mounts)
    ]
    return Finding(
        path, message, f'rename it to "{new}"', tuple(renames), fix_safety=rename_fix_safety(name)
    )
