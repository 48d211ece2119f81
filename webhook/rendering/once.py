"""The objects of a document, rendered once for all who ask: rules, Pod Security, policies.

Not here: what is rendered (`render`), what the reconciler applies.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

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
    known = _known(deployment, facts, inputs)
    if known.objects is None:
        known.objects = _render(deployment, facts, inputs, deployments=known.deployments)
    return known.objects


def render_deployments(
    deployment: SeldonDeployment, facts: Facts, inputs: RenderInputs
) -> tuple[Rendered, ...]:
    """Return the Deployments among these objects; the others are not rendered for them."""
    known = _known(deployment, facts, inputs)
    if known.deployments is None:
        known.deployments = (
            _render(deployment, facts, inputs, only_deployments=True)
            if known.objects is None
            else tuple(each for each in known.objects if each.kind == "Deployment")
        )
    return known.deployments


@dataclass(slots=True)
class _Known:
    """What was rendered of a document under these facts, and with these inputs."""

    facts: Facts
    inputs: RenderInputs
    objects: tuple[Rendered, ...] | None = None
    deployments: tuple[Rendered, ...] | None = None


def _known(deployment: SeldonDeployment, facts: Facts, inputs: RenderInputs) -> _Known:
    for known in deployment.rendered:
        if known.facts is facts and known.inputs == inputs:
            found: _Known = known
            return found
    known = _Known(facts, inputs)
    deployment.rendered.append(known)
    return known


def _render(
    deployment: SeldonDeployment, facts: Facts, inputs: RenderInputs, **options: Any
) -> tuple[Rendered, ...]:
    own = {} if inputs.namespace is None else {deployment.namespace: inputs.namespace}
    render_options = RenderOptions(
        orchestrator=OrchestratorOptions(""),
        defaults=inputs.defaults,
        operator=facts.operator or inputs.operator,
    )
    facts = replace(facts, namespaces=own)
    return render(deployment, render_options, facts, **options)
