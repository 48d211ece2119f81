"""Misplaced annotation

Why: Seldon reads some annotations at one level only: spec, or a predictor. At another level they
silently have no effect.

Fix: Move the annotation to the level at which it is read.

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
from webhook.graph.model import SeldonDeployment, get_mapping
from webhook.graph.path import ROOT, Path
from webhook.graph.well_known import (
    NO_ENGINE_ANNOTATION,
    NO_STORAGE_INITIALIZER_ANNOTATION,
    SEPARATE_POD_ANNOTATION,
    SERVICE_NAME_ANNOTATION,
)

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"annotations", "metadata"})

_SPEC_ANNOTATIONS = frozenset({SEPARATE_POD_ANNOTATION, NO_STORAGE_INITIALIZER_ANNOTATION})
_PREDICTOR_ANNOTATIONS = frozenset({NO_ENGINE_ANNOTATION, SERVICE_NAME_ANNOTATION})
_ALL_ANNOTATIONS = _SPEC_ANNOTATIONS | _PREDICTOR_ANNOTATIONS


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each annotation without effect (source: controller of v1.17)."""
    spec_annotations = get_mapping(deployment.spec, "annotations")
    metadata_annotations = get_mapping(get_mapping(deployment.raw, "metadata"), "annotations")
    if not _ALL_ANNOTATIONS.isdisjoint(metadata_annotations):
        yield from _check_annotations(
            metadata_annotations, ROOT / "metadata", _ALL_ANNOTATIONS, spec_annotations
        )
    if not _PREDICTOR_ANNOTATIONS.isdisjoint(spec_annotations):
        yield from _check_annotations(
            spec_annotations, ROOT / "spec", _PREDICTOR_ANNOTATIONS, spec_annotations
        )
    for predictor in deployment.predictors:
        if "annotations" in predictor.raw:
            written = get_mapping(predictor.raw, "annotations")
            if not _SPEC_ANNOTATIONS.isdisjoint(written):
                yield from _check_annotations(
                    written, predictor.path, _SPEC_ANNOTATIONS, spec_annotations
                )
        for component in predictor.components:
            if "metadata" in component.raw:
                metadata = get_mapping(component.raw, "metadata")
                written = get_mapping(metadata, "annotations")
                if not _ALL_ANNOTATIONS.isdisjoint(written):
                    path = component.path / "metadata"
                    yield from _check_annotations(written, path, _ALL_ANNOTATIONS, spec_annotations)


def _check_annotations(
    annotations: Mapping[str, Any],
    path: Path,
    ignored_keys: frozenset[str],
    spec_annotations: Mapping[str, Any],
) -> Iterator[Finding]:
    for key in sorted(ignored_keys.intersection(annotations)):
        if key in _SPEC_ANNOTATIONS and key in spec_annotations:
            continue  # it is at its place as well
        expected_location = (
            "spec.annotations" if key in _SPEC_ANNOTATIONS else "the annotations of a predictor"
        )
        yield Finding(
            path / "annotations" / key,
            f"{key} has no effect here: it is read from {expected_location} only",
            f"move it to {expected_location}",
        )
