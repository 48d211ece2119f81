"""A label or annotation of the object is none that can be

Why: a key is a name of at most 63 letters, digits, "-", "_" and ".", with a letter or digit at both
ends, and may have a domain and "/" in front; the value of a label is such a name, or empty. The API
server refuses a SeldonDeployment with any other.

Fix: Write key and value with letters, digits, "-", "_" and "." only. Free text belongs into the
value of an annotation.

Bad:
    metadata:
      name: iris
      labels:
        team: data science

Good:
    metadata:
      name: iris
      annotations:
        team: data science
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.kubernetes import (
    LONGEST_NAME,
    is_annotation_key,
    is_key,
    is_label_value,
    why_not,
)
from webhook.graph.model import Deployment, mapping
from webhook.graph.path import ROOT
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"

_CHARACTERS = "-A-Za-z0-9_."


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each such key and value (sources: ValidateLabels, ValidateAnnotations)."""
    metadata = mapping(deployment.raw, "metadata")
    if "labels" in metadata:
        path = ROOT / "metadata" / "labels"
        for key, value in mapping(metadata, "labels").items():
            if not is_key(key):
                yield Finding(path / key, f"{quoted(key)} is no key of a label")
            if type(value) is str and not is_label_value(value):
                why = why_not(value, _CHARACTERS, LONGEST_NAME)
                yield Finding(path / key, f"{quoted(value)} is no value of a label: it {why}")
    if "annotations" in metadata:
        path = ROOT / "metadata" / "annotations"
        for key in mapping(metadata, "annotations"):
            if not is_annotation_key(key):
                yield Finding(path / key, f"{quoted(key)} is no key of an annotation")
