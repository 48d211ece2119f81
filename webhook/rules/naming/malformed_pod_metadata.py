"""Invalid label or annotation of a pod

Why: a key is a name of at most 63 letters, digits, "-", "_" and ".", with a letter or digit at both
ends, and may have a domain and "/" in front. The value of a label is such a name, or empty. The API
server refuses anything else in the labels, annotations and nodeSelector of a pod.

Fix: Use only letters, digits, "-", "_" and ".". Put free text into the value of an annotation.

Bad:
    componentSpecs:
    - metadata:
        labels:
          team: data science
      spec:
        containers:
        - name: classifier

Good:
    componentSpecs:
    - metadata:
        annotations:
          team: data science
      spec:
        containers:
        - name: classifier
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import (
    MAX_NAME_LENGTH,
    explain_invalid,
    is_annotation_key,
    is_label_value,
    is_qualified_name,
    is_subdomain,
)
from webhook.graph.model import ComponentSpec, SeldonDeployment, get_mapping
from webhook.graph.path import ROOT, Path
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"annotations", "metadata", "nodeSelector"})

_CHARACTERS = "-A-Za-z0-9_."
_ANNOTATIONS = ROOT / "spec" / "annotations"


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each invalid key and value (sources: ValidateLabels, ValidateAnnotations)."""
    if "annotations" in deployment.spec:
        yield from _check_annotations(get_mapping(deployment.spec, "annotations"), _ANNOTATIONS)
    for component in deployment.components:
        if "metadata" in component.raw:
            yield from _check_component_metadata(component)
        if "nodeSelector" in component.pod:
            path = component.path.join(("spec", "nodeSelector"))
            yield from _check_labels(get_mapping(component.pod, "nodeSelector"), path)


def _check_component_metadata(component: ComponentSpec) -> Iterator[Finding]:
    metadata = get_mapping(component.raw, "metadata")
    if "labels" in metadata:
        path = component.path.join(("metadata", "labels"))
        yield from _check_labels(get_mapping(metadata, "labels"), path)
    if "annotations" in metadata:
        path = component.path.join(("metadata", "annotations"))
        yield from _check_annotations(get_mapping(metadata, "annotations"), path)


def _check_labels(labels: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    if not all(map(is_qualified_name, labels)):
        yield from _check_keys(labels, path, is_qualified_name)
    for key, value in labels.items():
        if type(value) is str and not is_label_value(value):
            reason = explain_invalid(value, _CHARACTERS, MAX_NAME_LENGTH)
            yield Finding(path / key, f"invalid label value {quote_value(value)}: {reason}")


def _check_annotations(annotations: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    if not all(map(is_annotation_key, annotations)):
        yield from _check_keys(annotations, path, is_annotation_key)


def _check_keys(
    entries: Mapping[str, Any], path: Path, is_valid_key: Callable[[str], bool]
) -> Iterator[Finding]:
    for key in entries:
        if not is_valid_key(key):
            yield Finding(
                path / key,
                f"invalid key {quote_value(key)}: {_explain_invalid_key(key)}",
                at_key=True,
            )


def _explain_invalid_key(key: str) -> str:
    prefix, slash, name = key.rpartition("/")
    if slash and not is_subdomain(prefix.lower()):
        return f"{quote_value(prefix)} before the slash is not a DNS subdomain"
    if slash and not is_subdomain(prefix):
        return f"upper-case letters in {quote_value(prefix)} are not allowed"
    reason = explain_invalid(name, _CHARACTERS, MAX_NAME_LENGTH)
    return f"the part after the slash: {reason}" if slash else reason
