"""One place in a document, with its spellings."""

import json
import re
from collections.abc import Iterable
from typing import Any, Self

Segment = str | int

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


def escape_pointer_token(key: str) -> str:
    """Return a key as it is in a JSON Pointer (RFC 6901, 3)."""
    return key.replace("~", "~0").replace("/", "~1")


def unescape_pointer_token(token: str) -> str:
    """Return the key that a part of a JSON Pointer names."""
    return token.replace("~1", "/").replace("~0", "~") if "~" in token else token


class Path(tuple[Segment, ...]):
    """The keys and indices that lead from the root of a document to one place in it.

    str(path)      spec.predictors[0].graph.children[1].name      for people
    path.pointer   /spec/predictors/0/graph/children/1/name       for patches (RFC 6901)

    The third spelling, line and column, needs the text: `documents.Document.position(path)`.
    A key that is not a plain word is quoted: metadata.annotations["seldon.io/no-engine"].
    The root is spelled "(document)" for people and "" as a pointer.
    """

    __slots__ = ()

    def __truediv__(self, segment: Segment) -> "Path":
        """Return the place one step further down."""
        return Path(self + (segment,))  # noqa: RUF005 — half the time of (*self, segment)

    def join(self, segments: Iterable[Segment]) -> "Path":
        """Return the place several steps further down."""
        return Path(self + tuple(segments))

    @property
    def parent(self) -> "Path":
        """The place one step up; the root is its own parent."""
        return Path(self[:-1])

    @property
    def pointer(self) -> str:
        """The JSON Pointer (RFC 6901)."""
        return "".join(
            f"/{s}" if isinstance(s, int) else "/" + escape_pointer_token(s) for s in self
        )

    @classmethod
    def from_pointer(cls, pointer: str, document: Any) -> Self:
        """Return the Path of a JSON Pointer; `document` distinguishes list indices from keys.

        A last "-" of a list (RFC 6902's "after the last element") becomes its length.
        """
        segments: list[Segment] = []
        value = document
        for token in pointer.split("/")[1:]:
            key = unescape_pointer_token(token)
            if isinstance(value, list):
                index = len(value) if key == "-" else int(key)
                segments.append(index)
                value = value[index] if index < len(value) else None
            else:
                segments.append(key)
                value = value.get(key) if isinstance(value, dict) else None
        return cls(segments)

    def __str__(self) -> str:
        text = ""
        for segment in self:
            if isinstance(segment, int):
                text += f"[{segment}]"
            elif _PLAIN_KEY.match(segment):
                text += f".{segment}" if text else segment
            else:
                # As JSON spells it: a terminal must not obey what a key holds.
                text += f"[{json.dumps(segment, ensure_ascii=not segment.isprintable())}]"
        return text or "(document)"

    def __repr__(self) -> str:
        return f"Path({str(self)!r})"


Trail = tuple[Any, Segment] | None
"""The way to a value, backwards: (trail of what holds it, key or index); None: the document itself.
Where each value is visited, a Path for each would cost its depth each time."""


def build_trail_path(trail: Trail) -> Path:
    """Return the Path of a trail."""
    segments: list[Segment] = []
    while trail is not None:
        trail, segment = trail
        segments.append(segment)
    return Path(reversed(segments))


ROOT = Path()
"""The document itself."""

PREDICTORS_PATH = ROOT / "spec" / "predictors"


def resolve_path(document: Any, path: Iterable[Segment]) -> Any:
    """Return the value at `path`; raise LookupError if the document has no such place."""
    value = document
    for segment in path:
        expected_type = list if isinstance(segment, int) else dict
        if not isinstance(value, expected_type):
            raise LookupError(segment)  # noqa: TRY004 — the document lacks the place
        value = value[segment]  # type: ignore[index]
    return value


def has_path(document: Any, path: Iterable[Segment]) -> bool:
    """Return whether a document has a place."""
    try:
        resolve_path(document, path)
    except LookupError:
        return False
    return True


def nearest_existing_path(document: Any, path: Path) -> Path:
    """Return `path` if the document has it, else its nearest ancestor that is there."""
    value = document
    for depth, segment in enumerate(path):
        try:
            value = resolve_path(value, (segment,))
        except LookupError:
            return Path(path[:depth])
    return path
