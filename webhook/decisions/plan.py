"""The plan: the rules that run under some settings, and which of them a document calls for."""

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from functools import cached_property, lru_cache

from webhook.rules import Action, Check

_REMEMBERED = 64
"""Selections of rules that are remembered. The deployments of a cluster are of a few kinds."""


@dataclass(frozen=True)
class BoundRule:
    """A rule that is to run, with its action.

    load  imports the rule and binds its parameters; called once, when `check` is first asked for
    """

    id: str
    action: Action
    load: Callable[[], Check]
    wants: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()

    @cached_property
    def check(self) -> Check:
        """The generator of findings."""
        return self.load()


class Plan:
    """The rules that run, in the order of their ids."""

    def __init__(self, rules: tuple[BoundRule, ...]) -> None:
        self.rules = rules
        self._watched = frozenset[str]().union(*(rule.needs for rule in rules))
        self._remembered = lru_cache(_REMEMBERED)(self._select)

    def __iter__(self) -> Iterator[BoundRule]:
        return iter(self.rules)

    def load(self) -> None:
        """Import every rule now; else each is imported when a document first calls for it."""
        for rule in self.rules:
            rule.check  # noqa: B018 — a property

    def select(self, there: Set[str], *, update: bool = True) -> tuple[BoundRule, ...]:
        """Return the rules that may find something where these signs are (`graph.signs`).

        update  whether there is an old object; without one, rules that want it are left out
        """
        return self._remembered(self._watched.intersection(there), update)

    def _select(self, there: frozenset[str], update: bool) -> tuple[BoundRule, ...]:  # noqa: FBT001 — private
        return tuple(
            rule
            for rule in self.rules
            if (not rule.needs or not rule.needs.isdisjoint(there))
            and (update or "old" not in rule.wants)
        )
