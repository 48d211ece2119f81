"""A volume's claim cannot be made

Why: an ephemeral volume brings a template for a claim of its own, which needs at least one access
mode and an amount of storage, and may set no fields of metadata but labels and annotations. The API
server refuses a Deployment without.

Fix: Write accessModes and resources.requests.storage into the template's spec.

Bad:
    volumes:
    - name: scratch
      ephemeral:
        volumeClaimTemplate:
          spec:
            accessModes: [ReadWriteOnce]

Good:
    volumes:
    - name: scratch
      ephemeral:
        volumeClaimTemplate:
          spec:
            accessModes: [ReadWriteOnce]
            resources:
              requests:
                storage: 10Gi
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import (
    is_annotation_key,
    is_label_value,
    is_qualified_name,
    is_quantity,
    parse_quantity,
)
from webhook.graph.model import SeldonDeployment, get_list, get_mapping, iter_mappings
from webhook.graph.path import Path
from webhook.graph.text import join_words
from webhook.rules._format import quote_value
from webhook.rules._suggest import unknown_value_finding
from webhook.rules.pod._selectors import check_selector

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({"ephemeral"})

_MODES = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
_EXCLUSIVE_MODE = "ReadWriteOncePod"
_VOLUME_MODES = ("Filesystem", "Block")
_METADATA_FIELDS = ("labels", "annotations")


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield what is wrong with such templates (source: ValidatePersistentVolumeClaimTemplate)."""
    for component in deployment.components:
        if "volumes" in component.pod:
            for index, volume in iter_mappings(component.pod, "volumes"):
                if type(volume.get("ephemeral")) is dict:
                    path = component.path.join(("spec", "volumes", index, "ephemeral"))
                    yield from _check_template(path / "volumeClaimTemplate", volume["ephemeral"])


def _check_template(path: Path, volume: Mapping[str, Any]) -> Iterator[Finding]:
    template = volume.get("volumeClaimTemplate")
    if template is None:
        yield Finding(path, "the volume has no volumeClaimTemplate")
        return
    if type(template) is not dict or type(template.get("spec")) is not dict:
        return  # wrong-type, missing-field
    metadata = get_mapping(template, "metadata")
    for key, value in get_mapping(metadata, "labels").items():
        if type(value) is str and not (is_qualified_name(key) and is_label_value(value)):
            message = f"{quote_value(f'{key}: {value}')} is no label"
            yield Finding(path.join(("metadata", "labels", key)), message)
    for key in get_mapping(metadata, "annotations"):
        if not is_annotation_key(key):
            message = f"{quote_value(key)} is no key of an annotation"
            yield Finding(path.join(("metadata", "annotations", key)), message)
    unknown = [f for f, v in metadata.items() if v and f not in _METADATA_FIELDS]
    if unknown:
        message = f"the template's metadata sets {join_words(unknown)}"
        yield Finding(path.join(("metadata", unknown[0])), message, "remove it")
    spec, path = template["spec"], path / "spec"
    modes = get_list(spec, "accessModes")
    if not modes:
        yield Finding(path / "accessModes", "the claim has no access mode", "add one")
    for index, mode in enumerate(modes):
        if type(mode) is str and mode not in _MODES:
            yield unknown_value_finding(
                path.join(("accessModes", index)), "access mode", mode, _MODES
            )
    if _EXCLUSIVE_MODE in modes and len(modes) > 1:
        yield Finding(path / "accessModes", f"{_EXCLUSIVE_MODE} stands beside other access modes")
    kind = spec.get("volumeMode")
    if type(kind) is str and kind not in _VOLUME_MODES:
        yield unknown_value_finding(path / "volumeMode", "mode of a volume", kind, _VOLUME_MODES)
    yield from check_selector(path / "selector", get_mapping(spec, "selector"))
    yield from _check_resources(path / "resources", get_mapping(spec, "resources"))


def _check_resources(path: Path, resources: Mapping[str, Any]) -> Iterator[Finding]:
    requests = get_mapping(resources, "requests")
    storage = requests.get("storage")
    if storage is None:
        yield Finding(path.join(("requests", "storage")), "the claim asks for no storage")
    elif is_quantity(storage) and (parse_quantity(storage) or 0) <= 0:
        field_path = path.join(("requests", "storage"))
        yield Finding(field_path, f"the claim asks for {storage} of storage, not more than 0")
    for field in ("requests", "limits"):
        for name, value in get_mapping(resources, field).items():
            if type(value) is str and not is_quantity(value):
                yield Finding(path.join((field, name)), f"{quote_value(value)} is no quantity")
