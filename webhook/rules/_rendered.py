"""The objects of a document, for the rules that need them. Rendering costs; few documents do."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from webhook.graph.cluster_facts import Facts
from webhook.graph.model import EMPTY_MAPPING, Predictor, SeldonDeployment

if TYPE_CHECKING:
    from webhook.graph.path import Path
    from webhook.rendering.layout import PredictorLayout
    from webhook.rendering.once import RenderInputs
    from webhook.rendering.options import RenderOptions
    from webhook.rendering.render import Rendered


def render_objects(deployment: SeldonDeployment, facts: Facts) -> "tuple[Rendered, ...]":
    """Return the objects that the operator renders from a document, not to be changed.

    Rendered once: several rules ask, and so do others.
    """
    from webhook.rendering.once import render_once

    return render_once(deployment, facts, _inputs(deployment, facts))


def rendered_pods(
    deployment: SeldonDeployment, facts: Facts
) -> Iterator["tuple[Rendered, Mapping[str, Any]]"]:
    """Yield each rendered Deployment with its pod template, not to be changed."""
    from webhook.rendering.once import render_deployments

    for rendered in render_deployments(deployment, facts, _inputs(deployment, facts)):
        yield rendered, rendered.object["spec"]["template"]


def _inputs(deployment: SeldonDeployment, facts: Facts) -> "RenderInputs":
    from webhook.rendering.once import RenderInputs

    if deployment.render_inputs is not None:
        return RenderInputs(*deployment.render_inputs)
    options, namespace = _options(facts), facts.namespaces.get(deployment.namespace)
    return RenderInputs(options.defaults, namespace, options.operator)


def find_orchestrator_pod(
    predictor: Predictor, deployment: SeldonDeployment, facts: Facts
) -> Mapping[str, Any] | None:
    """Return the author's pod spec of the orchestrator's pod; None: no orchestrator.

    It is empty where the orchestrator has a separate pod, or runs in an injected one.
    """
    layout = _layouts(deployment, facts).get(predictor.path)
    if layout is None or not layout.has_orchestrator or not layout.entrypoint:
        return None
    return EMPTY_MAPPING if layout.orchestrator_in_own_pod else layout.entrypoint[0].spec


def _layouts(deployment: SeldonDeployment, facts: Facts) -> "Mapping[Path, PredictorLayout]":
    """Return where the nodes of each predictor run, by its path: found once, as all are together.

    Several rules ask for each of up to a hundred predictors.
    """
    from webhook.rendering.layout import layout_predictors

    for known_facts, layouts in deployment.layouts:
        if known_facts is facts:
            return layouts
    found = layout_predictors(deployment, _options(facts), facts)
    layouts = {layout.predictor.path: layout for layout in found}
    deployment.layouts.append((facts, layouts))
    return layouts


def _options(facts: Facts) -> "RenderOptions":
    from webhook.rendering.options import OrchestratorOptions, RenderOptions

    return RenderOptions(orchestrator=OrchestratorOptions(""), operator=facts.operator or "seldon")
