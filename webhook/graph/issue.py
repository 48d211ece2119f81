"""What is wrong with a file of the operator's: settings, facts, policies, exceptions, tests."""

import copy
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self

from webhook.graph.path import Path, resolve_path


class TextPosition(Protocol):
    """A place in a text; both count from 1."""

    @property
    def line(self) -> int: ...  # noqa: D102 — above

    @property
    def column(self) -> int: ...  # noqa: D102 — above


class Issue(NamedTuple):
    """One error in a file.

    path        its place
    message     one sentence that names the place and the value
    depends_on  paths that it depends on; if one of them cannot be read, it is unknown whether this
                is an error
    """

    path: Path
    message: str
    depends_on: tuple[Path, ...] = ()

    def follows_from(self, unreadable: Collection[Path]) -> bool:
        """Return whether a place that it depends on, its own included, cannot be read."""
        return any(
            path[:depth] in unreadable
            for path in (self.path, *self.depends_on)
            for depth in range(len(path) + 1)
        )


class ReadableDocument(NamedTuple):
    """What can be read of a document of which its schema refuses some places.

    value       the document without them: a key is left out, an item that is not a mapping is an
                empty one, all others stay where they are; a required key may be missing
    issues      all that is wrong
    unreadable  the places
    """

    value: Any
    issues: tuple[Issue, ...] = ()
    unreadable: frozenset[Path] = frozenset()

    @classmethod
    def without(
        cls,
        document: dict[str, Any],
        issues: Iterable[Issue],
        unreadable: Iterable[Path],
        misspelled: Iterable[Path],
    ) -> Self:
        """Return what is left of a document without the places that cannot be read.

        misspelled  places that are written under another name: they are not missing, too
        """
        value, elsewhere = copy.deepcopy(document), frozenset(misspelled)
        paths = elsewhere.union(unreadable)
        for path in paths:
            _remove(value, path)
        known = (issue for issue in issues if issue.path not in elsewhere)
        return cls(value, tuple(dict.fromkeys(known)), paths)

    def with_issues(self, found: Iterable[Issue]) -> Self:
        """Return it with further issues, found in `value`, but for those of unreadable places."""
        known = (issue for issue in found if not issue.follows_from(self.unreadable))
        return self._replace(issues=(*self.issues, *known))


def _remove(value: Any, path: Path) -> None:
    try:
        parent = resolve_path(value, path.parent)
    except LookupError:
        return  # it went with what it was in
    last = path[-1]
    if isinstance(parent, list) and isinstance(last, int):
        parent[last] = {}
    else:
        parent.pop(last, None)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document of the operator's comes from.

    name    how sentences call it
    locate  returns where a place is in its text; None: it has none
    issues  errors of its text: a key that is written twice
    """

    name: str
    locate: Callable[[Path], TextPosition] | None = None
    issues: tuple[Issue, ...] = ()

    def describe(self, issues: Iterable[Issue]) -> list[str]:
        """Return a line for each issue, its own included, in the order of the text.

        Example:
            'settings.yaml:4:3: unknown key rulez; did you mean "rules"?'
        """
        each = dict.fromkeys((*self.issues, *issues))
        if self.locate is None:
            return [f"{self.name}: {issue.message}" for issue in each]
        placed = [(self.locate(issue.path), issue.message) for issue in each]
        placed.sort(key=lambda one: (one[0].line, one[0].column))
        return [f"{self.name}:{at.line}:{at.column}: {message}" for at, message in placed]
