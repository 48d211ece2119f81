"""Field of a node without effect

Why: serviceAccountName of a node is used for the pod of a model server only; other nodes run with
the account of their componentSpec. envSecretRefName and storageInitializerImage are for the
download of a model, and do nothing where there is no modelUri. Requests are logged by the
orchestrator: without it (seldon.io/no-engine) a logger does nothing.

Fix: Move the setting into the componentSpec, or remove it.

Bad:
    graph:
      name: classifier
      type: MODEL
      serviceAccountName: reader

Good:
    componentSpecs:
    - spec:
        serviceAccountName: reader
    graph:
      name: classifier
      type: MODEL
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Node, Predictor, get_str
from webhook.rendering.layout import opts_out_of_orchestrator
from webhook.rendering.node_kinds import is_prepackaged_server

ACTION = "warn"
SINCE = "0.1.0"
_DOWNLOAD_FIELDS = ("envSecretRefName", "storageInitializerImage")
FIELDS = frozenset({"logger", "serviceAccountName", *_DOWNLOAD_FIELDS})


def check(node: Node, predictor: Predictor) -> Iterator[Finding]:
    """Yield each such field.

    Sources: addModelServersAndInitContainers, InjectModelInitializer; createEngineContainer, which
    is not called without an orchestrator (v1.17.1).
    """
    has_model = bool(get_str(node.raw, "modelUri"))
    if not is_prepackaged_server(node) and not has_model and node.raw.get("serviceAccountName"):
        yield Finding(
            node.path / "serviceAccountName",
            "serviceAccountName is ignored: no model server runs the node",
            "set serviceAccountName in the pod of its componentSpec",
        )
    for field in () if has_model else _DOWNLOAD_FIELDS:
        if node.raw.get(field):
            yield Finding(
                node.path / field, f"{field} is ignored: the node has no modelUri", "remove it"
            )
    if node.raw.get("logger") and opts_out_of_orchestrator(predictor):
        yield Finding(
            node.path / "logger", "logger is ignored: there is no orchestrator", "remove it"
        )
