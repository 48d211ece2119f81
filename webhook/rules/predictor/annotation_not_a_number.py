"""Annotation value is not an integer

Why: Seldon parses some annotations as integers when it creates the objects or when the orchestrator
starts. With any other value it creates nothing, or the orchestrator does not start. It reads the
annotations of its pod, which are those of spec, predictor and componentSpec. Timeouts and sizes are
32-bit integers, and a queue of requests to log has no negative size. Istio refuses a route whose
retries are given no time.

Fix: Use an integer in quotes, without a unit.

Bad:
    annotations:
      seldon.io/rest-timeout: 10s

Good:
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
    ISTIO_RETRIES_ANNOTATION,
    ISTIO_RETRIES_TIMEOUT_ANNOTATION,
    LOGGER_QUEUE_SIZE_ANNOTATION,
    LOGGER_WRITE_TIMEOUT_ANNOTATION,
    REST_TIMEOUT_ANNOTATION,
)
from webhook.rendering.layout import opts_out_of_orchestrator, separates_orchestrator
from webhook.rendering.routes.attachment import read_annotation
from webhook.rendering.routes.options import RoutingOptions
from webhook.rules._format import quote_value
from webhook.rules.pod._seldon_orchestrator import holds_orchestrator

ACTION = "deny"
SINCE = "0.1.0"

_NUMERIC_ANNOTATIONS = {
    LOGGER_QUEUE_SIZE_ANNOTATION: False,
    LOGGER_WRITE_TIMEOUT_ANNOTATION: False,
    ISTIO_RETRIES_ANNOTATION: True,
    ISTIO_RETRIES_TIMEOUT_ANNOTATION: True,
    REST_TIMEOUT_ANNOTATION: True,
    GRPC_TIMEOUT_ANNOTATION: True,
    GRPC_MAX_MESSAGE_SIZE_ANNOTATION: True,
}
"""By annotation, whether an empty one reads as absent."""

_KEYS = frozenset(_NUMERIC_ANNOTATIONS)
_POD_ANNOTATIONS = frozenset(
    {REST_TIMEOUT_ANNOTATION, GRPC_TIMEOUT_ANNOTATION, GRPC_MAX_MESSAGE_SIZE_ANNOTATION}
)


FIELDS = frozenset({"annotations", "metadata"})

_BITS = {REST_TIMEOUT_ANNOTATION: 32, GRPC_MAX_MESSAGE_SIZE_ANNOTATION: 32}
"""Of integers that are parsed as other ones than of 64 bits."""

_MAX_DIGITS = 20
_MAX_RETRIES = 2**31 - 1
_MAX_SECONDS = 999_999_999
"""Istio's definition holds ten times that, and nobody waits for thirty years."""


def check(deployment: SeldonDeployment, routing: RoutingOptions, facts: Facts) -> Iterator[Finding]:
    """Yield each value that Go's strconv.Atoi refuses, and retries that Istio refuses.

    Source: seldon-checks G36, and the executor's clients (getRestTimeoutFromAnnotations,
    getMaxMsgSizeFromAnnotations, StartDispatcher, v1.17.1); Istio's definition of a VirtualService
    (perTryTimeout).

    They are read from the spec, and from the object's own annotations where the spec has none; what
    the orchestrator reads itself also from its pod.
    """
    spec = deployment.spec
    own = get_mapping(deployment.raw, "metadata")
    noted = get_mapping(spec, "annotations")
    if not _KEYS.isdisjoint(noted):
        yield from _check_annotations(noted, ROOT / "spec" / "annotations", noted)
    others = get_mapping(own, "annotations")
    if not _KEYS.isdisjoint(others):
        yield from _check_annotations(others, ROOT / "metadata" / "annotations", noted)
    if facts.operator != "graphgate":
        yield from _check_queue_size(deployment)
    for predictor in deployment.predictors:
        yield from _check_pod(predictor, deployment, facts)
    yield from _check_retries(deployment, certain=routing.kind == "istio")


