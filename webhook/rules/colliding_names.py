"""Two generated objects have one name

Why: Deployments and Services are named after the object, the predictor and the container, joined
by "-". Different predictors and containers may make the same name: predictor a with node b-c, and
predictor a-b with node c. The two objects overwrite each other.

Fix: Rename the predictor, the node or the Service, so that the names differ.

Bad:
    predictors:
    - name: main
      explainer:
        type: AnchorTabular
    - name: main-explainer

Good:
    predictors:
    - name: main
      explainer:
        type: AnchorTabular
    - name: canary
"""

from collections.abc import Iterator
from itertools import permutations

from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, mapping, text
from webhook.graph.path import Path
from webhook.graph.signs import SEVERAL_PREDICTORS
from webhook.rules._text import quoted
from webhook.workloads.names import SERVICE_NAME, Generated, generated
from webhook.workloads.options import Engine, Options

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({SEVERAL_PREDICTORS, "explainer", SERVICE_NAME})

_OPTIONS = Options(engine=Engine(""))
"""An orchestrator may have a Deployment of its own."""


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each Deployment and Service whose name another one has.

    Source: seldon-checks G15, G16.
    """
    if not deployment.name or not _may_collide(deployment):
        return
    first: dict[tuple[str, str], Generated] = {}
    told: set[Path] = set()
    for made in generated(deployment, _OPTIONS):
        if made.kind not in ("Deployment", "Service"):
            continue  # named as their Deployment
        other = first.setdefault((made.kind, made.name), made)
        if other is made or (_is_chosen(made) and _is_chosen(other)):
            continue  # two annotations: duplicate-service-name
        # The name that was chosen freely is the one to change.
        culprit, victim = (other, made) if _is_chosen(other) else (made, other)
        if culprit.origin not in told:
            told.add(culprit.origin)
            yield Finding(
                culprit.origin,
                f"the {made.kind} {quoted(made.name)} made from here has the name of the one "
                f"made from {victim.origin}",
            )


def _may_collide(deployment: Deployment) -> bool:
    """Tell whether names are looked at more closely: in most objects they cannot be equal."""
    predictors = deployment.predictors
    if len(predictors) > 1:
        written = [predictor.name for predictor in predictors]
        if len(set(written)) < len(written):
            return False  # duplicate-predictor-name is the root cause
        if any(longer.startswith(f"{name}-") for name, longer in permutations(written, 2)):
            return True
    return any(
        ("explainer" in predictor.raw and mapping(predictor.raw, "explainer"))
        or (
            "annotations" in predictor.raw
            and text(mapping(predictor.raw, "annotations"), SERVICE_NAME)
        )
        for predictor in predictors
    )


def _is_chosen(made: Generated) -> bool:
    return made.origin[-1] == SERVICE_NAME
