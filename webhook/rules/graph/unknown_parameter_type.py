"""Unknown parameter type

Why: a component converts the value of a parameter to its type. It does not start with an unknown
type.

Fix: Use INT, FLOAT, DOUBLE, STRING or BOOL.

Bad:
    parameters:
    - name: threshold
      type: NUMBER
      value: "0.5"

Good:
    parameters:
    - name: threshold
      type: FLOAT
      value: "0.5"
"""

from collections.abc import Iterator

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import Node, get_list
from webhook.rules._suggest import unknown_value_finding

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"parameters"})
LOCAL = True


def check(node: Node) -> Iterator[Finding]:
    """Yield each unknown type of a node's parameter (source: ParameterType, v1.17)."""
    known = schema.enum_values("parameter-types")
    for index, parameter in enumerate(get_list(node.raw, "parameters")):
        written = parameter.get("type") if type(parameter) is dict else None
        if type(written) is str and written not in known:
            path = node.path / "parameters" / index / "type"
            yield unknown_value_finding(path, "parameter type", written, known)
