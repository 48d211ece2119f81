"""Unknown node type

Why: the type determines how the orchestrator calls a node. Seldon does not check it, and the
orchestrator silently skips a node of an unknown type.

Fix: Use one of the allowed types, in upper case.

Bad:
    graph:
      name: classifier
      type: model

Good:
    graph:
      name: classifier
      type: MODEL
"""

from collections.abc import Iterator

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import Node
from webhook.rules._suggest import unknown_value_finding

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"type"})
LOCAL = True

_OTHER_NAMES = {"INPUTTRANSFORMER": "TRANSFORMER", "TRANSFORMINPUT": "TRANSFORMER"} | {
    "TRANSFORMOUTPUT": "OUTPUT_TRANSFORMER"
}
"""What a TRANSFORMER is called beside an OUTPUT_TRANSFORMER: it transforms the input."""


def check(node: Node) -> Iterator[Finding]:
    """Yield each node with an unknown type (source: PredictiveUnitType, v1.17)."""
    known = schema.enum_values("node-types")
    if node.type not in known and node.raw.get("type") == node.type:
        yield _build_finding(node, known)


def _build_finding(node: Node, known: tuple[str, ...]) -> Finding:
    path = node.path / "type"
    meant = _OTHER_NAMES.get(node.type.upper().replace("_", "").replace("-", ""))
    if meant:
        return unknown_value_finding(path, "node type", node.type, known, meant, fix_safety="safe")
    return unknown_value_finding(path, "node type", node.type, known)
