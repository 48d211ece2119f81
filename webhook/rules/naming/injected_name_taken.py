"""A name that fetching a model needs is taken

Why: for a node with a modelUri an init container and a volume are added to its pod, under names
made of the container's: `<container>-model-initializer` and `<container>-provision-location`; for a
`pvc://` URI a volume `kfserving-pvc-source` too. Another container of that name makes a pod with
one name twice, which the API server refuses. So does a volume of that name under Seldon's operator,
which adds its own beside it (graphgate's reconciler uses the author's).

Fix: Give the container or volume another name.

Bad:
    componentSpecs:
    - spec:
        containers:
        - name: classifier
          image: registry.example/classifier:1
        - name: classifier-model-initializer
          image: registry.example/fetch:1
    graph:
      name: classifier
      modelUri: gs://models.example/iris

Good:
    componentSpecs:
    - spec:
        containers:
        - name: classifier
          image: registry.example/classifier:1
        - name: fetch
          image: registry.example/fetch:1
    graph:
      name: classifier
      modelUri: gs://models.example/iris
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import ComponentSpec, Node, Predictor, get_str
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"


def check(component: ComponentSpec, predictor: Predictor, facts: Facts) -> Iterator[Finding]:
    """Yield each container and volume that stands where one is added.

    Sources: InjectModelInitializer (operator/controllers/model_initializer_injector.go, v1.17.1),
    ValidatePodSpec.
    """
    for container in component.containers:
        nodes = predictor.nodes_by_name.get(container.name)
        if nodes and get_str(nodes[0].raw, "modelUri"):
            yield from _check_node(nodes[0], component, facts)


def _check_node(node: Node, component: ComponentSpec, facts: Facts) -> Iterator[Finding]:
    from webhook.rendering.names import initializer_name, model_volume_name
    from webhook.rendering.storage_initializer import CLAIM_SCHEME, CLAIM_VOLUME

    reader = _reader_name(node, component)
    initializer = initializer_name(reader)
    namesakes = component.containers_by_name.get(initializer, ())
    for container in namesakes:
        if container.role == "container":
            yield Finding(
                container.path / "name",
                f"{quote_value(initializer)} is the name of the init container that fetches the "
                f"model of {quote_value(node.name)}",
            )
    if facts.operator == "graphgate" or any(c.role == "init container" for c in namesakes):
        return
    names = [model_volume_name(reader)]
    if get_str(node.raw, "modelUri").startswith(CLAIM_SCHEME):
        names.append(CLAIM_VOLUME)
    for name in names:
        for volume in component.volumes_by_name.get(name, ()):
            yield Finding(
                volume.path / "name",
                f"Seldon's operator adds a volume {quote_value(name)} for the model of "
                f"{quote_value(node.name)} beside this one",
            )


def _reader_name(node: Node, component: ComponentSpec) -> str:
    """Return the container that gets the model: TensorFlow's own, where its author wrote it."""
    from webhook.rendering.layout import TENSORFLOW_CONTAINER

    is_split = node.implementation == "TENSORFLOW_SERVER"
    return (
        TENSORFLOW_CONTAINER
        if is_split and TENSORFLOW_CONTAINER in component.containers_by_name
        else node.name
    )
