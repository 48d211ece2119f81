"""The protocol is unknown

Why: the protocol says in which language the orchestrator and the model servers speak. Seldon
refuses any other word.

Fix: Write seldon, tensorflow, kfserving or v2.

Bad:
    protocol: kserve

Good:
    protocol: v2
"""

from collections.abc import Iterator

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, text
from webhook.graph.path import ROOT
from webhook.rules._words import unknown_word

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"protocol"})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield one finding if the protocol is none of Seldon's (source: seldon-checks V1)."""
    written = text(deployment.spec, "protocol")
    if not written:
        return
    known = schema.words("protocols")
    if written not in known:
        yield unknown_word(ROOT / "spec" / "protocol", "protocol", written, known)
