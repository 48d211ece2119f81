"""The objects of a document, rendered once for all who ask: rules, Pod Security, policies.

Not here: what is rendered (`render`), what the reconciler applies.
"""

from dataclasses import replace
from typing import NamedTuple

from webhook.defaulting import DefaultingOptions
from webhook.graph.cluster_facts import Facts, Namespace, Operator
from webhook.graph.model import SeldonDeployment
from webhook.rendering.options import OrchestratorOptions, RenderOptions
from webhook.rendering.render import Rendered, render


class RenderInputs(NamedTuple):
    """What rendering depends on besides the document and the facts.

    namespace  where the object goes, if that is known
    operator   whose objects are rendered where the facts do not say it
    """

    defaults: DefaultingOptions
    namespace: Namespace | None
    operator: Operator = "graphgate"


def render_once(
    deployment: SeldonDeployment, facts: Facts, inputs: RenderInputs
) -> tuple[Rendered, ...]:
    """Return the objects that the operator renders from a document, not to be changed.

    An orchestrator is among them: whether there is one, the reconciler's flags say, and what is
    admitted must run with it too.
    """
    objects = _find_rendered(deployment, facts, inputs)
    if objects is None:
        objects = _render(deployment, facts, inputs)
        deployment.rendered.append((facts, inputs, objects))
    return objects


def render_deployments(
    deployment: SeldonDeployment, facts: Facts, inputs: RenderInputs
) -> tuple[Rendered, ...]:
    """Return the Deployments among these objects; the others are not rendered for them."""
    objects = _find_rendered(deployment, facts, inputs)
    if objects is None:
        objects = _render(deployment, facts, inputs, only_deployments=True)
    return tuple(rendered for rendered in objects if rendered.kind == "Deployment")


def _find_rendered(
    deployment: SeldonDeployment, facts: Facts, inputs: RenderInputs
) -> tuple[Rendered, ...] | None:
    for known_facts, known_inputs, objects in deployment.rendered:
        if known_facts is facts and known_inputs == inputs:
            return objects
    return None


def _render(
    deployment: SeldonDeployment,
    facts: Facts,
    inputs: RenderInputs,
    *,
    only_deployments: bool = False,
) -> tuple[Rendered, ...]:
    own = {} if inputs.namespace is None else {deployment.namespace: inputs.namespace}
    options = RenderOptions(
        orchestrator=OrchestratorOptions(""),
        defaults=inputs.defaults,
        operator=facts.operator or inputs.operator,
    )
    facts = replace(facts, namespaces=own)
    return render(deployment, options, facts, only_deployments=only_deployments)
