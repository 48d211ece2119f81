"""Unknown explainer type

Why: Seldon's explainer servers support the explainers of one library by name. With another type the
server does not start; with protocol v2 not even its Deployment is created. Counterfactuals and
Contrastive are in the server for v2 only. Your own image may support more types, so with other
protocols this is a warning.

Fix: Use one of the allowed types, in the same case.

Bad:
    explainer:
      type: anchor_tabular

Good:
    explainer:
      type: AnchorTabular
"""

from collections.abc import Iterator
from dataclasses import replace

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, SeldonDeployment, get_mapping, get_str
from webhook.rendering.model_servers import V2_PROTOCOLS
from webhook.rules._suggest import unknown_value_finding

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"explainer"})

_V2_ONLY = ("Counterfactuals", "Contrastive")


def check(predictor: Predictor, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each unknown explainer type.

    Source: AlibiExplainerType and ExplainerMethod of alibi-explain-server, v1.17; seldon-checks G9.
    """
    explainer = get_mapping(predictor.raw, "explainer")
    written, known = get_str(explainer, "type"), schema.enum_values("explainer-types")
    is_v2 = get_str(deployment.spec, "protocol") in V2_PROTOCOLS
    if not is_v2 and not get_str(get_mapping(explainer, "containerSpec"), "image"):
        known = tuple(kind for kind in known if kind not in _V2_ONLY)
    # An empty type is not an explainer at all.
    if written and written not in known:
        path = predictor.path / "explainer" / "type"
        finding = unknown_value_finding(path, "explainer type", written, known)
        yield replace(finding, certain=is_v2)
