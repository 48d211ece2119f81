"""From a SeldonDeployment to the Kubernetes objects that run it.

    Deployment  ─┐
    HPA | KEDA   ├ per componentSpec (and one for model servers that have none)
    PDB         ─┘
    Service        per container that serves a node
    Deployment     of an orchestrator with a pod of its own
    Service        per predictor
    Deployment, Service  per explainer

Belongs here: which objects there are, and their order. What each looks like stands in the module
of its kind. Owner references and the apply itself are the reconciler's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from webhook.graph.facts import NOTHING_KNOWN, Facts
from webhook.graph.model import Deployment
from webhook.graph.path import Path, Segment
from webhook.workloads import autoscaler, deployment, disruption, explainer, names, service
from webhook.workloads.options import DEFAULT, Options
from webhook.workloads.origin import Origin, Traced
from webhook.workloads.placement import Placement, place
from webhook.workloads.unknown import without_unknown


@dataclass(frozen=True, slots=True)
class Rendered:
    """One Kubernetes object, as a raw mapping that the caller may change, and where it comes from.

    rendered.trace(Path(("spec", "replicas")))   spec.predictors[0].replicas
    """

    object: dict[str, Any]
    origin: Origin

    @property
    def kind(self) -> str:
        """The object's kind."""
        kind: str = self.object["kind"]
        return kind

    @property
    def name(self) -> str:
        """The object's name."""
        name: str = self.object["metadata"]["name"]
        return name

    def trace(self, place: Iterable[Segment]) -> Path:
        """Return the place in the SeldonDeployment that `place` in this object comes from.

        What nobody wrote comes from the predictor; the object as a whole and its name from what
        stands for it (the componentSpec, the container's name, …).
        """
        return self.origin.trace(place)


def render(
    view: Deployment, options: Options = DEFAULT, facts: Facts = NOTHING_KNOWN
) -> tuple[Rendered, ...]:
    """Return the objects of a SeldonDeployment, always in the same order, equal for equal input.

    Total: whatever the document is, nothing is raised. What cannot be rendered is left out, what
    Kubernetes would refuse is rendered as written: a rule denies it, and the API server would.
    """
    view = without_unknown(view, facts)
    return tuple(
        rendered for placement in place(view, options, facts) for rendered in _objects(placement)
    )


def _objects(placement: Placement) -> Iterator[Rendered]:
    predictor = placement.predictor.path
    for pod in placement.pods:
        yield _rooted(deployment.of_pod(placement, pod), pod.path)
        if scaler := autoscaler.of_pod(placement, pod):
            yield _rooted(scaler, pod.path / pod.scaler)
        if budget := disruption.of_pod(placement, pod):
            yield _rooted(budget, pod.path / "pdbSpec")
        for slot in pod.slots:
            if slot.has_service:
                yield _rooted(service.of_slot(placement, slot), slot.path / "name")
    if placement.engine_apart:
        yield _rooted(deployment.of_engine(placement), predictor)
    if placement.front is not None:
        yield _rooted(service.of_predictor(placement), names.service_origin(placement))
    if placement.explainer:
        where = predictor / "explainer"
        yield _rooted(explainer.of_predictor(placement), where)
        yield _rooted(service.of_explainer(placement, explainer.port(placement)), where)


def _rooted(whole: Traced, path: Path) -> Rendered:
    """Return the object with `path` as the origin of itself and of its name."""
    parts = whole.origin.parts
    about = parts["metadata"]
    named = Origin(about.path, parts={**about.parts, "name": Origin(path)})
    return Rendered(whole.value, Origin(path, parts={**parts, "metadata": named}))
