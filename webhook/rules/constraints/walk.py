"""The rows of the table as trees, one for each subject, and their checks at the values they reach.

The trees are made once; the walk (`engine.walk`) comes by with each subject, and goes down a tree
only where the document has a field that a row is about. The work is linear in the document.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from webhook.graph.finding import Finding
from webhook.rules.constraints import TABLES
from webhook.rules.constraints.checks import Check, ConstraintRule, Location, Steps, ValueCheck


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
        """Return the tree at a row's path; it is created if missing."""
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


@cache
def load_rules() -> Mapping[str, ConstraintRule]:
    """Return every rule that is made of rows, by id."""
    modules = [import_module(f"{__package__}.{name}") for name in TABLES]
    return {rule.id: rule for module in modules for rule in module.RULES}


@cache
def compile_rows(rule_ids: frozenset[str]) -> Mapping[str, Tree]:
    """Return the rows of some rules as trees, by subject."""
    trees: dict[str, Tree] = {}
    for rule_id, rule in load_rules().items():
        if rule_id in rule_ids:
            for row in rule.rows:
                tree = trees.setdefault(row.subject, Tree()).descend(row.path)
                for check in row.checks:
                    tree.add(rule_id, check)
    return trees


_NESTED = frozenset({dict, list})


class Rows:
    """The checks of rows, run at the values of one subject after the other.

    origin          what the values are of, as a Location takes it
    looked_outside  set where a check read outside of the visited value
    """

    __slots__ = ("_fail", "_report", "looked_outside", "origin")

    def __init__(
        self, report: Callable[[str, Finding], None], fail: Callable[[str, Exception], None]
    ) -> None:
        """Take what is called with each finding, and with each check that crashes, by rule id."""
        self._report = report
        self._fail = fail
        self.origin: tuple[str, Any, Any] = ("", None, None)
        self.looked_outside = False

    def visit(self, tree: Tree, value: Any, steps: Steps) -> None:
        """Apply a tree to a value, at which the walk came by these steps, and to all below it."""
        if tree.checks:
            self.check(tree, value, steps)
        if type(value) is dict:
            trees = tree.fields
            if trees and not tree.field_names.isdisjoint(value):
                for field, below in value.items():
                    if below is not None and field in trees:
                        self.visit(trees[field], below, (steps, value, field))
        elif tree.items is not None and type(value) is list:
            self._visit_items(tree.items, value, steps)

    def _visit_items(self, tree: Tree, values: list[Any], steps: Steps) -> None:
        field_names, checks = tree.field_names, tree.checks
        for index, item in enumerate(values):
            # Lists are long, and most items have nothing that a row is about.
            if (checks and item is not None) or (
                type(item) in _NESTED and (type(item) is list or not field_names.isdisjoint(item))
            ):
                self.visit(tree, item, (steps, values, index))

    def check(self, tree: Tree, value: Any, steps: Steps = None) -> None:
        """Run the checks that hold at a value."""
        location = None
        for rule_id, accepts, check in tree.checks:
            try:
                if accepts is not None and accepts(value):
                    continue
                if location is None:
                    location = Location(steps, self.origin, self._note_look)
                for finding in check(value, location):
                    self._report(rule_id, finding)
            except Exception as error:  # noqa: BLE001 — a crash of one row must not hide the others
                self._fail(rule_id, error)

    def _note_look(self) -> None:
        self.looked_outside = True
