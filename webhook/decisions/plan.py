"""The plan: the rules that run under some settings, and which of them a document calls for."""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import lru_cache

from webhook.rules import Action, Check

_REMEMBERED = 64
"""Selections of rules that are remembered. The deployments of a cluster are of a few kinds."""


@dataclass(frozen=True, slots=True)
class BoundRule:
    """A rule that is to run, with its action and its parameters bound."""

    id: str
    action: Action
    check: Check
    wants: tuple[str, ...]
    needs: frozenset[str]


class Plan:
    """The rules that run, in the order of their ids."""

    def __init__(self, rules: tuple[BoundRule, ...]) -> None:
        self.rules = rules
        self._watched = frozenset[str]().union(*(rule.needs for rule in rules))
        self._remembered = lru_cache(_REMEMBERED)(self._select)

    def __iter__(self) -> Iterator[BoundRule]:
        return iter(self.rules)

    def select(self, there: Set[str]) -> tuple[BoundRule, ...]:
        """Return the rules that may find something where these signs are (`graph.signs`)."""
        return self._remembered(self._watched.intersection(there))

    def _select(self, there: frozenset[str]) -> tuple[BoundRule, ...]:
        return tuple(
            rule for rule in self.rules if not rule.needs or not rule.needs.isdisjoint(there)
        )
