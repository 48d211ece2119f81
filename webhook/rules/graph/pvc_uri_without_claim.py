"""Model URI without a PVC name

Why: pvc://<claim>/<path> mounts the PersistentVolumeClaim of that name. If the name is missing or
invalid, the API server refuses the Deployment.

Fix: Use pvc:// with the name of a PersistentVolumeClaim of the namespace.

Bad:
    modelUri: pvc:///models/iris

Good:
    modelUri: pvc://models/iris
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, get_mapping, get_str
from webhook.graph.names import DNS_LABEL
from webhook.graph.path import Path
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"modelUri", "explainer"})

_PVC_SCHEME = "pvc://"


def check(predictor: Predictor) -> Iterator[Finding]:
    """Yield each modelUri whose PVC cannot exist.

    Source: the volumes of Kubernetes; seldon-checks G28.
    """
    for node in predictor.nodes:
        if "modelUri" in node.raw:
            yield from _check_model_uri(node.raw, node.path)
    if "explainer" in predictor.raw:
        yield from _check_model_uri(
            get_mapping(predictor.raw, "explainer"), predictor.path / "explainer"
        )


def _check_model_uri(raw: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    uri = get_str(raw, "modelUri")
    if not uri.startswith(_PVC_SCHEME):
        return
    claim = uri[len(_PVC_SCHEME) :].partition("/")[0]
    if len(claim) > 253 or not all(DNS_LABEL.match(claim_name) for claim_name in claim.split(".")):
        message = (
            f"{quote_value(claim)} is not a valid PVC name"
            if claim
            else "missing PVC name: pvc://<claim>/<path>"
        )
        yield Finding(path / "modelUri", message)
