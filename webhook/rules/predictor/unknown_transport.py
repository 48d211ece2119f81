"""Unknown transport

Why: the orchestrator calls the nodes by REST or by gRPC. Seldon refuses any other value.

Fix: Use rest or grpc, in lower case.

Bad:
    transport: REST

Good:
    transport: rest
"""

from collections.abc import Iterator

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_str
from webhook.graph.path import ROOT
from webhook.rules._suggest import unknown_value_finding

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"transport"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield one finding if the transport is neither rest nor grpc (source: seldon-checks V2)."""
    written = get_str(deployment.spec, "transport")
    known = schema.enum_values("transports")
    if written and written not in known:
        yield unknown_value_finding(ROOT / "spec" / "transport", "transport", written, known)
