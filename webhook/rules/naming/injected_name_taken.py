"""Name of a container or volume that is added

Why: for a node with a modelUri an init container `<container>-model-initializer` and a volume
`<container>-provision-location` are added to the pod, and for a `pvc://` URI a volume
`kfserving-pvc-source`; for the certificate of ssl a volume `seldon-cert-volume`. The API server
refuses a pod in which another container has that name. Under Seldon's operator the same holds for a
volume (graphgate's reconciler uses the author's).

Fix: Rename the container or volume.

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
from webhook.graph.model import (
    ComponentSpec,
    Node,
    Predictor,
    SeldonDeployment,
    get_str,
    iter_mappings,
)
from webhook.graph.well_known import MODEL_CLAIM_VOLUME
from webhook.rules._format import quote_value
from webhook.rules._model_reader import model_reader_name
from webhook.rules.pod._seldon_orchestrator import gets_certificate

ACTION = "deny"
SINCE = "0.1.0"
_CERTIFICATE_VOLUME = "seldon-cert-volume"
WORDS = frozenset({"node.modelUri", _CERTIFICATE_VOLUME})


def check(
    component: ComponentSpec, predictor: Predictor, deployment: SeldonDeployment, facts: Facts
) -> Iterator[Finding]:
    """Yield each container and volume with the name of one that is added.

    Sources: InjectModelInitializer (operator/controllers/model_initializer_injector.go, v1.17.1),
    MountSecretToDeploymentContainers (operator/utils/utils.go), ValidatePodSpec.
    """
    if facts.operator != "graphgate" and gets_certificate(component, predictor):
        for taken in component.volumes_by_name.get(_CERTIFICATE_VOLUME, ()):
            yield Finding(
                taken.path / "name",
                f"volume name {quote_value(_CERTIFICATE_VOLUME)} is reserved: Seldon's operator "
                "adds such a volume for the certificate of ssl",
            )
    for container in component.containers:
        nodes = predictor.nodes_by_name.get(container.name)
        if nodes and get_str(nodes[0].raw, "modelUri"):
            reader = model_reader_name(nodes[0], deployment)
            yield from _check_node(nodes[0], reader, component, facts)


def _check_node(
    node: Node, reader: str, component: ComponentSpec, facts: Facts
) -> Iterator[Finding]:
    from webhook.rendering.names import initializer_name, model_volume_name
    from webhook.rendering.storage_initializer import CLAIM_SCHEME

    initializer = initializer_name(reader)
    namesakes = component.containers_by_name.get(initializer, ())
    for container in namesakes:
        if container.role == "container":
            yield Finding(
                container.path / "name",
                f"name {quote_value(initializer)} is reserved for the init container that "
                "downloads "
                f"the model of {quote_value(node.name)}",
            )
    volume = model_volume_name(reader)
    if volume not in component.volumes_by_name and not _mounts_a_model(reader, component):
        for container in namesakes:
            if container.role == "init container":
                message = (
                    f"it replaces the download, and its volume {quote_value(volume)} is missing"
                )
                yield Finding(container.path / "name", message, "add the volume")
    if facts.operator == "graphgate" or any(c.role == "init container" for c in namesakes):
        return
    names = [volume]
    if get_str(node.raw, "modelUri").startswith(CLAIM_SCHEME):
        names.append(MODEL_CLAIM_VOLUME)
    for name in names:
        for taken in component.volumes_by_name.get(name, ()):
            yield Finding(
                taken.path / "name",
                f"volume name {quote_value(name)} is reserved: Seldon's operator adds such a "
                "volume for "
                f"the model of {quote_value(node.name)}",
            )


def _mounts_a_model(reader: str, component: ComponentSpec) -> bool:
    """Return whether the author mounted the model, of whatever volume: other rules see to that."""
    from webhook.rendering.environment import MODELS_PATH

    return any(
        get_str(mount, "mountPath") == MODELS_PATH
        for container in component.containers_by_name.get(reader, ())
        for _, mount in iter_mappings(container.raw, "volumeMounts")
    )
