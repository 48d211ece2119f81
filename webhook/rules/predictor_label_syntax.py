"""A predictor's label or annotation has a key or value that none can have

Why: the labels and annotations of predictors are put on their Deployments, Services and pods. A key
is a name of at most 63 letters, digits, "-", "_" and ".", with a letter or digit at both ends, and
may have a domain and "/" in front; the value of a label is such a name, or empty. The API server
refuses an object with any other.

Fix: Write key and value with letters, digits, "-", "_" and "." only. Free text belongs into the
value of an annotation.

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
from webhook.graph.kubernetes import (
    LONGEST_NAME,
    is_annotation_key,
    is_key,
    is_label_value,
    why_not,
)
from webhook.graph.model import Deployment, mapping
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"labels", "annotations"})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each such key and value.

    Source: ValidateLabels, ValidateAnnotations; seldon-checks G17.
    """
    for predictor in deployment.predictors:
        if "labels" in predictor.raw:
            for key, value in mapping(predictor.raw, "labels").items():
                if not _is_plain(key) and not is_key(key):
                    path = predictor.path / "labels" / key
                    yield Finding(path, f"{quoted(key)} is no key of a label")
                elif type(value) is str and not _is_plain(value) and not is_label_value(value):
                    path = predictor.path / "labels" / key
                    why = why_not(value, "-A-Za-z0-9_.", LONGEST_NAME)
                    yield Finding(path, f"{quoted(value)} is no value of a label: it {why}")
        if "annotations" in predictor.raw:
            for key in mapping(predictor.raw, "annotations"):
                if not _is_plain(key) and not is_annotation_key(key):
                    path = predictor.path / "annotations" / key
                    yield Finding(path, f"{quoted(key)} is no key of an annotation")


def _is_plain(word: str) -> bool:
    """Tell at little cost that nothing can be wrong, as with most words."""
    return word.isalnum() and word.isascii() and len(word) <= LONGEST_NAME
