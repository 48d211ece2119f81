"""Mixed endpoint types

Why: the orchestrator calls all nodes of an object by the same protocol. Seldon refuses an object
with both REST and GRPC endpoints, also in different predictors.

Fix: Use the same endpoint type for all nodes.

Bad:
    graph:
      name: scale
      endpoint:
        type: REST
      children:
      - name: classify
        endpoint:
          type: GRPC

Good:
    graph:
      name: scale
      endpoint:
        type: REST
      children:
      - name: classify
        endpoint:
          type: REST
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_mapping
from webhook.graph.path import Path

ACTION = "deny"
SINCE = "0.1.0"
WORDS = frozenset({"GRPC"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each endpoint of another type than the first one's (source: seldon-checks V16)."""
    first = ""
    path: Path | None = None
    for predictor in deployment.predictors:
        for node in predictor.nodes:
            if "endpoint" not in node.raw:
                continue
            written = get_mapping(node.raw, "endpoint").get("type")
            if written not in ("REST", "GRPC") or written == first:
                continue  # other words are reported as unknown
            if path is None:
                first, path = written, node.path
            else:
                yield Finding(
                    node.path / "endpoint" / "type",
                    f"endpoint type must be the same for all nodes, got {written} and {first} "
                    f"(at {path})",
                )
