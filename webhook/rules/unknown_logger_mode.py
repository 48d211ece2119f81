"""A logger's mode is unknown

Why: a logger records requests, responses or all. With another word it records nothing, and
nobody is told.

Fix: Write all, request or response, in lower case.

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
from webhook.graph.model import Deployment, mapping, text
from webhook.rules._words import unknown_word

ACTION = "warn"
SINCE = "0.1.0"
NEEDS = frozenset({"logger"})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each logger with a mode that is none of Seldon's (source: LoggerMode, v1.17)."""
    for predictor in deployment.predictors:
        for node in predictor.nodes:
            if "logger" not in node.raw:
                continue
            written = text(mapping(node.raw, "logger"), "mode")
            known = schema.words("logger-modes")
            if written and written not in known:
                yield unknown_word(node.path / "logger" / "mode", "logger mode", written, known)
