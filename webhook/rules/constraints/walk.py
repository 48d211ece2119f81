"""The rows of the table as trees, one for each subject, and their checks at the values they reach.

The trees are made once; the walk (`engine.walk`) comes by with each subject, and goes down a tree
only where the document has a field that a row is about. The work is linear in the document.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from importlib import import_module
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.model import HOOKS, PROBES
from webhook.rules.constraints import TABLES
from webhook.rules.constraints.checks import Check, ConstraintRule, Location, Row, Steps, ValueCheck


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
                for subject, path in row_places(row):
                    tree = trees.setdefault(subject, Tree()).descend(path)
                    for check in row.checks:
                        tree.add(rule_id, check)
    return trees


def row_places(row: Row) -> Iterator[tuple[str, str]]:
    """Yield what the walk comes by with, and the path from there, for each place of a row.

    Probes and hooks are fields of a container that stays. An init container that ends is all that
    a container is, and has none.
    """
    if row.subject == "probe":
        yield from (("container", f"{probe}.{row.path}") for probe in PROBES)
    elif row.subject == "hook":
        yield from (("container", f"lifecycle.{hook}.{row.path}") for hook in HOOKS)
    else:
        yield row.subject, row.path
        if row.subject == "container":
            yield "init container", row.path


Origin = tuple[str, Any, Any]
"""What values are of, as a Location takes it: the subject, the thing, and its predictor."""

Reports = Iterator[tuple[str, Callable[[Location], Iterable[Finding]], Location]]
"""The id of a rule, the check of one of its rows at a value, and the location that it takes."""


class Rows:
    """The checks of rows at the values of one subject after the other.

    looked_outside  set where a check read outside of the visited value
    """

    __slots__ = ("_fail", "looked_outside")

    def __init__(self, fail: Callable[[str, Exception], None]) -> None:
        """Take what is called with each row that crashes, by rule id."""
        self._fail = fail
        self.looked_outside = False

    def visit(self, tree: Tree, value: Any, steps: Steps, origin: Origin) -> Reports:
        """Yield the rows of a tree that do not accept a value, or one of those below it.

        steps  by which the walk came to the value
        """
        pending = [(tree, value, steps)]
        while pending:
            tree, value, steps = pending.pop()
            if tree.checks:
                yield from self.check(tree, value, steps, origin)
            if type(value) is dict:
                trees = tree.fields
                if trees and not tree.field_names.isdisjoint(value):
                    pending += [
                        (trees[field], value[field], (steps, value, field))
                        for field in reversed(value)
                        if field in trees and value[field] is not None
                    ]
            elif tree.items is not None and type(value) is list:
                # Lists are long, and most items have nothing that a row is about.
                items = tree.items
                field_names, checks = items.field_names, items.checks
                pending += [
                    (items, value[index], (steps, value, index))
                    for index in range(len(value) - 1, -1, -1)
                    if (checks and value[index] is not None)
                    or type(value[index]) is list
                    or (type(value[index]) is dict and not field_names.isdisjoint(value[index]))
                ]

    def check(self, tree: Tree, value: Any, steps: Steps, origin: Origin) -> Reports:
        """Yield the rows that hold at a value and do not accept it."""
        location = None
        for rule_id, accepts, check in tree.checks:
            try:
                if accepts is not None and accepts(value):
                    continue
            except Exception as error:  # noqa: BLE001 — a crash of one row must not hide the others
                self._fail(rule_id, error)
                continue
            if location is None:
                location = Location(steps, origin, self._note_look)
            yield rule_id, partial(check, value), location

    def _note_look(self) -> None:
        self.looked_outside = True
