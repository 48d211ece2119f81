"""From a SeldonDeployment to the Kubernetes objects that run it.

    Deployment  ─┐
    HPA | KEDA   ├ per componentSpec (and one for model servers that have none)
    PDB         ─┘
    Service        per container that serves a node
    Deployment     of an orchestrator with a pod of its own
    Service        per predictor
    Deployment, Service  per explainer

Belongs here: which objects there are, and their order. What each looks like is in the module
of its kind. Owner references and the apply itself are the reconciler's.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from webhook.graph.cluster_facts import NO_FACTS, Facts
from webhook.graph.model import SeldonDeployment
from webhook.graph.path import Path, Segment
from webhook.rendering import (
    autoscaler,
    deployment,
    explainer,
    names,
    pod_disruption_budget,
    service,
)
from webhook.rendering.integral_numbers import write_integers
from webhook.rendering.layout import PodLayout, PredictorLayout, layout_predictors
from webhook.rendering.options import DEFAULT_OPTIONS, RenderOptions
from webhook.rendering.prune_unknown_fields import prune_unknown_fields
from webhook.rendering.source_map import Sourced, SourceMap


@dataclass(frozen=True, slots=True)
class Rendered:
    """One Kubernetes object, as a raw mapping that the caller may change, and where it comes from.

    rendered.trace(Path(("spec", "replicas")))   spec.predictors[0].replicas
    """

    object: dict[str, Any]
    source_map: SourceMap

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

    def trace(self, path: Iterable[Segment]) -> Path:
        """Return the place in the SeldonDeployment that `place` in this object comes from.

        What is injected comes from the predictor; the object as a whole and its name from what
        configures it (the componentSpec, the container's name, …).
        """
        return self.source_map.trace(path)


def render(
    view: SeldonDeployment,
    options: RenderOptions = DEFAULT_OPTIONS,
    facts: Facts = NO_FACTS,
    *,
    only_deployments: bool = False,
    deployments: Sequence[Rendered] | None = None,
) -> tuple[Rendered, ...]:
    """Return the objects of a SeldonDeployment, always in the same order, equal for equal input.

    only_deployments  leave out all other kinds, for callers that only need pods
    deployments       what that gave for the same input, which is not rendered again

    Total: whatever the document is, nothing is raised. What cannot be rendered is left out, what
    Kubernetes would refuse is rendered as written: a rule denies it, and the API server would.
    """
    view = prune_unknown_fields(write_integers(view), facts, options.operator)
    layouts = layout_predictors(view, options, facts)
    if only_deployments:
        return tuple(each for layout in layouts for each in _render_deployments(layout))
    known = None if deployments is None else iter(deployments)
    return tuple(
        each
        for layout in layouts
        for each in _render_objects(layout, _render_deployments(layout) if known is None else known)
    )


def _render_deployments(layout: PredictorLayout) -> Iterator[Rendered]:
    for pod in layout.pods:
        yield _render_component(layout, pod)
    if layout.orchestrator_in_own_pod:
        yield _render_orchestrator(layout)
    if layout.explainer:
        yield _render_explainer(layout)


def _render_component(layout: PredictorLayout, pod: PodLayout) -> Rendered:
    return with_root_source(deployment.render_component_deployment(layout, pod), pod.path)


def _render_orchestrator(layout: PredictorLayout) -> Rendered:
    return with_root_source(
        deployment.render_orchestrator_deployment(layout), layout.predictor.path
    )


def _render_explainer(layout: PredictorLayout) -> Rendered:
    return with_root_source(
        explainer.render_explainer_deployment(layout), layout.predictor.path / "explainer"
    )


def _render_objects(layout: PredictorLayout, deployments: Iterator[Rendered]) -> Iterator[Rendered]:
    """Yield the objects of a predictor; its Deployments are the next ones of `deployments`."""
    for pod in layout.pods:
        yield next(deployments)
        if scaler := autoscaler.render_autoscaler(layout, pod):
            yield with_root_source(scaler, pod.path / pod.autoscaler_field)
        if pdb := pod_disruption_budget.render_pdb(layout, pod):
            yield with_root_source(pdb, pod.path / "pdbSpec")
        for slot in pod.slots:
            if slot.has_service:
                yield with_root_source(
                    service.render_container_service(layout, slot), slot.path / "name"
                )
    if layout.orchestrator_in_own_pod:
        yield next(deployments)
    if layout.entrypoint is not None:
        yield with_root_source(
            service.render_predictor_service(layout), names.service_name_source(layout)
        )
    if layout.explainer:
        yield next(deployments)
        yield with_root_source(
            service.render_explainer_service(layout, explainer.explainer_service_port(layout)),
            layout.predictor.path / "explainer",
        )


def with_root_source(whole: Sourced, path: Path) -> Rendered:
    """Return the object with `path` as the origin of itself and of its name."""
    parts = whole.source_map.parts
    metadata = parts["metadata"]
    metadata_source = SourceMap(metadata.path, parts={**metadata.parts, "name": SourceMap(path)})
    return Rendered(whole.value, SourceMap(path, parts={**parts, "metadata": metadata_source}))
