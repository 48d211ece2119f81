"""From a document and its findings to what is drawn. Total: no value raises."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from webhook.engine.evaluated_object import EvaluatedObject
from webhook.engine.rule_runner import ActionFinding
from webhook.graph.model import Node, get_int, get_mapping, get_str
from webhook.graph.path import ROOT, Path
from webhook.picture.model import (
    ContainerKind,
    DrawnContainer,
    DrawnDeployment,
    DrawnExplainer,
    DrawnNode,
    DrawnPredictor,
    Mark,
    Picture,
)
from webhook.rendering import names
from webhook.rendering.layout import (
    ORCHESTRATOR_CONTAINER,
    PodLayout,
    PredictorLayout,
    layout_predictors,
)
from webhook.rendering.node_kinds import ORCHESTRATOR_IMPLEMENTATIONS, node_role
from webhook.rendering.options import OrchestratorOptions

Marks = Mapping[Path, list[Mark]]
"""The findings by the path of the element at which they are drawn."""


def build_picture(evaluated: EvaluatedObject, findings: Iterable[ActionFinding]) -> Picture:
    """Return what is drawn of a SeldonDeployment.

    findings  actions and findings, each drawn at the innermost element of its path: a node
              (or the container that runs it), another container, a Deployment, the explainer, the
              predictor, the object
    """
    view, settings, facts = evaluated.view, evaluated.settings, evaluated.facts
    options = settings.rendering.render_options(settings.defaults, operator=evaluated.operator)
    # Whether there is one, the reconciler's flags say; what is admitted must run with it.
    options = replace(options, orchestrator=options.orchestrator or OrchestratorOptions(""))
    layouts = layout_predictors(view, options, facts)
    marks = _place_marks(findings, layouts)
    return Picture(
        view.namespace,
        view.name or get_str(get_mapping(view.raw, "metadata"), "generateName"),
        tuple(_draw_predictor(layout, marks) for layout in layouts),
        tuple(marks.get(ROOT, ())),
    )


def _place_marks(findings: Iterable[ActionFinding], layouts: Iterable[PredictorLayout]) -> Marks:
    things = {ROOT: ROOT}
    for layout in layouts:
        predictor = layout.predictor
        for path in (predictor.path, predictor.path / "explainer"):
            things[path] = path
        for pod in layout.pods:
            things[pod.path] = pod.path
            for slot in pod.slots:
                things[slot.path] = slot.path if slot.node is None else slot.node.path
        for node in predictor.nodes:
            things[node.path] = node.path
    marks: dict[Path, list[Mark]] = {}
    for action, finding in findings:
        depth = next(n for n in range(len(finding.path), -1, -1) if finding.path[:n] in things)
        thing = things[Path(finding.path[:depth])]
        marks.setdefault(thing, []).append(Mark(action, finding.rule_id, finding.message))
    return marks


def _draw_predictor(layout: PredictorLayout, marks: Marks) -> DrawnPredictor:
    predictor = layout.predictor
    deployments = [_draw_pod(layout, pod, marks) for pod in layout.pods]
    if layout.orchestrator_in_own_pod:
        orchestrator = DrawnContainer(ORCHESTRATOR_CONTAINER, "orchestrator")
        deployments.append(DrawnDeployment(names.orchestrator_name(layout), (orchestrator,)))
    explainer = None
    written = get_mapping(predictor.raw, "explainer")
    if written:
        number = None
        if layout.explainer:
            number = len(deployments)
            name = names.explainer_name(layout)
            container = get_str(get_mapping(written, "containerSpec"), "name") or name
            deployments.append(DrawnDeployment(name, (DrawnContainer(container, "explainer"),)))
        explainer = DrawnExplainer(
            get_str(written, "type"),
            get_str(written, "modelUri"),
            number,
            tuple(marks.get(predictor.path / "explainer", ())),
        )
    pod_numbers = {id(pod): number for number, pod in enumerate(layout.pods)}
    drawer = _NodeDrawer(layout, pod_numbers, marks)
    replicas = get_int(predictor.raw, "replicas")
    return DrawnPredictor(
        predictor.name,
        predictor.traffic,
        predictor.is_shadow,
        get_int(layout.deployment.spec, "replicas") if replicas is None else replicas,
        None if predictor.graph is None else drawer.draw(predictor.graph),
        explainer,
        tuple(deployments),
        tuple(marks.get(predictor.path, ())),
    )


def _draw_pod(layout: PredictorLayout, pod: PodLayout, marks: Marks) -> DrawnDeployment:
    containers = []
    for slot in pod.slots:
        kind: ContainerKind = "sidecar" if slot.node is None else "node"
        own = () if slot.node is not None else tuple(marks.get(slot.path, ()))
        containers.append(DrawnContainer(slot.name, kind, own))
    hosts_orchestrator = (
        layout.has_orchestrator
        and not layout.orchestrator_in_own_pod
        and layout.entrypoint is not None
        and layout.entrypoint[0] is pod
    )
    if hosts_orchestrator and all(c.name != ORCHESTRATOR_CONTAINER for c in containers):
        containers.append(DrawnContainer(ORCHESTRATOR_CONTAINER, "orchestrator"))
    # A pod without a template is drawn at its first node, which has the marks.
    own_marks = () if pod.component is None else tuple(marks.get(pod.path, ()))
    return DrawnDeployment(names.component_name(layout, pod), tuple(containers), own_marks)


@dataclass(frozen=True, slots=True)
class _NodeDrawer:
    """Draws the nodes of one predictor; graphs are read a hundred levels deep at most."""

    layout: PredictorLayout
    pod_numbers: Mapping[int, int]
    marks: Marks

    def draw(self, node: Node) -> DrawnNode:
        """Return a node with those below it."""
        location = self.layout.node_locations.get(node.path)
        return DrawnNode(
            node.name,
            node_role(node),
            node.implementation if node.has_builtin_implementation else "",
            get_str(node.raw, "modelUri"),
            "" if location is None else location[1].name,
            None if location is None else self.pod_numbers[id(location[0])],
            location is None and node.implementation in ORCHESTRATOR_IMPLEMENTATIONS,
            tuple(self.draw(child) for child in node.children),
            tuple(self.marks.get(node.path, ())),
        )
