"""Traffic does not add up to 100

Why: the non-shadow predictors of a SeldonDeployment share its requests in percent. If the shares do
not add up to 100, gateways handle the rest differently.

Fix: Make the traffic of all non-shadow predictors add up to 100. A lone predictor needs none.

Bad:
    predictors:
    - name: main
      traffic: 80
    - name: canary
      traffic: 10

Good:
    predictors:
    - name: main
      traffic: 90
    - name: canary
      traffic: 10
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.graph.path import PREDICTORS_PATH
from webhook.graph.text import join_words

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"predictors"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield one finding if the traffic of the non-shadow predictors is not 100.

    Source: seldon-checks V20, V21.
    """
    single_predictor = deployment.predictors[0] if len(deployment.predictors) == 1 else None
    if single_predictor and single_predictor.raw.get("traffic") in (None, 100):
        return
    live = [predictor for predictor in deployment.predictors if not predictor.is_shadow]
    if any(p.traffic is None and p.raw.get("traffic") is not None for p in live):
        return  # of the wrong type: that is said, and there is no sum
    if any(p.traffic is not None and not 0 <= p.traffic <= 100 for p in live):
        return  # traffic-out-of-range is the root cause
    total = sum(predictor.traffic or 0 for predictor in live)
    if len(live) == 1 and len(deployment.predictors) == 1 and 0 < total < 100:
        path = live[0].path / "traffic"
        yield Finding(
            path,
            f"traffic of the only predictor must be 100, got {total}",
            "set it to 100 or remove it",
            ({"op": "replace", "path": path.pointer, "value": 100},),
        )
    elif len(live) == 1 and 0 < total < 100:
        yield Finding(
            live[0].path / "traffic",
            f"traffic of the only non-shadow predictor must be 100, got {total}",
            "set it to 100: shadows get copies, not a share",
            certain=False,  # which ingress there is, is not known; some give it all requests
        )
    elif len(live) > 1 and total != 100:
        shares = join_words(
            [f'"{p.name}" {"has none" if p.traffic is None else p.traffic}' for p in live]
        )
        yield Finding(
            PREDICTORS_PATH,
            f"traffic of the {len(live)} non-shadow predictors must add up to 100, got "
            f"{total} ({shares})",
            evidence=tuple(predictor.path / "traffic" for predictor in live),
        )
