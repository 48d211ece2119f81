"""Objects with the places where they were written.

Here: from files to Sources, and from a place in an expression to line and column.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from webhook.documents import Document, Reading
from webhook.documents.entries import entry
from webhook.documents.nodes import Mapping, Node, Scalar, Sequence, target
from webhook.graph.path import Path

_INVISIBLE = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Source:
    """One object.

    file      what it was read from, as messages call it
    value     the object, plain data
    document  its positions; None for an object that came from the cluster
    """

    file: str
    value: Any
    document: Document | None = field(default=None, repr=False, compare=False)

    def position(self, path: Path, offset: int | None = None) -> tuple[int, int]:
        """Return line and column of a place, from 1; (0, 0) where there is no text.

        offset  a character of the text at that place, for a mistake within an expression
        """
        if self.document is None:
            return 0, 0
        if offset is not None:
            scalar = _scalar(self.document.node, path)
            if scalar is not None:
                return _within(self.document, scalar, offset)
        place = self.document.position(path)
        return place.line, place.column


def from_reading(file: str, reading: Reading) -> tuple[Source, ...]:
    """Return the objects of a file that was read."""
    return tuple(Source(file, document.value, document) for document in reading.documents)


def _scalar(node: Node, path: Path) -> Scalar | None:
    here = target(node)
    for segment in path:
        if isinstance(here, Mapping) and isinstance(segment, str):
            found = entry(here, segment)
            if found is None:
                return None
            here = target(found.value)
        elif isinstance(here, Sequence) and isinstance(segment, int) and segment < len(here.items):
            here = target(here.items[segment])
        else:
            return None
    return here if isinstance(here, Scalar) else None


def _within(document: Document, scalar: Scalar, offset: int) -> tuple[int, int]:
    """Return where in the file a character of a scalar stands.

    YAML folds and indents lines, so blanks do not count: the n-th visible character of the value
    is the n-th visible one of the text.
    """
    text = document.source.text
    wanted = len(_INVISIBLE.sub("", scalar.text[:offset]))
    last = scalar.start
    for at in _visible(text, scalar):
        last = at
        if wanted == 0:
            return document.source.place(at)
        wanted -= 1
    return document.source.place(last)


def _visible(text: str, scalar: Scalar) -> Iterator[int]:
    """Yield the offset of each visible character of a scalar's value in the text."""
    at, end = scalar.start, scalar.end
    if scalar.style in ("|", ">"):
        at = _line_end(text, at)  # the header: "|2-  # comment"
        yield from (n for n in range(at, end) if not text[n].isspace())
        return
    if scalar.style == "":
        yield from (n for n in range(at, end) if not text[n].isspace())
        return
    at = text.index(scalar.style, at) + 1
    steps = _STEPS[scalar.style]
    while at < end - 1:
        width, visible = steps(text, at)
        if visible:
            yield at
        at += width


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def _in_single_quotes(text: str, at: int) -> tuple[int, bool]:
    return (2, True) if text.startswith("''", at) else (1, not text[at].isspace())


_ESCAPES = {"x": 4, "u": 6, "U": 10}


def _in_double_quotes(text: str, at: int) -> tuple[int, bool]:
    if text[at] != "\\":
        return 1, not text[at].isspace()
    letter = text[at + 1 : at + 2]
    return _ESCAPES.get(letter, 2), letter not in "ntrvfN_LP \t\n\r"


_STEPS: dict[str, Callable[[str, int], tuple[int, bool]]] = {
    "'": _in_single_quotes,
    '"': _in_double_quotes,
}
