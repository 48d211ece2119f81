"""Which container reads the model that is fetched for a node of a model server."""

from webhook.graph.model import Node, SeldonDeployment


def model_reader_name(node: Node, deployment: SeldonDeployment) -> str:
    """Return the container that gets a node's model: TensorFlow's, or the node's own.

    Under other protocols than its own, the node's container is a proxy before TensorFlow's.
    Source: addTFServerContainer (seldondeployment_prepackaged_servers.go, v1.17.1).
    """
    from webhook.rendering.layout import TENSORFLOW_CONTAINER
    from webhook.rendering.model_servers import is_tensorflow_proxy

    return TENSORFLOW_CONTAINER if is_tensorflow_proxy(deployment, node) else node.name
