"""Node name too long for a label

Why: the pods of a node have a label seldon-app-svc-<name>, and a label key has at most 63
characters. That leaves 48 for the name. Seldon accepts longer names; the Deployment is refused
later.

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
from webhook.graph.model import Predictor
from webhook.graph.names import MAX_LABEL_LENGTH
from webhook.graph.well_known import SERVICE_LABEL_PREFIX
from webhook.rendering.node_kinds import is_prepackaged_server
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"

_MAX_NAME_LENGTH = MAX_LABEL_LENGTH - len(SERVICE_LABEL_PREFIX)


def check(predictor: Predictor) -> Iterator[Finding]:
    """Yield each node whose label key is too long (source: seldon-checks G13)."""
    for node in predictor.nodes:
        # Above 63 it is not a container name either: name-not-a-dns-label.
        if not _MAX_NAME_LENGTH < len(node.name) <= MAX_LABEL_LENGTH:
            continue
        if is_prepackaged_server(node) or node.name in predictor.containers_by_name:
            yield Finding(
                node.path / "name",
                f"node name {quote_value(node.name)}: {_MAX_NAME_LENGTH} characters at most, "
                "so that it "
                f"fits into a label key, has {len(node.name)}",
            )
