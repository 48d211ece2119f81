"""Logger without a mode

Why: the mode sets what a logger records. Seldon refuses a logger without one.

Fix: Set mode to all, request or response.

Bad:
    logger:
      url: http://log-sink.example

Good:
    logger:
      mode: all
      url: http://log-sink.example
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Node
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"logger"})


def check(node: Node) -> Iterator[Finding]:
    """Yield each logger whose mode is absent or empty (source: seldon-checks V15)."""
    logger = node.raw.get("logger")
    if type(logger) is dict and logger.get("mode") in (None, ""):
        yield Finding(
            node.path / "logger" / "mode",
            f"mode is required for the logger of node {quote_value(node.name)}",
        )
