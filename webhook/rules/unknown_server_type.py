"""The server type is unknown

Why: requests reach the orchestrator by calls (rpc) or through Kafka. Seldon refuses any other
word.

Fix: Write rpc or kafka, or leave serverType out.

Bad:
    serverType: http

Good:
    serverType: rpc
"""

from collections.abc import Iterator

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, text
from webhook.graph.path import ROOT
from webhook.rules._words import unknown_word

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"serverType"})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield one finding if the serverType is neither rpc nor kafka (source: seldon-checks V3)."""
    written = text(deployment.spec, "serverType")
    if not written:
        return
    known = schema.words("server-types")
    if written not in known:
        yield unknown_word(ROOT / "spec" / "serverType", "server type", written, known)
