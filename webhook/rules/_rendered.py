"""The objects of a document, for the rules that need them. Rendering costs; few documents do."""

from typing import TYPE_CHECKING

from webhook.graph.cluster_facts import Facts
from webhook.graph.model import SeldonDeployment

if TYPE_CHECKING:
    from webhook.rendering.render import Rendered


def render_objects(deployment: SeldonDeployment, facts: Facts) -> "tuple[Rendered, ...]":
    """Return what whoever reconciles makes of a document, with an orchestrator where it has one."""
    from webhook.rendering.options import OrchestratorOptions, RenderOptions
    from webhook.rendering.render import render

    options = RenderOptions(
        orchestrator=OrchestratorOptions(""), operator=facts.operator or "seldon"
    )
    return render(deployment, options, facts)