def _check_queue_size(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield a negative size of the queue, which graphgate's reconciler does not pass on."""
    size = read_annotation(deployment, LOGGER_QUEUE_SIZE_ANNOTATION)
    if size is not None and size[0].startswith("-") and _to_number(size) < 0:
        message = f"{LOGGER_QUEUE_SIZE_ANNOTATION} must not be negative, got {quote_value(size[0])}"
        yield Finding(size[1], message, 'use a number such as "10000"')


def _check_pod(
    predictor: Predictor, deployment: SeldonDeployment, facts: Facts
) -> Iterator[Finding]:
    """Yield each value that the orchestrator reads from its pod: the innermost counts.

    In the orchestrator's pod the predictor's counts for Seldon's operator (addEngineToDeployment).
    """
    holders = [
        (get_mapping(get_mapping(component.raw, "metadata"), "annotations"), component.path)
        for component in predictor.components
        if "metadata" in component.raw and holds_orchestrator(component, predictor, deployment)
    ]
    places = [(written, path / "metadata") for written, path in holders]
    own = (get_mapping(predictor.raw, "annotations"), predictor.path)
    places.insert(len(places) if facts.operator == "graphgate" else 0, own)
    if all(_POD_ANNOTATIONS.isdisjoint(written) for written, _ in places):
        return
    if opts_out_of_orchestrator(predictor):
        return
    # On the pod of an orchestrator of its own Seldon's operator writes none of them.
    certain = facts.operator == "graphgate" or not separates_orchestrator(deployment)
    for key in sorted(_POD_ANNOTATIONS):
        for written, path in places:
            value = written.get(key)
            if type(value) is str:
                if value and (reason := _explain(key, value)):
                    yield Finding(path / "annotations" / key, reason, certain=certain)
                break


def _check_retries(deployment: SeldonDeployment, *, certain: bool) -> Iterator[Finding]:
    """Yield retries that Istio's definition refuses.

    certain  whether routes of Istio are made; where they are not known of, Seldon may make some
    """
    retries = read_annotation(deployment, ISTIO_RETRIES_ANNOTATION)
    count = _to_number(retries)
    if retries is None or count <= 0:
        return
    if count > _MAX_RETRIES:
        message = f"istio-retries must be at most {_MAX_RETRIES}, got {count}"
        yield Finding(retries[1], message, "use a number such as 3", certain=certain)
    timeout = read_annotation(deployment, ISTIO_RETRIES_TIMEOUT_ANNOTATION)
    if timeout is None or not _is_number(timeout[0]):
        return
    seconds = _to_number(timeout)
    if not 1 <= seconds <= _MAX_SECONDS:
        bound = "at least 1" if seconds < 1 else f"at most {_MAX_SECONDS}"
        message = f"istio-retries-timeout must be {bound} s, got {seconds}"
        yield Finding(timeout[1], message, "use a number of seconds such as 2", certain=certain)


def _to_number(found: tuple[str, Path] | None) -> int:
    """Return an annotation's number; 0 for none, and for one that is too long for any use."""
    if found is None or not _is_number(found[0]):
        return 0
    return int(found[0][:20])


def _check_annotations(
    written: Mapping[str, Any], path: Path, spec: Mapping[str, Any]
) -> Iterator[Finding]:
    for key in sorted(_KEYS.intersection(written)):
        value = written[key]
        if type(value) is not str or (not value and _NUMERIC_ANNOTATIONS[key]):
            continue
        reason = _explain(key, value)
        if not reason:
            continue
        if written is not spec and type(spec.get(key)) is str:
            continue  # the spec's is read
        if key == ISTIO_RETRIES_TIMEOUT_ANNOTATION and not (
            written.get(ISTIO_RETRIES_ANNOTATION) or spec.get(ISTIO_RETRIES_ANNOTATION)
        ):
            continue  # read only beside retries
        # Only pods that carry it let the orchestrator fail; the object's own reach some ingresses.
        certain = written is spec or key not in _POD_ANNOTATIONS
        yield Finding(path / key, reason, certain=certain)


def _explain(key: str, value: str) -> str:
    """Return why a value is not an integer that is read; "" if it is."""
    if not _is_number(value):
        return f"{key} must be an integer, got {quote_value(value)}"
    bits = _BITS.get(key, 64)
    digits = value.lstrip("+-0")
    limit = 2 ** (bits - 1) + value.startswith("-")
    if len(digits) > _MAX_DIGITS or int(digits or "0") >= limit:
        return f"{key} must be a {bits}-bit integer, got {quote_value(value)}"
    return ""


def _is_number(value: str) -> bool:
    digits = value[1:] if value[:1] in ("+", "-") else value
    return digits.isascii() and digits.isdigit()
