"""The rules that run under some settings, and which of them look at a thing."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from webhook.rules import Action, Check, Subject

_MAX_CACHED_SELECTIONS = 512
"""Selections of rules that are remembered: things are written in a few ways each."""


@dataclass(frozen=True)
class EnabledRule:
    """A rule that is to run, with its action.

    load      imports the rule and binds its parameters; called once, when `check` is first wanted
    in_table  whether it is made of rows of the table of constraints, which all run together
    """

    id: str
    action: Action
    load: Callable[[], Check]
    subject: Subject
    fields: frozenset[str] = frozenset()
    inputs: tuple[str, ...] = ()
    in_table: bool = False

    @cached_property
    def check(self) -> Check:
        """The generator of findings."""
        return self.load()


class RuleSet:
    """The rules that run, in the order of their ids.

    table  those that are made of rows of the table of constraints, by id
    """

    def __init__(self, rules: tuple[EnabledRule, ...]) -> None:
        self.rules = rules
        self._fields: dict[Subject, frozenset[str]] = {}
        self.table = {rule.id: rule for rule in rules if rule.in_table}
        self._dispatched = tuple(rule for rule in rules if not rule.in_table)
        for rule in self._dispatched:
            self._fields[rule.subject] = self._fields.get(rule.subject, frozenset()) | rule.fields
        self._cached_select = lru_cache(_MAX_CACHED_SELECTIONS)(self._select)

    def __iter__(self) -> Iterator[EnabledRule]:
        return iter(self.rules)

    def preload(self) -> None:
        """Import every rule now; else each is imported when a document first calls for it."""
        for rule in self.rules:
            rule.check  # noqa: B018 — a property

    def applicable(
        self,
        subject: Subject,
        keys: Iterable[str],
        *,
        update: bool = True,
    ) -> tuple[EnabledRule, ...]:
        """Return the rules that look at a thing of this kind with these keys.

        update  whether there is an old object; without one, rules that want it are left out
        """
        fields = self._fields.get(subject)
        if fields is None:
            return ()
        return self._cached_select(subject, fields.intersection(keys), update=update)

    def _select(
        self,
        subject: Subject,
        fields: frozenset[str],
        *,
        update: bool,
    ) -> tuple[EnabledRule, ...]:
        return tuple(
            rule
            for rule in self._dispatched
            if rule.subject == subject
            and (not rule.fields or not rule.fields.isdisjoint(fields))
            and (update or "old" not in rule.inputs)
        )
