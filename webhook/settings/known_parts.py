"""What rules and rows say of single fields, and the contents in which they found nothing.

Most rules on pods look at one field of a container, its resources or its probes, and these are
written in the same few ways in most objects. A value without findings is not checked again. That is
not a second implementation of the rules: it caches their results.

With each content goes which of the words occur in it that other rules look for
(`webhook.rules.Rule.words`): most objects have none of them, and need not be asked about.

A field belongs here if its findings depend on nothing else: for rules that declare it
(`webhook.rules.Rule.local`), and for rows of the table, where the walk notices when one reads
something outside of the field. Whole values are compared, never digests.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from webhook.graph.cluster_facts import NO_FACTS, Facts

if TYPE_CHECKING:
    from webhook.rules.constraints.walk import Tree
    from webhook.settings.rule_set import EnabledRule

MAX_KNOWN_BYTES: Final = 2 << 20
"""Of all values together. When there are more, all are forgotten: many different values cost as
much as without a cache."""

MAX_CONTENT_BYTES: Final = 1024
"""Of one content; larger ones are seldom written twice."""

_ENTRY_BYTES: Final = 100
"""What remembering a content costs beside it, about."""


class Words:
    """The words that rules look for (`webhook.rules`).

    anywhere    those that are a key or a text
    keys_below  those that are a key of a field, or of a kind of object: the keys by what has them
    """

    __slots__ = ("anywhere", "keys_below")

    def __init__(self, words: Iterable[str] = ()) -> None:
        """Take words as rules write them."""
        words = frozenset(words)
        self.anywhere = frozenset(word for word in words if "." not in word)
        owners = sorted(word.rpartition(".") for word in words - self.anywhere)
        self.keys_below: Mapping[str, frozenset[str]] = {
            owner: frozenset(key for _, _, key in group)
            for owner, group in groupby(owners, itemgetter(0))
        }


class Part:
    """One field of a kind of object, or several that a rule reads together.

    rules  the local rules on it
    trees  the rows on it, with the name of the field that they are on
    """

    __slots__ = ("_known", "_words", "names", "rules", "trees")

    def __init__(
        self,
        names: tuple[str, ...],
        rules: "tuple[EnabledRule, ...]",
        trees: "tuple[tuple[str, Tree], ...]",
        words: Words,
    ) -> None:
        """Take the fields, and what is about them."""
        self.names = names
        self.rules = rules
        self.trees = trees
        self._words = words
        self._known: dict[tuple[str, ...], dict[bytes, frozenset[str]]] = {}

    def of_fields(self, fields: frozenset[str]) -> "PresentPart":
        """Return the part as it is of objects that have these fields, at least one of its own."""
        present = tuple(name for name in self.names if name in fields)
        return PresentPart(self, itemgetter(*present), self._known.setdefault(present, {}))

    def find_words(self, raw: Mapping[str, Any]) -> frozenset[str]:
        """Return the words that occur in its fields."""
        words, keys_below = self._words.anywhere, self._words.keys_below
        found: set[str] = set()
        pending = [(name, raw.get(name)) for name in self.names]
        while pending:
            field, value = pending.pop()
            if type(value) is dict:
                found.update(words.intersection(value))
                if field in keys_below:
                    keys = keys_below[field].intersection(value)
                    found.update(f"{field}.{key}" for key in keys)
                pending += value.items()
            elif type(value) is list:
                pending += [(field, item) for item in value]
            elif type(value) is str and value in words:
                found.add(value)
        return frozenset(found)

    def forget(self) -> None:
        """Forget everything."""
        # Listed first: other threads may ask for objects with other fields.
        for known in list(self._known.values()):
            known.clear()


class PresentPart(NamedTuple):
    """A part of objects that have the same of its fields.

    get_content  returns what an object has in these fields
    known        the contents in which nothing was found, with the words in each
    """

    part: Part
    get_content: Callable[[Mapping[str, Any]], Any]
    known: dict[bytes, frozenset[str]]

    def recall(self, raws: Iterable[Mapping[str, Any]]) -> frozenset[str] | None:
        """Return the words in the contents of some mappings; None if one is not remembered."""
        # All in C: a large object has thousands of them.
        try:
            found = {*map(self.known.get, map(orjson.dumps, map(self.get_content, raws)))}
        except TypeError:  # nested too deeply, or a number of more than 64 bits
            return None
        if len(found) == 1:
            return found.pop()
        return None if None in found else frozenset[str]().union(*found)  # type: ignore[arg-type]

    def remember(self, raw: Mapping[str, Any], words: frozenset[str]) -> int:
        """Note that nothing was found in what a mapping has; return what that takes in bytes.

        words  those that occur in it
        """
        try:
            content = orjson.dumps(self.get_content(raw))
        except TypeError:  # as above
            return 0
        if len(content) > MAX_CONTENT_BYTES:
            return 0
        self.known[content] = words
        return len(content) + _ENTRY_BYTES


class KnownParts:
    """What is known of the parts of a set of rules, within a bound."""

    def __init__(self, parts: Iterable[Part]) -> None:
        """Take all the parts."""
        self._parts = tuple(parts)
        self._of_facts = tuple(part for part in self._parts if any(r.inputs for r in part.rules))
        self._facts: Facts = NO_FACTS
        self._room = MAX_KNOWN_BYTES
        self._lock = threading.Lock()
        self.epoch = 0

    def expect(self, facts: Facts) -> int:
        """Forget what was found under other facts; return what `epoch` is as long as these hold.

        Another thread may expect other facts at any moment: what is recalled counts if `epoch` is
        the same afterwards.
        """
        with self._lock:
            if facts is not self._facts:
                for part in self._of_facts:
                    part.forget()
                # Last: a review that runs out of time in the loop leaves the old facts here.
                self._facts = facts
                self.epoch += 1
            return self.epoch

    def remember(
        self, part: PresentPart, raw: Mapping[str, Any], words: frozenset[str], epoch: int
    ) -> None:
        """Note that nothing was found in a part of a mapping, and the words that are in it.

        epoch  what it was when that was evaluated; nothing is noted if it has changed
        """
        with self._lock:
            if epoch != self.epoch:
                return
            self._room -= part.remember(raw, words)
            if self._room < 0:
                for each in self._parts:
                    each.forget()
                self._room = MAX_KNOWN_BYTES


def group_parts(
    rules: "Iterable[EnabledRule]", tree: "Tree | None", words: Words, searched: Iterable[str]
) -> dict[str, Part]:
    """Return the parts of a kind of object by field; fields of one local rule are one part.

    words     those that are looked for, in all parts and in the fields `searched`
    """
    rules = tuple(rules)
    trees = {} if tree is None else tree.fields
    groups: list[set[str]] = [{name} for name in {*trees, *searched}]
    for rule in rules:
        joined = [group for group in groups if not group.isdisjoint(rule.fields)]
        groups = [group for group in groups if group not in joined]
        groups.append(set(rule.fields).union(*joined))
    parts = [
        Part(
            tuple(sorted(group)),
            tuple(rule for rule in rules if not rule.fields.isdisjoint(group)),
            tuple((name, trees[name]) for name in sorted(group) if name in trees),
            words,
        )
        for group in groups
    ]
    return {name: part for part in parts for name in part.names}
