"""Duplicate name of a generated object

Why: Deployments and Services are named after the object, the predictor and the container, joined by
"-". Different predictors and containers may give the same name: predictor a with node b-c, and
predictor a-b with node c. The two objects overwrite each other.

Fix: Rename the predictor, the node or the Service.

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
"""The orchestrator may have its own Deployment."""


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each Deployment and Service with the name of another one.

    Source: seldon-checks G15, G16.
    """
    if not deployment.name or not _may_collide(deployment):
        return
    first: dict[tuple[str, str], GeneratedName] = {}
    reported: set[Path] = set()
    for generated_name in generated_names(deployment, _RENDER_OPTIONS):
        if generated_name.kind not in ("Deployment", "Service"):
            continue  # named after their Deployment
        other = first.setdefault((generated_name.kind, generated_name.name), generated_name)
        if other is generated_name or (_is_chosen(generated_name) and _is_chosen(other)):
            continue  # two annotations: duplicate-service-name
        # Report the name that the author chose: it is easier to change.
        second_owner, first_owner = (
            (other, generated_name) if _is_chosen(other) else (generated_name, other)
        )
        if second_owner.source_path not in reported:
            reported.add(second_owner.source_path)
            yield Finding(
                second_owner.source_path,
                f"duplicate {generated_name.kind} name {quote_value(generated_name.name)}: "
                "the same name is "
                f"generated for {first_owner.source_path}",
            )


def _may_collide(deployment: SeldonDeployment) -> bool:
    """Return whether names may be equal, cheaply: in most objects they cannot."""
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
