"""The walk: each part of a document is passed once, for the rows of all rules together.

The paths of all rows make one tree per subject; the walk goes down a tree only where the document
has a field that a row is about. Its work is linear in the document.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.model import (
    ComponentSpec,
    Container,
    Node,
    SeldonDeployment,
    get_mapping,
    get_str,
)
from webhook.graph.path import Path, Segment
from webhook.rules.constraints import TABLES
from webhook.rules.constraints.checks import (
    Check,
    ConstraintRule,
    HandlerSubject,
    Location,
    PodSubject,
)
from webhook.rules.pod._pods import iter_handlers

Resolve = Callable[[tuple[Segment, ...]], Path]
ReportError = Callable[[str, Exception], None]


class Tree:
    """The rows of one subject by their path.

    checks  those of the rows that end here, each with the id of its rule
    fields  what lies below a field; `items` what lies below each item of a list
    """

    __slots__ = ("checks", "fields", "items")

    def __init__(self) -> None:
        self.checks: list[tuple[str, Check]] = []
        self.fields: dict[str, Tree] = {}
        self.items: Tree | None = None

    def descend(self, path: str) -> "Tree":
        """Return the tree at a row's path; it is made where there is none."""
        tree = self
        for step in path.replace("[]", ".[]").split(".") if path else ():
            if step == "[]":
                tree.items = tree.items or Tree()
                tree = tree.items
            else:
                tree = tree.fields.setdefault(step, Tree())
        return tree


@cache
def load_rules() -> Mapping[str, ConstraintRule]:
    """Return every rule that is made of rows, by id."""
    modules = [import_module(f"{__package__}.{name}") for name in TABLES]
    return {rule.id: rule for module in modules for rule in module.RULES}


@cache
def _trees(rule_ids: frozenset[str]) -> Mapping[str, Tree]:
    trees: dict[str, Tree] = {}
    for rule_id, rule in load_rules().items():
        if rule_id in rule_ids:
            for row in rule.rows:
                tree = trees.setdefault(row.subject, Tree()).descend(row.path)
                tree.checks.extend((rule_id, check) for check in row.checks)
    return trees


def check_constraints(
    deployment: SeldonDeployment, rule_ids: frozenset[str], report_error: ReportError
) -> list[tuple[str, Finding]]:
    """Return what departs from a row of the rules `rule_ids`, each with the id of its rule.

    report_error  is told of a check that crashes, by the id of its rule; the others go on
    """
    trees = _trees(rule_ids)
    found: list[tuple[str, Finding]] = []
    for subject, value, view, resolve in _iter_subjects(deployment):
        tree = trees.get(subject)
        if tree is not None and (tree.checks or not tree.fields.keys().isdisjoint(value)):
            _walk(tree, Location(value, view, resolve), found, report_error)
    return found


def check_of(rule_id: str) -> Callable[[SeldonDeployment], Iterator[Finding]]:
    """Return the check of one rule; what crashes in it is raised."""

    def check(deployment: SeldonDeployment) -> Iterator[Finding]:
        for _, finding in check_constraints(deployment, frozenset({rule_id}), _raise):
            yield finding

    return check


def _raise(_: str, error: Exception) -> None:
    raise error


def _walk(
    tree: Tree, location: Location, found: list[tuple[str, Finding]], report_error: ReportError
) -> None:
    value = location.value
    for rule_id, check in tree.checks:
        try:
            found.extend((rule_id, finding) for finding in check(value, location))
        except Exception as error:  # noqa: BLE001 — a crash of one row must not hide the others
            report_error(rule_id, error)
    if type(value) is dict:
        fields = tree.fields
        for field, below in value.items():
            if field in fields and below is not None:
                _walk(fields[field], location.step(field, below), found, report_error)
    elif type(value) is list and tree.items is not None:
        for index, item in enumerate(value):
            if item is not None:
                _walk(tree.items, location.step(index, item), found, report_error)


_Subject = tuple[str, Any, Any, Resolve]


def _iter_subjects(deployment: SeldonDeployment) -> Iterator[_Subject]:
    """Yield each subject: its name, its value, its view, and where places below it are."""
    yield "deployment", deployment.spec, deployment, Path(("spec",)).join
    for predictor in deployment.predictors:
        yield "predictor", predictor.raw, predictor, predictor.path.join
        if "explainer" in predictor.raw:
            explainer = predictor.raw["explainer"]
            if type(explainer) is dict and get_str(explainer, "type"):
                yield "explainer", explainer, predictor, (predictor.path / "explainer").join
        for node in predictor.nodes:
            yield "node", node.raw, node, _below(node)
        for component in predictor.components:
            pod = PodSubject(component, predictor)
            yield "component", component.raw, pod, component.path.join
            yield "pod", component.pod, pod, _below(component, "spec")
            if "hpaSpec" in component.raw and type(component.raw.get("kedaSpec")) is not dict:
                yield from _metrics(component.raw, component.path / "hpaSpec", pod)
    for container in deployment.containers:
        yield "container", container.raw, container, _below(container)
        for place, raw in iter_handlers(container):
            name = "hook" if place[0] == "lifecycle" else "probe"
            yield name, raw, HandlerSubject(container, str(place[-1])), _below(container, *place)


def _below(view: Node | ComponentSpec | Container, *below: Segment) -> Resolve:
    """Return what leads to places below a part; its own path is made when one is asked for."""
    return lambda segments: view.path.join((*below, *segments))


def _metrics(raw: Mapping[str, Any], path: Path, view: Any) -> Iterable[_Subject]:
    """Yield the metrics of an hpaSpec as they are rendered, with the way back."""
    from webhook.rendering.autoscaler import convert_metrics  # few documents have any

    metrics = convert_metrics(get_mapping(raw, "hpaSpec"), path)
    if metrics is None:
        return
    for index, metric in enumerate(metrics.value):
        yield "metric", metric, view, _tracer(metrics.source_map.trace, index)


def _tracer(trace: Callable[[Iterable[Segment]], Path], index: int) -> Resolve:
    return lambda below: trace((index, *below))
