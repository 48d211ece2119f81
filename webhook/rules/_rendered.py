"""The objects of a document, for the rules that need them. Rendering costs; few documents do."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from webhook.graph.cluster_facts import Facts
from webhook.graph.model import EMPTY_MAPPING, Predictor, SeldonDeployment

if TYPE_CHECKING:
    from webhook.rendering.options import RenderOptions
    from webhook.rendering.render import Rendered


def render_objects(deployment: SeldonDeployment, facts: Facts) -> "tuple[Rendered, ...]":
    """Return the objects that the operator renders from a document, not to be changed.

    Rendered once: several rules ask.
    """
    from webhook.rendering.render import render

    for known_facts, objects in deployment.rendered:
        if known_facts is facts:
            return objects
    objects = render(deployment, _options(facts), facts)
    deployment.rendered.append((facts, objects))
    return objects


def find_orchestrator_pod(
    predictor: Predictor, deployment: SeldonDeployment, facts: Facts
) -> Mapping[str, Any] | None:
    """Return the author's pod spec of the orchestrator's pod; None: no orchestrator.

    It is empty where the orchestrator has a separate pod, or runs in an injected one.
    """
    from webhook.rendering.layout import layout_predictors

    for layout in layout_predictors(deployment, _options(facts), facts):
        if layout.predictor is predictor and layout.has_orchestrator and layout.entrypoint:
            return EMPTY_MAPPING if layout.orchestrator_in_own_pod else layout.entrypoint[0].spec
    return None


def _options(facts: Facts) -> "RenderOptions":
    from webhook.rendering.options import OrchestratorOptions, RenderOptions

    return RenderOptions(orchestrator=OrchestratorOptions(""), operator=facts.operator or "seldon")
