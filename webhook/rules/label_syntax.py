"""A label or annotation has a key or value that none can have

Why: a key is a name of at most 63 letters, digits, "-", "_" and ".", with a letter or digit at both
ends, and may have a domain and "/" in front. The value of a label is such a name, or empty. The API
server refuses a Deployment whose pods carry, or select nodes by, anything else; and one whose
annotations are larger than 256 KiB in all.

Fix: Write key and value with letters, digits, "-", "_" and "." only. Free text belongs into the
value of an annotation.

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
from webhook.graph.kubernetes import (
    LONGEST_NAME,
    is_annotation_key,
    is_key,
    is_label_value,
    is_subdomain,
    why_not,
)
from webhook.graph.model import Component, Deployment, mapping
from webhook.graph.path import ROOT, Path
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"annotations", "metadata", "nodeSelector"})

_MOST = 256 * 1024
"""Bytes of all keys and values (TotalAnnotationSizeLimitB)."""
_CHARACTERS = "-A-Za-z0-9_."
_ANNOTATIONS = ROOT / "spec" / "annotations"


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each such key and value (sources: ValidateLabels, ValidateAnnotations)."""
    if "annotations" in deployment.spec:
        yield from _annotations(mapping(deployment.spec, "annotations"), _ANNOTATIONS)
    for component in deployment.components:
        if "metadata" in component.raw:
            yield from _of_pod(component)
        if "nodeSelector" in component.pod:
            path = component.path.join(("spec", "nodeSelector"))
            yield from _labels(mapping(component.pod, "nodeSelector"), path)


def _of_pod(component: Component) -> Iterator[Finding]:
    metadata = mapping(component.raw, "metadata")
    if "labels" in metadata:
        path = component.path.join(("metadata", "labels"))
        yield from _labels(mapping(metadata, "labels"), path)
    if "annotations" in metadata:
        path = component.path.join(("metadata", "annotations"))
        yield from _annotations(mapping(metadata, "annotations"), path)


def _labels(labels: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    if not all(map(is_key, labels)):
        yield from _keys(labels, path, is_key)
    for key, value in labels.items():
        if type(value) is str and not is_label_value(value):
            why = why_not(value, _CHARACTERS, LONGEST_NAME)
            yield Finding(path / key, f"{quoted(value)} is no value of a label: it {why}")


def _annotations(annotations: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    if not all(map(is_annotation_key, annotations)):
        yield from _keys(annotations, path, is_annotation_key)
    size = sum(len(k) + len(v) for k, v in annotations.items() if type(v) is str)
    if size * 4 > _MOST:  # a character has up to four bytes
        size = sum(
            len(k.encode(errors="surrogatepass")) + len(v.encode(errors="surrogatepass"))
            for k, v in annotations.items()
            if type(v) is str
        )
        if size > _MOST:
            fact = f"the annotations have {size} bytes, more than {_MOST} (256 KiB)"
            yield Finding(path, fact, "keep large texts in a ConfigMap")


def _keys(
    entries: Mapping[str, Any], path: Path, accepts: Callable[[str], bool]
) -> Iterator[Finding]:
    for key in entries:
        if not accepts(key):
            yield Finding(path / key, f"{quoted(key)} is no key: {_why_no_key(key)}")


def _why_no_key(key: str) -> str:
    prefix, slash, name = key.rpartition("/")
    if slash and not is_subdomain(prefix.lower()):
        return f"{quoted(prefix)}, before the slash, is no domain"
    if slash and not is_subdomain(prefix):
        return f"{quoted(prefix)}, before the slash, is a domain in upper case"
    what = "its name" if slash else "it"
    return f"{what} {why_not(name, _CHARACTERS, LONGEST_NAME)}"
