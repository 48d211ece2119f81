"""Every place of an object where a container, an image, a model or a number of replicas is.

Here: plain rows for the functions of `cel_graph_library`. Graphs are read as deep as the engine
reads them, so nothing is below what a policy sees. Total: a part of the wrong type has no rows;
the schema denies it anyway.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.model import ComponentSpec, Predictor, get_mapping, get_str, iter_mappings
from webhook.graph.parse import read_predictors
from webhook.graph.path import ROOT, Path
from webhook.graph.well_known import KEDA_DEFAULT_MAX_REPLICAS
from webhook.podsecurity.pod import CONTAINER_KINDS

_HPA_COUNTS = ("minReplicas", "maxReplicas")
_KEDA_COUNTS = ("idleReplicaCount", "minReplicaCount", "maxReplicaCount")


def iter_containers(object_: Any) -> Iterator[tuple[Mapping[str, Any], Path]]:
    """Yield every container that an author wrote, as it is in the object, with its place.

    Init, application and ephemeral containers of componentSpecs, and containerSpec of explainers.
    """
    for predictor in read_predictors(object_):
        for component in predictor.components:
            yield from _iter_pod_containers(component)
        container = _explainer(predictor).get("containerSpec")
        if type(container) is dict:
            yield container, predictor.path / "explainer" / "containerSpec"


def _iter_volumes(object_: Any) -> Iterator[tuple[Mapping[str, Any], Path]]:
    for predictor in read_predictors(object_):
        for component in predictor.components:
            for index, volume in iter_mappings(component.pod, "volumes"):
                yield volume, component.path.join(("spec", "volumes", index))


def _iter_pod_containers(component: ComponentSpec) -> Iterator[tuple[Mapping[str, Any], Path]]:
    for kind in CONTAINER_KINDS:
        # A list that slipped out of `spec` is read as intended.
        in_place = component.pod.get(kind) is not component.raw.get(kind)
        path = component.path.join(("spec", kind) if in_place else (kind,))
        for index, item in iter_mappings(component.pod, kind):
            yield item, path / index


def list_images(object_: Any) -> list[dict[str, Any]]:
    """Return every image: {image, path}.

    Of containers, of volumes that are images, of storage initializers. Of a container in a
    componentSpec that names none it is "". Other images that are not written are the operator's
    choice and left out.
    """
    rows = []
    for container, path in iter_containers(object_):
        if container.get("image") is not None or path[-1] != "containerSpec":
            rows.append(_row("image", get_str(container, "image"), path / "image"))
    for volume, path in _iter_volumes(object_):
        source = volume.get("image")
        if type(source) is dict:
            rows.append(_row("image", get_str(source, "reference"), path / "image" / "reference"))
    for part, path in _iter_downloads(object_):
        if part.get("storageInitializerImage") is not None:
            image = get_str(part, "storageInitializerImage")
            rows.append(_row("image", image, path / "storageInitializerImage"))
    return rows


def list_model_uris(object_: Any) -> list[dict[str, Any]]:
    """Return every modelUri that is written and not empty: {uri, path}."""
    return [
        _row("uri", get_str(part, "modelUri"), path / "modelUri")
        for part, path in _iter_downloads(object_)
        if part.get("modelUri")
    ]


def _iter_downloads(object_: Any) -> Iterator[tuple[Mapping[str, Any], Path]]:
    """Yield what a model may be downloaded for: every node, every explainer."""
    for predictor in read_predictors(object_):
        for node in predictor.nodes:
            yield node.raw, node.path
        if "explainer" in predictor.raw:
            yield _explainer(predictor), predictor.path / "explainer"


def list_replicas(object_: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return every number of pods that is written, and KEDA's own where none is: {replicas, path}.

    An object of kind Scale has one, at spec.replicas, as the SeldonDeployment that it scales.
    """
    spec = get_mapping(object_, "spec")
    rows = list(_count_rows(spec, ("replicas",), ROOT / "spec"))
    for predictor in read_predictors(object_):
        here = predictor.path
        rows += _count_rows(predictor.raw, ("replicas",), here)
        for part in ("svcOrchSpec", "explainer"):
            rows += _count_rows(get_mapping(predictor.raw, part), ("replicas",), here / part)
        for component in predictor.components:
            rows += _component_counts(component)
    return rows


def _component_counts(component: ComponentSpec) -> Iterator[dict[str, Any]]:
    yield from _count_rows(component.raw, ("replicas",), component.path)
    yield from _count_rows(
        get_mapping(component.raw, "hpaSpec"), _HPA_COUNTS, component.path / "hpaSpec"
    )
    keda = component.raw.get("kedaSpec")
    if type(keda) is not dict:
        return
    here = component.path / "kedaSpec"
    yield from _count_rows(keda, _KEDA_COUNTS, here)
    yield from _count_rows(get_mapping(keda, "fallback"), ("replicas",), here / "fallback")
    if keda.get("maxReplicaCount") is None:
        yield _row("replicas", KEDA_DEFAULT_MAX_REPLICAS, here / "maxReplicaCount")


def _count_rows(
    raw: Mapping[str, Any], fields: tuple[str, ...], here: Path
) -> Iterator[dict[str, Any]]:
    for field in fields:
        count = raw.get(field)
        if type(count) is int:
            yield _row("replicas", count, here / field)


def _explainer(predictor: Predictor) -> Mapping[str, Any]:
    return get_mapping(predictor.raw, "explainer")


def _row(name: str, value: Any, path: Path) -> dict[str, Any]:
    return {name: value, "path": str(path)}
