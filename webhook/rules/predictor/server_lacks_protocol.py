"""Protocol not supported by the model server

Why: each server has images for some protocols only. Seldon refuses the protocol tensorflow for
servers that do not support it. If seldon-config has no image for the protocol, the container has
none, and its Deployment is refused. The image of the node's own container helps, but not under
Seldon's operator with protocol v2, which creates nothing without one in seldon-config, and not for
TENSORFLOW_SERVER, whose container always gets the image in seldon-config.

Fix: Use a protocol that the server supports, or set the image of its container.

Bad:
    protocol: tensorflow
    predictors:
    - graph:
        name: classifier
        implementation: SKLEARN_SERVER

Good:
    protocol: v2
    predictors:
    - graph:
        name: classifier
        implementation: SKLEARN_SERVER
"""

from collections.abc import Iterator

from webhook.graph import schema
from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Node, Predictor, SeldonDeployment, get_mapping, get_str
from webhook.graph.text import join_words
from webhook.rendering.model_servers import V2_PROTOCOLS, server_protocols
from webhook.rendering.node_kinds import is_prepackaged_server

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"implementation"})

_WITHOUT_TENSORFLOW = frozenset(
    {"SKLEARN_SERVER", "XGBOOST_SERVER", "MLFLOW_SERVER", "HUGGINGFACE_SERVER"}
)

_SHIPPED_PROTOCOLS = {
    "HUGGINGFACE_SERVER": ("v2", "kfserving"),
    "TRITON_SERVER": ("v2", "kfserving"),
    "TEMPO_SERVER": ("v2", "kfserving"),
    "TENSORFLOW_SERVER": ("tensorflow", "seldon"),
}
"""The servers of Seldon's own seldon-config (1.17) that do not speak them all, with theirs."""


def check(
    node: Node, predictor: Predictor, deployment: SeldonDeployment, facts: Facts
) -> Iterator[Finding]:
    """Yield each server that does not support the object's protocol.

    Source: seldon-checks V13, G23.
    """
    protocol = get_str(deployment.spec, "protocol") or "seldon"
    if protocol not in schema.enum_values("protocols"):
        return  # unknown-protocol says so
    if facts.model_servers is None and protocol != "tensorflow":
        if protocol not in facts.configured_server_images.get(node.implementation, ()):
            yield from _check_shipped_server(node, predictor, protocol, facts)
        return
    if not node.implementation or not is_prepackaged_server(node):
        return
    path = node.path / "implementation"
    if protocol == "tensorflow" and node.implementation in _WITHOUT_TENSORFLOW:
        message = f"{node.implementation} does not support protocol tensorflow"
        spoken = _SHIPPED_PROTOCOLS.get(node.implementation, ("v2", "seldon"))
        yield Finding(path, message, f"set spec.protocol to {join_words(spoken, 'or')}")
    elif lacking := _lacks_image(node, predictor, protocol, facts):
        container_names, names = lacking
        known = f"; there are images for {join_words(container_names)}" if container_names else ""
        yield Finding(
            path,
            f"no image of {node.implementation} is configured for protocol "
            f"{join_words(names, 'or')}{known}",
        )


def _check_shipped_server(
    node: Node, predictor: Predictor, protocol: str, facts: Facts
) -> Iterator[Finding]:
    """Yield, as not certain, the server if its default does not support the protocol."""
    spoken = _SHIPPED_PROTOCOLS.get(node.implementation)
    if spoken is None or protocol in spoken or _has_image(node, predictor, protocol, facts):
        return
    yield Finding(
        node.path / "implementation",
        f"the default {node.implementation} does not support protocol {protocol}",
        f"set spec.protocol to {spoken[0]}",
        certain=False,
    )


def _has_image(node: Node, predictor: Predictor, protocol: str, facts: Facts) -> bool:
    """Return whether the author's image is used where none is configured.

    Sources: getMLServerImage, which fails without one; addTFServerContainer (v1.17.1).
    """
    if facts.operator != "graphgate":
        if node.implementation == "TENSORFLOW_SERVER" and protocol != "tensorflow":
            return False
        if protocol in V2_PROTOCOLS and node.implementation != "TRITON_SERVER":
            return False
    return any(c.raw.get("image") for c in predictor.containers_by_name.get(node.name, ()))


def _lacks_image(
    node: Node, predictor: Predictor, protocol: str, facts: Facts
) -> tuple[list[str], list[str]] | None:
    """Return the protocols with an image, and those of which one is required."""
    protocols = server_protocols(facts, node.implementation)
    if facts.model_servers is None or not protocols:
        return None  # nothing is known of its images
    # Triton speaks v2 whatever the object says; Seldon's operator still requires an image.
    is_triton = node.implementation == "TRITON_SERVER" and facts.operator == "graphgate"
    if is_triton or protocol in V2_PROTOCOLS:
        needed = sorted(V2_PROTOCOLS, reverse=True)
    else:
        needed = [protocol]
    if any(get_str(get_mapping(protocols, name), "image") for name in needed):
        return None
    if _has_image(node, predictor, protocol, facts):
        return None
    return sorted(protocols), needed
