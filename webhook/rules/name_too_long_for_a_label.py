"""A node's name is too long for a label

Why: the pods of a node are labelled seldon-app-svc-NAME, and the key of a label has at most 63
characters in Kubernetes. That leaves 48 for the name. Seldon accepts more, and the Deployment is
refused later.

Fix: Shorten the name of the node and its container to at most 48 characters.

Bad:
    graph:
      name: a-classifier-for-customers-that-are-likely-to-leave-us

Good:
    graph:
      name: churn-classifier
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, Predictor
from webhook.graph.words import LONGEST_LABEL
from webhook.rules._text import quoted
from webhook.workloads.nodes import wants_server

ACTION = "deny"
SINCE = "0.1.0"

_PREFIX = "seldon-app-svc-"
_LONGEST = LONGEST_LABEL - len(_PREFIX)


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each node whose container's label has too long a key (source: seldon-checks G13)."""
    for predictor in deployment.predictors:
        for node in predictor.nodes:
            # Beyond 63 it is no name of a container either: name-not-a-dns-label.
            if not _LONGEST < len(node.name) <= LONGEST_LABEL:
                continue
            if wants_server(node) or _has_container(predictor, node.name):
                yield Finding(
                    node.path / "name",
                    f"the name {quoted(node.name)} has {len(node.name)} characters, more than the "
                    f"{_LONGEST} that a label's key leaves for it",
                )


def _has_container(predictor: Predictor, name: str) -> bool:
    return any(container.name == name for container in predictor.containers)
