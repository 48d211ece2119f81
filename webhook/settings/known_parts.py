"""What rules and rows say of single fields, and the contents in which they found nothing.

Most rules on pods look at one field of a container, its resources or its probes, and these are
written in the same few ways in most objects. A value without findings is not checked again. That is
not a second implementation of the rules: it caches their results.

A field belongs here if its findings depend on nothing else: for rules that declare it
(`webhook.rules.Rule.local`), and for rows of the table, where the walk notices when one reads
something outside of the field. Whole values are compared, never digests.
"""

from collections.abc import Iterable, Iterator, Mapping
from operator import methodcaller
from typing import TYPE_CHECKING, Any, Final

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


class Part:
    """One field of a kind of object, or several that a rule reads together.

    rules  the local rules on it
    trees  the rows on it, with the name of the field that they are on
    """

    __slots__ = ("_getters", "_known", "_nothing", "names", "rules", "trees")

    def __init__(
        self,
        names: tuple[str, ...],
        rules: "tuple[EnabledRule, ...]",
        trees: "tuple[tuple[str, Tree], ...]",
    ) -> None:
        """Take the fields, and what is about them."""
        self.names = names
        self.rules = rules
        self.trees = trees
        self._getters = tuple(methodcaller("get", name) for name in names)
        self._nothing = orjson.dumps(self._content({}))
        self.forget()

    def knows(self, raws: Iterable[Mapping[str, Any]]) -> bool:
        """Tell whether nothing was found in the contents that all of these mappings have."""
        # All in C: a large object has thousands of them.
        getters = self._getters
        if len(getters) == 1:
            values: Iterator[Any] = map(getters[0], raws)
        else:
            values = zip(*[map(getter, raws) for getter in getters], strict=True)
        try:
            return self._known.issuperset(map(orjson.dumps, values))
        except TypeError:  # nested too deeply, or a number of more than 64 bits
            return False

    def _content(self, raw: Mapping[str, Any]) -> Any:
        values = [raw.get(name) for name in self.names]
        return values[0] if len(values) == 1 else values

    def remember(self, raw: Mapping[str, Any]) -> int:
        """Note that nothing was found in what a mapping has; return what that takes in bytes."""
        try:
            content = orjson.dumps(self._content(raw))
        except TypeError:  # as above
            return 0
        if len(content) > MAX_CONTENT_BYTES:
            return 0
        self._known.add(content)
        return len(content) + _ENTRY_BYTES

    def forget(self) -> None:
        """Forget everything, except that an absent field has no findings."""
        self._known: set[bytes] = {self._nothing}


class KnownParts:
    """What is known of the parts of a set of rules, within a bound."""

    def __init__(self, parts: Iterable[Part]) -> None:
        """Take all the parts."""
        self._parts = tuple(parts)
        self._of_facts = tuple(part for part in self._parts if any(r.inputs for r in part.rules))
        self._facts: Facts = NO_FACTS
        self._room = MAX_KNOWN_BYTES

    def expect(self, facts: Facts) -> None:
        """Forget what was found under other facts."""
        if facts is not self._facts:
            self._facts = facts
            for part in self._of_facts:
                part.forget()

    def remember(self, part: Part, raw: Mapping[str, Any]) -> None:
        """Note that nothing was found in a part of a mapping."""
        self._room -= part.remember(raw)
        if self._room < 0:
            self._room = MAX_KNOWN_BYTES
            for each in self._parts:
                each.forget()


def group_parts(rules: "Iterable[EnabledRule]", tree: "Tree | None") -> dict[str, Part]:
    """Return the parts of a kind of object by field; fields of one local rule are one part."""
    rules = tuple(rules)
    trees = {} if tree is None else tree.fields
    groups: list[set[str]] = [{name} for name in trees]
    for rule in rules:
        joined = [group for group in groups if not group.isdisjoint(rule.fields)]
        groups = [group for group in groups if group not in joined]
        groups.append(set(rule.fields).union(*joined))
    parts = [
        Part(
            tuple(sorted(group)),
            tuple(rule for rule in rules if not rule.fields.isdisjoint(group)),
            tuple((name, trees[name]) for name in sorted(group) if name in trees),
        )
        for group in groups
    ]
    return {name: part for part in parts for name in part.names}
