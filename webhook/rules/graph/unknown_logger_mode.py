"""Unknown logger mode

Why: a logger records requests, responses or all. With another value it silently records nothing.

Fix: Use all, request or response, in lower case.

Bad:
    logger:
      mode: requests

Good:
    logger:
      mode: request
"""

from collections.abc import Iterator

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import Node, get_mapping, get_str
from webhook.rules._suggest import unknown_value_finding

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"logger"})


def check(node: Node) -> Iterator[Finding]:
    """Yield each logger with an unknown mode (source: LoggerMode, v1.17)."""
    written = get_str(get_mapping(node.raw, "logger"), "mode")
    known = schema.enum_values("logger-modes")
    if written and written not in known:
        yield unknown_value_finding(node.path / "logger" / "mode", "logger mode", written, known)
