"""In which pods Seldon's operator puts its orchestrator and a certificate (createComponents)."""

from webhook.graph.model import ComponentSpec, Predictor, SeldonDeployment, get_mapping, get_str
from webhook.rendering.layout import opts_out_of_orchestrator, separates_orchestrator
from webhook.rendering.node_kinds import is_prepackaged_server


def holds_orchestrator(
    pod: ComponentSpec, predictor: Predictor, deployment: SeldonDeployment
) -> bool:
    """Return whether the orchestrator runs in this pod: the first one that has a node."""
    if opts_out_of_orchestrator(predictor) or separates_orchestrator(deployment):
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
        and not opts_out_of_orchestrator(predictor)
    )
