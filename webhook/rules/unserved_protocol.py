"""A model server does not speak the protocol

Why: each server has an image for some protocols only. Seldon refuses the protocol tensorflow for
servers that never spoke it; where seldon-config names no image for the protocol, the container
stays without one, and its Deployment is refused.

Fix: Choose a protocol that the server speaks, or give its container an image.

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

from webhook.graph.facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, Node, Predictor, mapping, text
from webhook.graph.words import enumerate_words
from webhook.workloads.nodes import wants_server
from webhook.workloads.servers import V2

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"implementation"})

_NEVER_TENSORFLOW = frozenset(
    {"SKLEARN_SERVER", "XGBOOST_SERVER", "MLFLOW_SERVER", "HUGGINGFACE_SERVER"}
)


def check(deployment: Deployment, facts: Facts) -> Iterator[Finding]:
    """Yield each server that the object's protocol is foreign to.

    Source: seldon-checks V13, G23.
    """
    protocol = text(deployment.spec, "protocol") or "seldon"
    if facts.servers is None and protocol != "tensorflow":
        return
    for predictor in deployment.predictors:
        for node in predictor.nodes:
            if not node.implementation or not wants_server(node):
                continue
            path = node.path / "implementation"
            if protocol == "tensorflow" and node.implementation in _NEVER_TENSORFLOW:
                yield Finding(path, f"{node.implementation} does not speak the protocol tensorflow")
            elif lacking := _without_image(node, predictor, protocol, facts):
                there, names = lacking
                known = f"; there are images for {enumerate_words(there)}" if there else ""
                yield Finding(
                    path,
                    f"no image of {node.implementation} is configured for the protocol "
                    f"{enumerate_words(names, 'or')}{known}",
                )


def _without_image(
    node: Node, predictor: Predictor, protocol: str, facts: Facts
) -> tuple[list[str], list[str]] | None:
    """Return the protocols with an image, and those of which one would be needed."""
    entry = (facts.servers or {}).get(node.implementation)
    protocols = mapping(entry, "protocols") if type(entry) is dict else {}
    if not protocols:
        return None  # nothing is known of its images
    if node.implementation == "TRITON_SERVER" or protocol in V2:
        needed = sorted(V2, reverse=True)  # Triton speaks v2 whatever the object says
    else:
        needed = [protocol]
    if any(text(mapping(protocols, name), "image") for name in needed):
        return None
    if any(c.name == node.name and c.raw.get("image") for c in predictor.containers):
        return None
    return sorted(protocols), needed
