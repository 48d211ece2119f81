"""Container without an image

Why: a container needs an image. Seldon adds one only if a model server implements the node of that
name. An explainer's image comes from seldon-config, which may have none for the protocol.

Fix: Set image, or the implementation of the node if a model server runs it.

Bad:
    componentSpecs:
    - spec:
        containers:
        - name: classifier
    graph:
      name: classifier

Good:
    componentSpecs:
    - spec:
        containers:
        - name: classifier
          image: registry.example/classifier:1
    graph:
      name: classifier
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, SeldonDeployment, get_mapping, get_str
from webhook.rendering import explainer
from webhook.rendering.layout import TENSORFLOW_CONTAINER
from webhook.rendering.node_kinds import is_prepackaged_server
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"


def check(predictor: Predictor, deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each container whose image is missing (source: seldon-checks G23)."""
    if "explainer" in predictor.raw:
        yield from _check_explainer(deployment, predictor, facts)
    without_image = [c for c in predictor.containers if c.raw.get("image") in (None, "")]
    filled_in_names = _filled_in_names(predictor) if without_image else frozenset()
    for container in without_image:
        # Of two containers of one name, in two pods, the first is the node's.
        is_first = container in predictor.containers_by_name.get(container.name, ())[:1]
        if not is_first or container.name not in filled_in_names:
            message = f"image is required for container {quote_value(container.name)}"
            yield Finding(container.path / "image", message)
    for component in predictor.components:
        for container in component.init_containers:
            if container.raw.get("image") in (None, ""):
                message = f"image is required for init container {quote_value(container.name)}"
                yield Finding(container.path / "image", message, "set image")


def _check_explainer(
    deployment: SeldonDeployment, predictor: Predictor, facts: Facts
) -> Iterator[Finding]:
    """Yield an explainer for which neither the author nor seldon-config has an image."""
    raw = get_mapping(predictor.raw, "explainer")
    protocol = get_str(deployment.spec, "protocol") or "seldon"
    if (
        facts.explainer_images is None
        or not get_str(raw, "type")
        or explainer.explainer_image(facts, protocol)
    ):
        return
    if get_mapping(raw, "containerSpec").get("image") in (None, ""):
        yield Finding(
            predictor.path / "explainer" / "containerSpec" / "image",
            f"image is required for the explainer: none is configured for protocol {protocol}",
            "set image in containerSpec, or ask the administrator to add one to seldon-config",
        )


def _filled_in_names(predictor: Predictor) -> frozenset[str]:
    """Return the names of containers for which Seldon knows an image."""
    names = {node.name for node in predictor.nodes if is_prepackaged_server(node)}
    if any(node.implementation == "TENSORFLOW_SERVER" for node in predictor.nodes):
        names.add(TENSORFLOW_CONTAINER)
    return frozenset(names)
