"""The rules that run under some settings, and which of them apply to an object."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from webhook.graph import schema
from webhook.rules import Action, Check, Subject
from webhook.settings.known_parts import KnownParts, Part, PresentPart, Words, group_parts

if TYPE_CHECKING:
    from webhook.rules.constraints.walk import Tree

_MAX_CACHED_PLANS = 512
"""Plans that are cached of each kind: objects have few different sets of fields."""

_CONTAINER_KINDS = ("container", "init container")
"""What is a "container" for rules; rows distinguish those that stay from those that end."""


UNREAD_DEPLOYMENT = "unread deployment"
"""A deployment that was not read completely; only rules that report that check it."""


@dataclass(frozen=True)
class EnabledRule:
    """A rule that is to run, with its action.

    load      imports the rule and binds its parameters; called once, when `check` is first used
    local     whether what it finds depends on its fields alone (`webhook.rules.Rule.local`)
    in_table  whether it is made of rows of the table of constraints, which all run together
    bound     whether it reports where reading ended (`webhook.rules.Rule.bound`)
    words     one of which must occur below its subject (`webhook.rules.Rule.words`)
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
    words: frozenset[str] = frozenset()

    @cached_property
    def check(self) -> Check:
        """The generator of findings."""
        return self.load()


class Plan(NamedTuple):
    """What there is to ask about things of one kind that have the same fields.

    called   the rules that are called with each
    guarded  those that are called where one of their words occurs
    words    those that are fields of the things
    parts    what their local rules and rows are about
    """

    called: tuple[EnabledRule, ...]
    guarded: tuple[EnabledRule, ...]
    words: frozenset[str]
    parts: tuple[PresentPart, ...]


class SubjectRules:
    """The rules on one kind of object.

    called  those that are called with the object
    tree    the rows of the table on it, with checks of the whole object at its root
    parts   its fields that local rules and rows are about, by name
    words   those that rules on any kind of object look for among its own keys, by key
    fields  the keys that any of these asks for
    """

    __slots__ = ("called", "fields", "parts", "plan", "tree", "words")

    def __init__(
        self,
        called: tuple[EnabledRule, ...],
        tree: "Tree | None",
        parts: Mapping[str, Part],
        words: Mapping[str, str],
    ) -> None:
        """Initialise with the rules that are called with the object, and those on its fields."""
        self.called = called
        self.tree = tree
        self.parts = parts
        self.words = words
        self.fields = frozenset(self.parts).union(words, *(rule.fields for rule in called))
        self.plan = lru_cache(_MAX_CACHED_PLANS)(self._plan)

    def _plan(
        self,
        fields: frozenset[str],
        own: frozenset[str],
        update: bool,  # noqa: FBT001 — positional: the cache is asked for each kind of things
    ) -> Plan:
        """Return the rules and parts to check of objects that have these of the `fields`.

        own     those that their mapping has itself (a deployment also has those of its predictors)
        update  whether there is an old object; without one, rules that want it are left out
        """
        asked = [
            rule
            for rule in self.called
            if (not rule.fields or not rule.fields.isdisjoint(fields))
            and (update or "old" not in rule.inputs)
        ]
        present = dict.fromkeys(part for name, part in self.parts.items() if name in own)
        return Plan(
            called=tuple(rule for rule in asked if not rule.words),
            guarded=tuple(rule for rule in asked if rule.words),
            words=frozenset(word for key, word in self.words.items() if key in fields),
            parts=tuple(part.of_fields(own) for part in present),
        )


_SEARCHED_DEFINITIONS = {
    "container": "io.k8s.api.core.v1.Container",
    "init container": "io.k8s.api.core.v1.Container",
    "pod": "io.k8s.api.core.v1.PodSpec",
    "node": "Node",
    "component": "ComponentSpec",
    "predictor": "Predictor",
}
"""Whose fields are searched for words: definitions of the schema by kind of object."""

_WALKED_FIELDS = frozenset(
    {"containers", "initContainers", "spec", "componentSpecs", "graph", "children"}
)
"""What is in these is an object of its own."""


def _searched_fields() -> Mapping[str, frozenset[str]]:
    return {
        subject: schema.fields_with_fields(definition) - _WALKED_FIELDS
        for subject, definition in _SEARCHED_DEFINITIONS.items()
    }


def _own_words(words: Words, kind: str) -> Mapping[str, str]:
    """Return the words that are a key of a kind of object itself, by that key."""
    return {key: f"{kind}.{key}" for key in words.keys_below.get(kind, ())}


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
        """The rules by the kind of object that they check."""
        from webhook.rules.constraints.walk import compile_rows  # imports the whole table

        called: dict[str, list[EnabledRule]] = {}
        local: dict[str, list[EnabledRule]] = {}
        for rule in self.rules:
            if not rule.in_table:
                group = local if rule.local and rule.fields else called
                for subject in _CONTAINER_KINDS if rule.subject == "container" else (rule.subject,):
                    group.setdefault(subject, []).append(rule)
                if rule.bound and rule.subject == "deployment":
                    called.setdefault(UNREAD_DEPLOYMENT, []).append(rule)
        trees = compile_rows(frozenset(self.table))
        words = Words(word for rule in self.rules for word in rule.words)
        searched = _searched_fields() if any(rule.words for rule in self.rules) else {}
        return {
            subject: SubjectRules(
                tuple(called.get(subject, ())),
                trees.get(subject),
                group_parts(
                    local.get(subject, ()), trees.get(subject), words, searched.get(subject, ())
                ),
                _own_words(words, "container" if subject in _CONTAINER_KINDS else subject),
            )
            for subject in {**called, **local, **trees, **searched}
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
