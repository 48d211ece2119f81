"""Invalid label or annotation of the object

Why: a key is a name of at most 63 letters, digits, "-", "_" and ".", with a letter or digit at both
ends, and may have a domain and "/" in front; the value of a label is such a name, or empty. A
namespace is a DNS label. The API server refuses any other.

Fix: Use only letters, digits, "-", "_" and ".". Put free text into the value of an annotation.

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
from webhook.graph.k8s_syntax import (
    MAX_NAME_LENGTH,
    explain_invalid,
    is_annotation_key,
    is_label_value,
    is_qualified_name,
)
from webhook.graph.model import SeldonDeployment, get_mapping, get_str
from webhook.graph.names import explain_invalid_dns_label, is_dns_label
from webhook.graph.path import ROOT
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"annotations", "labels", "namespace"})

_CHARACTERS = "-A-Za-z0-9_."


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each invalid key and value (sources: ValidateLabels, ValidateAnnotations)."""
    metadata = get_mapping(deployment.raw, "metadata")
    namespace = get_str(metadata, "namespace")
    if namespace and not is_dns_label(namespace):
        reason = explain_invalid_dns_label(namespace)
        message = f"invalid namespace {quote_value(namespace)}: {reason}"
        # What applies the file may put another in its place, as kustomize does.
        remediation = 'use only lower-case letters, digits and "-"'
        yield Finding(ROOT / "metadata" / "namespace", message, remediation, certain=False)
    if "labels" in metadata:
        path = ROOT / "metadata" / "labels"
        for key, value in get_mapping(metadata, "labels").items():
            if not is_qualified_name(key):
                yield Finding(path / key, f"invalid label key {quote_value(key)}", at_key=True)
            if type(value) is str and not is_label_value(value):
                reason = explain_invalid(value, _CHARACTERS, MAX_NAME_LENGTH)
                yield Finding(path / key, f"invalid label value {quote_value(value)}: {reason}")
    if "annotations" in metadata:
        path = ROOT / "metadata" / "annotations"
        for key in get_mapping(metadata, "annotations"):
            if not is_annotation_key(key):
                yield Finding(path / key, f"invalid annotation key {quote_value(key)}", at_key=True)
