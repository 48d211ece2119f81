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
from webhook.graph.kubernetes import (
    amount,
    is_annotation_key,
    is_key,
    is_label_value,
    is_quantity,
)
from webhook.graph.model import Deployment, items, mapping, mappings
from webhook.graph.path import Path
from webhook.graph.words import enumerate_words
from webhook.rules._selectors import judge_selector
from webhook.rules._text import quoted
from webhook.rules._words import unknown_word

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"ephemeral"})

_MODES = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
_ALONE = "ReadWriteOncePod"
_VOLUMES = ("Filesystem", "Block")
_METADATA = ("labels", "annotations")


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield what is wrong with such templates (source: ValidatePersistentVolumeClaimTemplate)."""
    for component in deployment.components:
        if "volumes" in component.pod:
            for index, volume in mappings(component.pod, "volumes"):
                if type(volume.get("ephemeral")) is dict:
                    path = component.path.join(("spec", "volumes", index, "ephemeral"))
                    yield from _template(path / "volumeClaimTemplate", volume["ephemeral"])


def _template(path: Path, volume: Mapping[str, Any]) -> Iterator[Finding]:
    template = volume.get("volumeClaimTemplate")
    if template is None:
        yield Finding(path, "the volume has no volumeClaimTemplate")
        return
    if type(template) is not dict or type(template.get("spec")) is not dict:
        return  # wrong-type, missing-field
    metadata = mapping(template, "metadata")
    for key, value in mapping(metadata, "labels").items():
        if type(value) is str and not (is_key(key) and is_label_value(value)):
            fact = f"{quoted(f'{key}: {value}')} is no label"
            yield Finding(path.join(("metadata", "labels", key)), fact)
    for key in mapping(metadata, "annotations"):
        if not is_annotation_key(key):
            fact = f"{quoted(key)} is no key of an annotation"
            yield Finding(path.join(("metadata", "annotations", key)), fact)
    strange = [f for f, v in metadata.items() if v and f not in _METADATA]
    if strange:
        fact = f"the template's metadata sets {enumerate_words(strange)}"
        yield Finding(path.join(("metadata", strange[0])), fact, "remove it")
    spec, path = template["spec"], path / "spec"
    modes = items(spec, "accessModes")
    if not modes:
        yield Finding(path / "accessModes", "the claim has no access mode", "add one")
    for index, mode in enumerate(modes):
        if type(mode) is str and mode not in _MODES:
            yield unknown_word(path.join(("accessModes", index)), "access mode", mode, _MODES)
    if _ALONE in modes and len(modes) > 1:
        yield Finding(path / "accessModes", f"{_ALONE} stands beside other access modes")
    kind = spec.get("volumeMode")
    if type(kind) is str and kind not in _VOLUMES:
        yield unknown_word(path / "volumeMode", "mode of a volume", kind, _VOLUMES)
    yield from judge_selector(path / "selector", mapping(spec, "selector"))
    yield from _resources(path / "resources", mapping(spec, "resources"))


def _resources(path: Path, resources: Mapping[str, Any]) -> Iterator[Finding]:
    requests = mapping(resources, "requests")
    storage = requests.get("storage")
    if storage is None:
        yield Finding(path.join(("requests", "storage")), "the claim asks for no storage")
    elif is_quantity(storage) and (amount(storage) or 0) <= 0:
        place = path.join(("requests", "storage"))
        yield Finding(place, f"the claim asks for {storage} of storage, not more than 0")
    for field in ("requests", "limits"):
        for name, value in mapping(resources, field).items():
            if type(value) is str and not is_quantity(value):
                yield Finding(path.join((field, name)), f"{quoted(value)} is no quantity")
