"""What closures run on: a frame with a slot for each name, and a budget.

Slot 0 holds the Budget; the names of the environment and the elements of macros follow.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

ExecutionFrame: TypeAlias = list[Any]
Closure: TypeAlias = Callable[[ExecutionFrame], Any]

MISSING = object()
"""What a slot holds before it is filled."""

DEADLINE_EXCEEDED = "the time limit of this review is exceeded"


MAX_EXPRESSION_UNITS, MAX_POLICY_UNITS = 1_000_000, 10_000_000
"""Kubernetes' units that one expression, and all of one policy with one parameter, may cost
(k8s.io/apiserver pkg/apis/cel/config.go PerCallLimit, RuntimeCELCostBudget)."""


class CostBudget:
    """How much one evaluation may still do: an element of a macro is a step.

    steps              in all
    deadline_exceeded  called every 5,000 steps (some 9 ms): whether time is up
    units              of Kubernetes' cost (`cel.cost`) that were counted so far
    """

    __slots__ = (
        "_next_deadline_check",
        "_unit_limit",
        "deadline_exceeded",
        "remaining",
        "steps",
        "units",
    )

    def __init__(self, steps: int, deadline_exceeded: Callable[[], bool] | None = None) -> None:
        self.steps = self.remaining = steps
        self.deadline_exceeded = deadline_exceeded
        self._next_deadline_check = steps - 5000
        self.units = 0
        self._unit_limit = MAX_POLICY_UNITS

    def charge_units(self, units: int) -> None:
        """Count Kubernetes' units; raise CostLimitExceededError where it stops too."""
        self.units += units
        if self.units > self._unit_limit:
            raise CostLimitExceededError(
                f"it exceeds Kubernetes' cost limit of {MAX_EXPRESSION_UNITS:,} units per "
                f"expression or {MAX_POLICY_UNITS:,} in total"
            )

    def start_expression(self, units: int) -> tuple[int, int]:
        """Count what an expression costs in any case; return what `end_expression` needs."""
        outer = self._unit_limit, self.units
        self._unit_limit = min(self.units + MAX_EXPRESSION_UNITS, MAX_POLICY_UNITS)
        self.charge_units(units)
        return outer

    def end_expression(self, outer: tuple[int, int]) -> None:
        """Go on with the expression around it, which is not charged for a variable's."""
        limit, before = outer
        self._unit_limit = min(limit + self.units - before, MAX_POLICY_UNITS)

    def charge(self, steps: int) -> None:
        """Count steps; raise CostLimitExceededError when none are left, or time is up."""
        self.remaining -= steps
        if self.remaining < 0:
            raise CostLimitExceededError(f"it takes more than {self.steps:,} steps")
        if self.remaining < self._next_deadline_check:
            self._next_deadline_check = self.remaining - 5000
            if self.deadline_exceeded is not None and self.deadline_exceeded():
                raise CostLimitExceededError(DEADLINE_EXCEEDED)


class SharedBudget:
    """Steps that several evaluations share, so that the last ones still get some.

    steps    in all
    reserve  what is kept for each that is still to come
    """

    def __init__(self, steps: int, reserve: int) -> None:
        self.steps, self.reserve = steps, reserve
        self._taken: list[CostBudget] = []

    def take(
        self, most: int, to_come: int, deadline_exceeded: Callable[[], bool] | None = None
    ) -> CostBudget:
        """Return the budget of one evaluation: `most` steps, less where others would go short."""
        used = sum(min(b.steps - b.remaining, b.steps) for b in self._taken)
        left = self.steps - used - self.reserve * to_come
        budget = CostBudget(min(most, max(left, self.reserve)), deadline_exceeded)
        self._taken.append(budget)
        return budget


class CostLimitExceededError(Exception):
    """An evaluation did too much. No operator of CEL absorbs it."""


class SlotLayout:
    """The slots of a frame: names of the environment first, elements of macros after them."""

    def __init__(self, names: Mapping[str, int] | None = None) -> None:
        self.names = dict(names or {})
        self.size = len(self.names) + 1

    def slot_for(self, name: str) -> int:
        """Return the slot of a name of the environment, a new one where it has none."""
        if name not in self.names:
            self.names[name] = self.size
            self.size += 1
        return self.names[name]

    def new_slot(self) -> int:
        """Return an unused slot."""
        self.size += 1
        return self.size - 1
