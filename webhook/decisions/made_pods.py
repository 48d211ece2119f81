"""The pods that a SeldonDeployment stands for, as Pod Security Admission will see them.

Here: the pods of the rendered Deployments, each with the way back into the document. Not here:
what is said of them (`pods`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from webhook.defaults import Options
from webhook.graph.facts import Facts, Namespace
from webhook.graph.model import Deployment
from webhook.graph.path import ROOT, Path, Segment
from webhook.podsecurity import Pod

if TYPE_CHECKING:
    from webhook.workloads.render import Rendered

_TEMPLATE = ("spec", "template")


@dataclass(frozen=True, slots=True)
class MadePod:
    """The pod of one rendered Deployment.

    place  what it was made of: a componentSpec, an explainer, a node, a predictor
    """

    place: Path
    pod: Pod
    rendered: "Rendered"

    def locate(self, place: Iterable[Segment]) -> Path:
        """Return where a place of the pod template comes from; it may be missing there."""
        return self.rendered.trace((*_TEMPLATE, *place))


def made_pods(
    deployment: Deployment, defaults: Options, facts: Facts, namespace: Namespace | None
) -> dict[Path, MadePod]:
    """Return the pods by what they were made of; `namespace` is where they go, if it is known.

    An orchestrator is among them: whether there is one, the reconciler's flags say, and what is
    admitted must run with it too.
    """
    from webhook.workloads.options import Engine  # few namespaces demand a level: start-up time
    from webhook.workloads.options import Options as RenderOptions
    from webhook.workloads.render import render

    known = {} if namespace is None else {deployment.namespace: namespace}
    options = RenderOptions(engine=Engine(""), defaults=defaults)
    found: dict[Path, MadePod] = {}
    for rendered in render(deployment, options, replace(facts, namespaces=known)):
        if rendered.kind == "Deployment":
            template = rendered.object["spec"]["template"]
            place = rendered.trace(ROOT)
            found[place] = MadePod(place, Pod(template["spec"], template["metadata"]), rendered)
    return found
