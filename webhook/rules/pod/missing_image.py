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
from itertools import islice

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Container, Predictor, SeldonDeployment, get_mapping, get_str
from webhook.graph.path import Path
from webhook.rendering import explainer
from webhook.rendering.layout import TENSORFLOW_CONTAINER
from webhook.rendering.node_kinds import is_prepackaged_server
from webhook.rules._format import quote_value
from webhook.rules._stray_fields import get_value_at, has_alias_beside

ACTION = "deny"
SINCE = "0.1.0"


_PREDICTOR_DEPTH = 3
_MAX_NODES_OF_A_NAME = 10
"""That are looked at; a second one is denied."""
_CONTAINER_LISTS = (("containers",), ("initContainers",))


def check(predictor: Predictor, deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each container whose image is missing (source: seldon-checks G23)."""
    if "explainer" in predictor.raw:
        yield from _check_explainer(deployment, predictor, facts)
    for container in predictor.containers:
        if (
            container.raw.get("image") in (None, "")
            and not _is_filled_in(predictor, container.name, container.path)
            and not has_alias_beside(deployment, container.path / "image")
        ):
            message = f"image is required for {_describe('container', container)}"
            yield Finding(container.path / "image", message)
    for component in predictor.components:
        for container in component.init_containers:
            if container.raw.get("image") in (None, "") and not has_alias_beside(
                deployment, container.path / "image"
            ):
                message = f"image is required for {_describe('init container', container)}"
                yield Finding(container.path / "image", message, "set image")


def needs_image(deployment: SeldonDeployment, path: Path) -> bool:
    """Return whether there is a container at a path that lacks the image that it needs."""
    container = get_value_at(deployment, path)
    if path[-2:-1] not in _CONTAINER_LISTS or type(container) is not dict:
        return False
    if container.get("image") not in (None, ""):
        return False
    if path[-2] == "initContainers":
        return True
    predictor = deployment.predictors_by_path.get(Path(path[:_PREDICTOR_DEPTH]))
    return predictor is not None and not _is_filled_in(predictor, get_str(container, "name"), path)


def _is_filled_in(predictor: Predictor, name: str, path: Path) -> bool:
    """Return whether Seldon knows an image for the container of a name at a path."""
    # Of two containers of one name, in two pods, the first is the node's.
    if any(first.path != path for first in predictor.containers_by_name.get(name, ())[:1]):
        return False
    if name == TENSORFLOW_CONTAINER and any(
        node.implementation == "TENSORFLOW_SERVER" for node in predictor.nodes
    ):
        return True
    nodes = islice(predictor.nodes_by_name.get(name, ()), _MAX_NODES_OF_A_NAME)
    return any(map(is_prepackaged_server, nodes))


def _describe(noun: str, container: Container) -> str:
    return f"{noun} {quote_value(container.name)}" if container.name else f"the {noun}"


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
