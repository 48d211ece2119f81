"""Unknown server type

Why: requests reach the orchestrator by calls (rpc) or through Kafka. Seldon refuses any other
value.

Fix: Use rpc or kafka, or remove serverType.

Bad:
    serverType: http

Good:
    serverType: rpc
"""

from collections.abc import Iterator

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_str
from webhook.graph.path import ROOT
from webhook.rules._suggest import unknown_value_finding

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"serverType"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield one finding if the serverType is neither rpc nor kafka (source: seldon-checks V3)."""
    written = get_str(deployment.spec, "serverType")
    known = schema.enum_values("server-types")
    if written and written not in known:
        yield unknown_value_finding(ROOT / "spec" / "serverType", "server type", written, known)
