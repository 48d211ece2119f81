"""What is wrong with a file of the operator's: settings, facts, policies, exceptions, tests."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from webhook.graph.path import Path


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
    depends_on  other places that it follows from; where one of them cannot be read, nobody knows
                whether it is an error
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


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document of the operator's comes from.

    name    how sentences call it
    locate  returns where a place stands in its text; None: it has none
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
