"""Model server without a model

Why: the modelUri is the location of the model. Seldon refuses a server without one, except
HUGGINGFACE_SERVER.

Fix: Set modelUri to the location of the model.

Bad:
    graph:
      name: classifier
      implementation: SKLEARN_SERVER

Good:
    graph:
      name: classifier
      implementation: SKLEARN_SERVER
      modelUri: gs://models.example/iris
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Node, SeldonDeployment
from webhook.rendering.model_servers import known_servers
from webhook.rendering.node_kinds import is_prepackaged_server
from webhook.rules._stray_fields import has_alias_beside

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"implementation"})


def check(node: Node, deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each node with a server and no modelUri (source: seldon-checks V12)."""
    if (
        node.implementation
        and node.raw.get("modelUri") in (None, "")
        and node.implementation != "HUGGINGFACE_SERVER"
        and is_prepackaged_server(node)
        and node.implementation in known_servers(facts)  # else the unknown server is reported
        and not has_alias_beside(deployment, node.path / "modelUri")
    ):
        yield Finding(
            node.path / "modelUri",
            f"modelUri is required for {node.implementation}",
        )
