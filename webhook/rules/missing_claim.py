"""A modelUri names no claim

Why: pvc://CLAIM/path mounts the PersistentVolumeClaim of that name. Where the name is missing, or
none that Kubernetes takes, the pod cannot have the volume, and its Deployment is refused.

Fix: Write pvc:// and the name of a PersistentVolumeClaim of the namespace.

Bad:
    modelUri: pvc:///models/iris

Good:
    modelUri: pvc://models/iris
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, mapping, text
from webhook.graph.path import Path
from webhook.graph.words import DNS_LABEL
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"modelUri"})

_PVC = "pvc://"


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each modelUri whose claim cannot exist.

    Source: the volumes of Kubernetes; seldon-checks G28.
    """
    for predictor in deployment.predictors:
        for node in predictor.nodes:
            if "modelUri" in node.raw:
                yield from _judge(node.raw, node.path)
        if "explainer" in predictor.raw:
            yield from _judge(mapping(predictor.raw, "explainer"), predictor.path / "explainer")


def _judge(raw: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    uri = text(raw, "modelUri")
    if not uri.startswith(_PVC):
        return
    claim = uri[len(_PVC) :].partition("/")[0]
    if len(claim) > 253 or not all(DNS_LABEL.match(part) for part in claim.split(".")):
        fact = f"the claim {quoted(claim)} is no name" if claim else f"{quoted(uri)} names no claim"
        yield Finding(path / "modelUri", fact)
