"""Which container reads the model that is fetched for a node of a model server."""

from collections.abc import Container as Names

from webhook.graph.model import Node, SeldonDeployment, get_str


def model_reader_name(node: Node, authored: Names[str], deployment: SeldonDeployment) -> str:
    """Return the container that gets a node's model: TensorFlow's, or the node's own.

    authored  the names of the containers that the author wrote
    Under other protocols than its own, the node's container is a proxy before TensorFlow's.
    Source: InjectModelInitializer (operator/controllers/model_initializer_injector.go, v1.17.1).
    """
    from webhook.rendering.layout import TENSORFLOW_CONTAINER

    if node.implementation == "TENSORFLOW_SERVER" and (
        get_str(deployment.spec, "protocol") != "tensorflow" or TENSORFLOW_CONTAINER in authored
    ):
        return TENSORFLOW_CONTAINER
    return node.name
