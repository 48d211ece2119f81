"""Mount at the path of the model

Why: Seldon's operator mounts the volume of a downloaded model at /mnt/models, and the claim of a
pvc:// URI at /mnt/pvc, even if something is mounted there already. The API server refuses two
mounts at one path. (graphgate's reconciler uses the author's mount.)

Fix: Mount the volume somewhere else, or remove modelUri and use the model in the volume.

Bad:
    componentSpecs:
    - spec:
        containers:
        - name: classifier
          image: registry.example/classifier:1
          volumeMounts:
          - name: models
            mountPath: /mnt/models
        volumes:
        - name: models
          emptyDir: {}
    graph:
      name: classifier
      modelUri: gs://models.example/iris

Good:
    componentSpecs:
    - spec:
        containers:
        - name: classifier
          image: registry.example/classifier:1
          volumeMounts:
          - name: models
            mountPath: /cache
        volumes:
        - name: models
          emptyDir: {}
    graph:
      name: classifier
      modelUri: gs://models.example/iris
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import (
    Node,
    Predictor,
    SeldonDeployment,
    get_mapping,
    get_str,
    iter_mappings,
)
from webhook.graph.well_known import MODEL_CLAIM_VOLUME, NO_STORAGE_INITIALIZER_ANNOTATION
from webhook.rules._format import quote_value
from webhook.rules._model_reader import model_reader_name
from webhook.rules.graph._nodes import index_of_component

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"modelUri"})


def check(
    node: Node, predictor: Predictor, deployment: SeldonDeployment, facts: Facts
) -> Iterator[Finding]:
    """Yield each mount of another volume at the path of the downloaded model.

    Source: addVolumeMountToContainer (operator/controllers/model_initializer_injector.go, v1.17.1),
    which compares names only.
    """
    if facts.operator == "graphgate" or not get_str(node.raw, "modelUri"):
        return
    from webhook.rendering.environment import MODELS_PATH
    from webhook.rendering.names import model_volume_name
    from webhook.rendering.storage_initializer import CLAIM_MOUNT, CLAIM_SCHEME

    name = model_reader_name(node, deployment)
    # In the node's own pod: another one may have a container of the name as well.
    components = predictor.components[index_of_component(predictor, node) :][:1]
    containers = components[0].containers_by_name.get(name) if components else None
    if not containers or _is_fetched_by_server(node, deployment):
        return
    volumes = {MODELS_PATH: model_volume_name(name)}
    if get_str(node.raw, "modelUri").startswith(CLAIM_SCHEME):
        volumes[CLAIM_MOUNT] = MODEL_CLAIM_VOLUME
    mounts = list(iter_mappings(containers[0].raw, "volumeMounts"))
    mounted = {get_str(mount, "name") for _, mount in mounts}
    for index, mount in mounts:
        path = get_str(mount, "mountPath")
        # A volume of the model itself that is mounted anywhere is not mounted again.
        if path in volumes and volumes[path] not in mounted:
            yield Finding(
                containers[0].path.join(("volumeMounts", index, "mountPath")),
                f"Seldon's operator mounts the model of {quote_value(node.name)} at {path}, "
                f"where {quote_value(get_str(mount, 'name'))} is mounted already",
                "mount it at another path, or remove modelUri",
            )


def _is_fetched_by_server(node: Node, deployment: SeldonDeployment) -> bool:
    """Return whether a Triton server downloads the model itself (downloads_own_model)."""
    annotations = get_mapping(deployment.spec, "annotations")
    is_opted_in = get_str(annotations, NO_STORAGE_INITIALIZER_ANNOTATION).lower() == "true"
    return is_opted_in and node.implementation == "TRITON_SERVER"
