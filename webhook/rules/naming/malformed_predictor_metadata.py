"""Invalid label or annotation of a predictor

Why: the labels and annotations of predictors are copied to Deployments, Services and pods. A key is
a name of at most 63 letters, digits, "-", "_" and ".", with a letter or digit at both ends, and may
have a domain and "/" in front; the value of a label is such a name, or empty. The API server
refuses any other.

Fix: Use only letters, digits, "-", "_" and ".". Put free text into the value of an annotation.

Bad:
    predictors:
    - name: main
      labels:
        owner: team a

Good:
    predictors:
    - name: main
      labels:
        owner: team-a
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
from webhook.graph.model import Predictor, get_mapping
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"annotations", "labels"})


def check(predictor: Predictor) -> Iterator[Finding]:
    """Yield each invalid key and value.

    Source: ValidateLabels, ValidateAnnotations; seldon-checks G17.
    """
    if "labels" in predictor.raw:
        for key, value in get_mapping(predictor.raw, "labels").items():
            if not _is_trivial_value(key) and not is_qualified_name(key):
                path = predictor.path / "labels" / key
                yield Finding(path, f"invalid label key {quote_value(key)}", at_key=True)
            elif type(value) is str and not _is_trivial_value(value) and not is_label_value(value):
                path = predictor.path / "labels" / key
                reason = explain_invalid(value, "-A-Za-z0-9_.", MAX_NAME_LENGTH)
                yield Finding(path, f"invalid label value {quote_value(value)}: {reason}")
    if "annotations" in predictor.raw:
        for key in get_mapping(predictor.raw, "annotations"):
            if not _is_trivial_value(key) and not is_annotation_key(key):
                path = predictor.path / "annotations" / key
                yield Finding(path, f"invalid annotation key {quote_value(key)}", at_key=True)


def _is_trivial_value(value: str) -> bool:
    """Return, cheaply, whether a text is surely valid, as most are."""
    return value.isalnum() and value.isascii() and len(value) <= MAX_NAME_LENGTH
