"""An annotation stands where Seldon does not read it

Why: some of Seldon's annotations are read at one place only: of the spec, or of a predictor. At
another place they have no effect, and nobody is told.

Fix: Move the annotation to where it is read.

Bad:
    metadata:
      annotations:
        seldon.io/engine-separate-pod: "true"

Good:
    spec:
      annotations:
        seldon.io/engine-separate-pod: "true"
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, mapping
from webhook.graph.path import ROOT, Path

ACTION = "warn"
SINCE = "0.1.0"

_OF_SPEC = frozenset({"seldon.io/engine-separate-pod", "seldon.io/no-storage-initializer"})
_OF_PREDICTOR = frozenset({"seldon.io/no-engine", "seldon.io/svc-name"})
_OF_EITHER = _OF_SPEC | _OF_PREDICTOR

NEEDS = _OF_EITHER


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each annotation without effect (source: controller of v1.17)."""
    spec = mapping(deployment.spec, "annotations")
    own = mapping(mapping(deployment.raw, "metadata"), "annotations")
    if not _OF_EITHER.isdisjoint(own):
        yield from _judge(own, ROOT / "metadata", _OF_EITHER, spec)
    if not _OF_PREDICTOR.isdisjoint(spec):
        yield from _judge(spec, ROOT / "spec", _OF_PREDICTOR, spec)
    for predictor in deployment.predictors:
        if "annotations" in predictor.raw:
            written = mapping(predictor.raw, "annotations")
            if not _OF_SPEC.isdisjoint(written):
                yield from _judge(written, predictor.path, _OF_SPEC, spec)


def _judge(
    written: Mapping[str, Any], path: Path, unread: frozenset[str], spec: Mapping[str, Any]
) -> Iterator[Finding]:
    for key in sorted(unread.intersection(written)):
        if key in _OF_SPEC and key in spec:
            continue  # it stands at its place as well
        home = "spec.annotations" if key in _OF_SPEC else "the annotations of a predictor"
        yield Finding(
            path / "annotations" / key,
            f"{key} is read from {home} only, and has no effect here",
            f"move it to {home}",
        )
