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
from webhook.graph.model import SeldonDeployment, get_mapping, get_str
from webhook.graph.path import Path
from webhook.graph.well_known import SERVICE_NAME_ANNOTATION
from webhook.rendering.names import GeneratedName, generated_names
from webhook.rendering.options import OrchestratorOptions, RenderOptions
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"predictors"})

_RENDER_OPTIONS = RenderOptions(orchestrator=OrchestratorOptions(""))
"""An orchestrator may have a Deployment of its own."""


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each Deployment and Service whose name another one has.

    Source: seldon-checks G15, G16.
    """
    if not deployment.name or not _may_collide(deployment):
        return
    first: dict[tuple[str, str], GeneratedName] = {}
    reported: set[Path] = set()
    for generated_name in generated_names(deployment, _RENDER_OPTIONS):
        if generated_name.kind not in ("Deployment", "Service"):
            continue  # named as their Deployment
        other = first.setdefault((generated_name.kind, generated_name.name), generated_name)
        if other is generated_name or (_is_chosen(generated_name) and _is_chosen(other)):
            continue  # two annotations: duplicate-service-name
        # The name that was chosen freely is the one to change.
        second_owner, first_owner = (
            (other, generated_name) if _is_chosen(other) else (generated_name, other)
        )
        if second_owner.source_path not in reported:
            reported.add(second_owner.source_path)
            yield Finding(
                second_owner.source_path,
                f"the {generated_name.kind} {quote_value(generated_name.name)} made from here has "
                f"the name of the one made from {first_owner.source_path}",
            )


def _may_collide(deployment: SeldonDeployment) -> bool:
    """Tell whether names are looked at more closely: in most objects they cannot be equal."""
    predictors = deployment.predictors
    if len(predictors) > 1:
        written = [predictor.name for predictor in predictors]
        if len(set(written)) < len(written):
            return False  # duplicate-predictor-name is the root cause
        if any(longer.startswith(f"{name}-") for name, longer in permutations(written, 2)):
            return True
    return any(
        ("explainer" in predictor.raw and get_mapping(predictor.raw, "explainer"))
        or (
            "annotations" in predictor.raw
            and get_str(get_mapping(predictor.raw, "annotations"), SERVICE_NAME_ANNOTATION)
        )
        for predictor in predictors
    )


def _is_chosen(generated_name: GeneratedName) -> bool:
    return generated_name.source_path[-1] == SERVICE_NAME_ANNOTATION
