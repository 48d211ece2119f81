"""The plan: the rules that run under some settings, and which of them a document calls for."""

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from functools import cached_property, lru_cache

from webhook.rules import Action, Check

_MAX_CACHED_SELECTIONS = 64
"""Selections of rules that are remembered. The deployments of a cluster are of a few kinds."""


@dataclass(frozen=True)
class EnabledRule:
    """A rule that is to run, with its action.

    load  imports the rule and binds its parameters; called once, when `check` is first asked for
    """

    id: str
    action: Action
    load: Callable[[], Check]
    inputs: tuple[str, ...] = ()
    triggers: frozenset[str] = frozenset()

    @cached_property
    def check(self) -> Check:
        """The generator of findings."""
        return self.load()


class RuleSet:
    """The rules that run, in the order of their ids."""

    def __init__(self, rules: tuple[EnabledRule, ...]) -> None:
        self.rules = rules
        self._triggers = frozenset[str]().union(*(rule.triggers for rule in rules))
        self._cached_select = lru_cache(_MAX_CACHED_SELECTIONS)(self._select)

    def __iter__(self) -> Iterator[EnabledRule]:
        return iter(self.rules)

    def preload(self) -> None:
        """Import every rule now; else each is imported when a document first calls for it."""
        for rule in self.rules:
            rule.check  # noqa: B018 — a property

    def applicable(self, features: Set[str], *, update: bool = True) -> tuple[EnabledRule, ...]:
        """Return the rules that may find something where these signs are (`graph.features`).

        update  whether there is an old object; without one, rules that want it are left out
        """
        return self._cached_select(self._triggers.intersection(features), update)

    def _select(self, features: frozenset[str], update: bool) -> tuple[EnabledRule, ...]:  # noqa: FBT001 — private
        return tuple(
            rule
            for rule in self.rules
            if (not rule.triggers or not rule.triggers.isdisjoint(features))
            and (update or "old" not in rule.inputs)
        )
