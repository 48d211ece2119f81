"""Unknown method

Why: `methods` lists what a node without a fixed type is called for. An unknown method is never
called.

Fix: Use one of the allowed methods, in upper case.

Bad:
    graph:
      name: classifier
      methods: [PREDICT]

Good:
    graph:
      name: classifier
      methods: [TRANSFORM_INPUT]
"""

from collections.abc import Iterator

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import Node, get_list
from webhook.rules._suggest import unknown_value_finding

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"methods"})


def check(node: Node) -> Iterator[Finding]:
    """Yield each unknown method (source: PredictiveUnitMethod, v1.17)."""
    known = schema.enum_values("methods")
    for index, method in enumerate(get_list(node.raw, "methods")):
        if type(method) is str and method not in known:
            yield unknown_value_finding(node.path / "methods" / index, "method", method, known)
