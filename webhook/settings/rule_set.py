"""The rules that run under some settings, and which of them apply to an object."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from webhook.rules import Action, Check, Subject
from webhook.settings.known_parts import KnownParts, Part, group_parts

if TYPE_CHECKING:
    from webhook.rules.constraints.walk import Tree

_MAX_CACHED_SELECTIONS = 512
"""Selections of rules that are cached: objects have few different sets of fields."""

_HANDLER_KINDS = ("probe", "hook")
"""What is a "handler" for rules; rows distinguish its kinds."""


UNREAD_DEPLOYMENT = "unread deployment"
"""A deployment that was not read completely; only rules that report that check it."""


@dataclass(frozen=True)
class EnabledRule:
    """A rule that is to run, with its action.

    load      imports the rule and binds its parameters; called once, when `check` is first used
    local     whether what it finds depends on its fields alone (`webhook.rules.Rule.local`)
    in_table  whether it is made of rows of the table of constraints, which all run together
    bound     whether it reports where reading ended (`webhook.rules.Rule.bound`)
    """

    id: str
    action: Action
    load: Callable[[], Check]
    subject: Subject
    fields: frozenset[str] = frozenset()
    inputs: tuple[str, ...] = ()
    local: bool = False
    in_table: bool = False
    bound: bool = False

    @cached_property
    def check(self) -> Check:
        """The generator of findings."""
        return self.load()

    @cached_property
    def pick_inputs(self) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
        """What returns its inputs from all, in their order; of two or more."""
        return itemgetter(*self.inputs)


class SubjectRules:
    """The rules on one kind of object.

    called  those that are called with the object, as selected by `select`
    fields  the keys that these ask for
    tree    the rows of the table on it, with checks of the whole object at its root
    parts   its fields that local rules and rows are about, by name
    """

    __slots__ = ("called", "fields", "parts", "select", "tree")

    def __init__(
        self,
        called: tuple[EnabledRule, ...],
        tree: "Tree | None" = None,
        parts: Mapping[str, Part] | None = None,
    ) -> None:
        """Initialise with the rules that are called with the object, and those on its fields."""
        self.called = called
        self.fields = frozenset[str]().union(*(rule.fields for rule in called))
        self.select = lru_cache(_MAX_CACHED_SELECTIONS)(self._select)
        self.tree = tree
        self.parts: Mapping[str, Part] = parts or {}

    def _select(
        self,
        fields: frozenset[str],
        update: bool,  # noqa: FBT001 — positional: the cache is asked for each thing
    ) -> tuple[EnabledRule, ...]:
        """Return the rules that are called with an object that has these of the `fields`.

        update  whether there is an old object; without one, rules that want it are left out
        """
        return tuple(
            rule
            for rule in self.called
            if (not rule.fields or not rule.fields.isdisjoint(fields))
            and (update or "old" not in rule.inputs)
        )


class RuleSet:
    """The rules that run, in the order of their ids.

    ids    theirs
    table  those that are made of rows of the table of constraints, by id
    """

    def __init__(self, rules: tuple[EnabledRule, ...]) -> None:
        self.rules = rules
        self.ids = frozenset(rule.id for rule in rules)
        self.table: Mapping[str, EnabledRule] = {rule.id: rule for rule in rules if rule.in_table}

    def __iter__(self) -> Iterator[EnabledRule]:
        return iter(self.rules)

    @cached_property
    def by_subject(self) -> Mapping[str, SubjectRules]:
        """The rules by the kind of object that they check; a handler is a probe or a hook."""
        from webhook.rules.constraints.walk import compile_rows  # imports the whole table

        called: dict[str, list[EnabledRule]] = {}
        local: dict[str, list[EnabledRule]] = {}
        for rule in self.rules:
            if not rule.in_table:
                group = local if rule.local and rule.fields else called
                for subject in _HANDLER_KINDS if rule.subject == "handler" else (rule.subject,):
                    group.setdefault(subject, []).append(rule)
                if rule.bound and rule.subject == "deployment":
                    called.setdefault(UNREAD_DEPLOYMENT, []).append(rule)
        trees = compile_rows(frozenset(self.table))
        return {
            subject: SubjectRules(
                tuple(called.get(subject, ())),
                trees.get(subject),
                group_parts(local.get(subject, ()), trees.get(subject)),
            )
            for subject in {**called, **local, **trees}
        }

    @cached_property
    def known_parts(self) -> KnownParts:
        """The contents of fields in which nothing was found."""
        return KnownParts(
            part for rules in self.by_subject.values() for part in rules.parts.values()
        )

    def preload(self) -> None:
        """Import every rule now; else each is imported when a document first calls for it."""
        self.by_subject  # noqa: B018 — a property, as the next one
        for rule in self.rules:
            if not rule.in_table:
                rule.check  # noqa: B018
