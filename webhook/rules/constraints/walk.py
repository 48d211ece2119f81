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
from webhook.graph.path import ROOT, Path, Segment
from webhook.rules.constraints import TABLES
from webhook.rules.constraints.checks import (
    Check,
    ConstraintRule,
    HandlerSubject,
    Location,
    PodSubject,
    Steps,
    ValueCheck,
)
from webhook.rules.pod._pods import iter_handlers

Resolve = Callable[[tuple[Segment, ...]], Path]
ReportError = Callable[[str, Exception], None]


class Tree:
    """The rows of one subject by their path.

    checks  those of the rows that end here, each with the id of its rule, and with what it accepts
            whatever the place is; None: it has to see the place
    fields  what lies below a field; `items` what lies below each item of a list
    """

    __slots__ = ("checks", "field_names", "fields", "items")

    def __init__(self) -> None:
        self.checks: list[tuple[str, Callable[[Any], bool] | None, Check]] = []
        self.fields: dict[str, Tree] = {}
        self.field_names = self.fields.keys()
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

    def add(self, rule_id: str, check: Check) -> None:
        """Add a check of a rule to those that hold here."""
        if isinstance(check, ValueCheck):
            self.checks.append((rule_id, check.accepts, check.report))
        else:
            self.checks.append((rule_id, None, check))

    def concerns(self, value: Mapping[str, Any] | list[Any]) -> bool:
        """Tell whether a row is about this mapping or list, or about something in it."""
        if self.checks:
            return True
        if type(value) is dict:
            return not self.field_names.isdisjoint(value)
        return self.items is not None


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
                for check in row.checks:
                    tree.add(rule_id, check)
    return trees


def check_constraints(
    deployment: SeldonDeployment, rule_ids: frozenset[str], report_error: ReportError
) -> list[tuple[str, Finding]]:
    """Return what departs from a row of the rules `rule_ids`, each with the id of its rule.

    report_error  is told of a check that crashes, by the id of its rule; the others go on
    """
    trees = _trees(rule_ids)
    walker = _Walker(report_error)
    for subject, value, view, resolve in _iter_subjects(deployment):
        tree = trees.get(subject)
        if tree is not None and tree.concerns(value):
            walker.view, walker.resolve = view, resolve
            walker.visit(tree, value, None)
    return walker.found


def check_of(rule_id: str) -> Callable[[SeldonDeployment], Iterator[Finding]]:
    """Return the check of one rule; what crashes in it is raised."""

    def check(deployment: SeldonDeployment) -> Iterator[Finding]:
        for _, finding in check_constraints(deployment, frozenset({rule_id}), _raise):
            yield finding

    return check


def _raise(_: str, error: Exception) -> None:
    raise error


_NESTED = frozenset({dict, list})


class _Walker:
    """What is the same for all values of one subject, and what was found in all subjects."""

    __slots__ = ("found", "report_error", "resolve", "view")

    def __init__(self, report_error: ReportError) -> None:
        self.found: list[tuple[str, Finding]] = []
        self.report_error = report_error
        self.view: Any = None
        self.resolve: Resolve = ROOT.join

    def visit(self, tree: Tree, value: Any, steps: Steps) -> None:
        """Apply a tree to a mapping or list, at which the walk came by these steps."""
        if tree.checks:
            self._apply(tree, value, steps)
        if type(value) is dict:
            trees = tree.fields
            for field, below in value.items():
                if field in trees and below is not None:
                    tree_below = trees[field]
                    if type(below) in _NESTED:
                        if tree_below.concerns(below):
                            self.visit(tree_below, below, (steps, value, field))
                    elif tree_below.checks:
                        self._apply(tree_below, below, (steps, value, field))
        elif tree.items is not None:
            items = tree.items
            field_names, checks = items.field_names, items.checks
            for index, item in enumerate(value):
                if type(item) is dict:  # as in `concerns`: lists are long
                    if checks or not field_names.isdisjoint(item):
                        self.visit(items, item, (steps, value, index))
                elif type(item) is list:
                    self.visit(items, item, (steps, value, index))
                elif checks and item is not None:
                    self._apply(items, item, (steps, value, index))

    def _apply(self, tree: Tree, value: Any, steps: Steps) -> None:
        """Run the checks that hold at a value."""
        location = None
        for rule_id, accepts, check in tree.checks:
            try:
                if accepts is not None and accepts(value):
                    continue
                if location is None:
                    location = Location(steps, self.view, self.resolve)
                for finding in check(value, location):
                    self.found.append((rule_id, finding))
            except Exception as error:  # noqa: BLE001 — a crash of one row must not hide the others
                self.report_error(rule_id, error)


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
