"""Unknown protocol

Why: the orchestrator and the model servers communicate by the protocol. Seldon refuses any other
value.

Fix: Use seldon, tensorflow, kfserving or v2.

Bad:
    protocol: kserve

Good:
    protocol: v2
"""

from collections.abc import Iterator

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_str
from webhook.graph.path import ROOT
from webhook.rules._suggest import unknown_value_finding

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"protocol"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield one finding if the protocol is unknown (source: seldon-checks V1)."""
    written = get_str(deployment.spec, "protocol")
    known = schema.enum_values("protocols")
    if written and written not in known:
        yield unknown_value_finding(ROOT / "spec" / "protocol", "protocol", written, known)
