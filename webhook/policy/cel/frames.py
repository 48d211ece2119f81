"""What closures run on: a frame with a slot for each name, and a budget.

Slot 0 holds the Budget; the names of the environment and the elements of macros follow.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Frame: TypeAlias = list[Any]
Closure: TypeAlias = Callable[[Frame], Any]

MISSING = object()
"""What a slot holds before it is filled."""

TIME_IS_UP = "the time for this review is up"


class Budget:
    """How much one evaluation may still do: an element of a macro is a step.

    steps    in all
    expired  asked every 5,000 steps (some 9 ms) whether time is up
    """

    __slots__ = ("_next", "expired", "left", "steps")

    def __init__(self, steps: int, expired: Callable[[], bool] | None = None) -> None:
        self.steps = self.left = steps
        self.expired = expired
        self._next = steps - 5000

    def spend(self, steps: int) -> None:
        """Count steps; raise OverBudget when there are none left, or time is up."""
        self.left -= steps
        if self.left < 0:
            raise OverBudget(f"it takes more than {self.steps:,} steps")
        if self.left < self._next:
            self._next = self.left - 5000
            if self.expired is not None and self.expired():
                raise OverBudget(TIME_IS_UP)


class OverBudget(Exception):  # noqa: N818 — named by the fault, as all of ours
    """An evaluation did too much. No operator of CEL absorbs it."""


class Layout:
    """The slots of a frame: names of the environment first, elements of macros after them."""

    def __init__(self, names: Mapping[str, int] | None = None) -> None:
        self.names = dict(names or {})
        self.size = len(self.names) + 1

    def slot(self, name: str) -> int:
        """Return the slot of a name of the environment, a new one where it has none."""
        if name not in self.names:
            self.names[name] = self.size
            self.size += 1
        return self.names[name]

    def fresh(self) -> int:
        """Return a slot that nobody else has."""
        self.size += 1
        return self.size - 1
