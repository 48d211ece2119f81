"""A container has no image

Why: a container needs an image. Only where a model server implements the node of that name does
Seldon fill in the server's, and an explainer's comes from seldon-config, which may have none for
the protocol of the object.

Fix: Add the image, or the implementation of the node if a model server is to run it.

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

from webhook.graph.facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, Predictor, mapping, text
from webhook.graph.signs import unusual
from webhook.rules._text import quoted
from webhook.workloads import explainer
from webhook.workloads.nodes import wants_server
from webhook.workloads.placement import TENSORFLOW_CONTAINER

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({unusual("image"), "explainer"})


def check(deployment: Deployment, facts: Facts) -> Iterator[Finding]:
    """Yield each container without an image that nothing fills in (source: seldon-checks G23)."""
    for predictor in deployment.predictors:
        yield from _explainer(deployment, predictor, facts)
        bare = [c for c in predictor.containers if c.raw.get("image") in (None, "")]
        filled = set(_filled(predictor)) if bare else set()
        served = {container.name: container.path for container in reversed(predictor.containers)}
        for container in bare:
            # Of two containers of one name, in two pods, the first is the node's.
            if container.name not in filled or served[container.name] != container.path:
                fact = f"the container {quoted(container.name)} has no image"
                yield Finding(container.path / "image", fact)
    for component in deployment.components:
        for container in component.init_containers:
            if container.raw.get("image") in (None, ""):
                fact = f"the init container {quoted(container.name)} has no image"
                yield Finding(container.path / "image", fact, "add the image")


def _explainer(deployment: Deployment, predictor: Predictor, facts: Facts) -> Iterator[Finding]:
    """Yield an explainer for which neither the author nor seldon-config has an image."""
    raw = mapping(predictor.raw, "explainer")
    protocol = text(deployment.spec, "protocol") or "seldon"
    if facts.explainer is None or not text(raw, "type") or explainer.image(facts, protocol):
        return
    if mapping(raw, "containerSpec").get("image") in (None, ""):
        yield Finding(
            predictor.path / "explainer" / "containerSpec" / "image",
            f"the explainer has no image, and none is configured for the protocol {protocol}",
            "write it into containerSpec, or have the administrator add one to seldon-config",
        )


def _filled(predictor: Predictor) -> frozenset[str]:
    """Return the names of containers for which Seldon knows an image."""
    names = {node.name for node in predictor.nodes if wants_server(node)}
    if any(node.implementation == "TENSORFLOW_SERVER" for node in predictor.nodes):
        names.add(TENSORFLOW_CONTAINER)
    return frozenset(names)
