"""Explainer without a model

Why: Seldon's explainer server for the protocols seldon and tensorflow starts most explainers only
from a trained one, which it finds at modelUri. Without it the server ends with an error again and
again; only AnchorText needs none. Your own image may do without, and is not spoken of.

Fix: Set modelUri to the location of the trained explainer.

Bad:
    explainer:
      type: AnchorTabular

Good:
    explainer:
      type: AnchorTabular
      modelUri: gs://models/iris-explainer
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, SeldonDeployment, get_mapping, get_str
from webhook.rendering.model_servers import V2_PROTOCOLS

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"explainer"})

_TRAINED_TYPES = frozenset(
    {"AnchorTabular", "AnchorImages", "KernelShap", "IntegratedGradients", "ALE", "TreeShap"}
)


def check(predictor: Predictor, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield an explainer that its server cannot start (source: alibi-explain-server, v1.17)."""
    explainer = get_mapping(predictor.raw, "explainer")
    kind = get_str(explainer, "type")
    if (
        kind in _TRAINED_TYPES
        and not get_str(explainer, "modelUri")
        and not get_str(get_mapping(explainer, "containerSpec"), "image")
        and get_str(deployment.spec, "protocol") not in V2_PROTOCOLS
    ):
        yield Finding(
            predictor.path / "explainer" / "modelUri",
            f"without a modelUri Seldon's server does not start an explainer of the type {kind}",
            "set modelUri to the location of the trained explainer",
        )
