"""In which pods Seldon's operator puts its orchestrator and a certificate (createComponents)."""

from collections.abc import Mapping
from typing import Any

from webhook.graph.model import ComponentSpec, Predictor, SeldonDeployment, get_mapping, get_str
from webhook.graph.well_known import NO_ENGINE_ANNOTATION, SEPARATE_POD_ANNOTATION
from webhook.rendering.node_kinds import is_prepackaged_server


def holds_orchestrator(
    pod: ComponentSpec, predictor: Predictor, deployment: SeldonDeployment
) -> bool:
    """Return whether the orchestrator runs in this pod: the first one that has a node."""
    if _is_on(predictor.raw, NO_ENGINE_ANNOTATION):
        return False
    if _is_on(deployment.spec, SEPARATE_POD_ANNOTATION):
        return False
    if pod.path[-1] not in (0, "componentSpecs"):
        return False
    own = {container.name for container in pod.containers}
    placed = {c.name for component in predictor.components for c in component.containers}
    return any(
        node.name in own or (node.name not in placed and is_prepackaged_server(node))
        for node in predictor.nodes
    )


def gets_certificate(pod: ComponentSpec, predictor: Predictor) -> bool:
    """Return whether the certificate of ssl is mounted into this pod: it has the root node."""
    root = predictor.graph
    return (
        root is not None
        and root.name in pod.containers_by_name
        and bool(get_str(get_mapping(predictor.raw, "ssl"), "certSecretName"))
        and not _is_on(predictor.raw, NO_ENGINE_ANNOTATION)
    )


def _is_on(holder: Mapping[str, Any], annotation: str) -> bool:
    annotations = get_mapping(holder, "annotations")
    return get_str(annotations, annotation).lower() == "true"
