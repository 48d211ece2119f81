"""What the author submitted, before anything was filled in.

Hints and fixes look here: "already there" means in what the author wrote. Not here: reading text
(`yamldoc`), and the view that rules check (`model`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from webhook.graph.path import Path, resolve_path


class AuthoredText(Protocol):
    """The text of a document, as far as its values do not say it. Read by `yamldoc.Document`."""

    def scalar_text(self, path: Path) -> str | None:
        """Return the unquoted word at `path`: "1.0" where the value is 1; None if there is none."""

    def split_mapping(self, path: Path) -> Sequence[Mapping[str, Any]]:
        """Return the mapping at `path`, a new part beginning at each key that comes again."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """The submitted document, any JSON value, and its text; None: it did not come as text."""

    document: Any
    text: AuthoredText | None = None

    def value_at(self, path: Path) -> Any:
        """Return what is at `path`; None if there is nothing."""
        try:
            return resolve_path(self.document, path)
        except LookupError:
            return None

    def scalar_text(self, path: Path) -> str | None:
        """Return how the author spelt the unquoted scalar at `path`; None if that is not known."""
        return None if self.text is None else self.text.scalar_text(path)

    def split_mapping(self, path: Path) -> Sequence[Mapping[str, Any]]:
        """Return the mapping at `path` in parts: two or more where keys are written twice."""
        return () if self.text is None else self.text.split_mapping(path)
