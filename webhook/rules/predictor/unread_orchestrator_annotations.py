"""Annotations that the orchestrator cannot read

Why: the orchestrator reads timeouts and sizes from the annotations of its pod. If one of these
annotations, whichever it is, has the character "=" in its value, it reads none of them: the
timeouts have no effect. Seldon's operator writes none of them on an orchestrator's own pod
(seldon.io/engine-separate-pod).

Fix: Remove the character, or move that annotation to metadata, which the pods do not get.

Bad:
    spec:
      annotations:
        seldon.io/rest-timeout: "10000"
        example.com/query: team=models

Good:
    metadata:
      annotations:
        example.com/query: team=models
    spec:
      annotations:
        seldon.io/rest-timeout: "10000"
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, SeldonDeployment, get_mapping
from webhook.graph.path import ROOT, Path
from webhook.graph.well_known import (
    GRPC_MAX_MESSAGE_SIZE_ANNOTATION,
    GRPC_TIMEOUT_ANNOTATION,
    REST_TIMEOUT_ANNOTATION,
)
from webhook.rendering.layout import opts_out_of_orchestrator, separates_orchestrator
from webhook.rules._format import quote_value
from webhook.rules.pod._seldon_orchestrator import holds_orchestrator

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"annotations", "metadata"})

_READ = frozenset(
    {GRPC_MAX_MESSAGE_SIZE_ANNOTATION, GRPC_TIMEOUT_ANNOTATION, REST_TIMEOUT_ANNOTATION}
)


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each annotation that keeps others from being read, and each that is not on the pod.

    Sources: getAnnotationMap (executor/k8s/annotation.go, v1.17.1), which splits each line at "=";
    createEngineDeployment.
    """
    noted = get_mapping(deployment.spec, "annotations")
    is_separate = separates_orchestrator(deployment)
    found: dict[Path, str] = {}
    for predictor in deployment.predictors:
        places = [(noted, ROOT / "spec"), *_places(predictor, deployment)]
        if all(_READ.isdisjoint(written) for written, _ in places):
            continue
        if opts_out_of_orchestrator(predictor):
            continue
        for written, path in places:
            for key, value in written.items():
                if is_separate and facts.operator != "graphgate":
                    if key in _READ:
                        found[path / "annotations" / key] = (
                            f"{key} has no effect: Seldon's operator writes no annotations on the "
                            "orchestrator's own pod"
                        )
                elif type(value) is str and "=" in value:
                    found[path / "annotations" / key] = (
                        "the orchestrator reads none of the annotations of its pod, timeouts among "
                        f'them, because {quote_value(value)} has a "="'
                    )
    for path, message in found.items():
        yield Finding(path, message, "remove it" if path[-1] in _READ else "")


def _places(
    predictor: Predictor, deployment: SeldonDeployment
) -> Iterator[tuple[Mapping[str, Any], Path]]:
    """Yield the annotations of the orchestrator's pod that are a predictor's."""
    if "annotations" in predictor.raw:
        yield get_mapping(predictor.raw, "annotations"), predictor.path
    if separates_orchestrator(deployment):
        return
    for component in predictor.components:
        if "metadata" in component.raw and holds_orchestrator(component, predictor, deployment):
            metadata = get_mapping(component.raw, "metadata")
            yield get_mapping(metadata, "annotations"), component.path / "metadata"
