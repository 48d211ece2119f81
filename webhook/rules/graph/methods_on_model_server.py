"""Methods on a model server

Why: a model server only predicts. Seldon makes its node a MODEL whatever its methods are, and a
method makes the orchestrator call something that the server does not offer.

Fix: Remove the methods.

Bad:
    graph:
      name: classifier
      implementation: SKLEARN_SERVER
      methods: [TRANSFORM_OUTPUT]

Good:
    graph:
      name: classifier
      implementation: SKLEARN_SERVER
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Node, get_list
from webhook.graph.text import join_words
from webhook.rendering.node_kinds import is_prepackaged_server

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"methods"})


def check(node: Node) -> Iterator[Finding]:
    """Yield the methods of each node that a model server runs (source: seldon-checks G39)."""
    if not is_prepackaged_server(node):
        return
    methods = [word for word in get_list(node.raw, "methods") if type(word) is str]
    # Every MODEL gets SEND_FEEDBACK.
    if any(word != "SEND_FEEDBACK" for word in methods):
        path = node.path / "methods"
        yield Finding(
            path,
            f"{node.implementation} only predicts; it does not support {join_words(methods[:5])}",
            fix=({"op": "remove", "path": path.pointer},),
        )
