"""Objects with the places where they were written.

Here: from files to Sources, and from a place in an expression to line and column.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from webhook.graph.path import Path
from webhook.yamldoc import Document, ParsedFile
from webhook.yamldoc.nodes import Scalar

_WHITESPACE = re.compile(r"\s")


@dataclass(frozen=True, slots=True, eq=False)
class SourceObject:
    """One object.

    file      what it was read from, as messages call it
    value     the object, plain data
    document  its positions; None for an object that came from the cluster
    """

    file: str
    value: Any
    document: Document | None = None

    def position(self, path: Path, offset: int | None = None) -> tuple[int, int]:
        """Return line and column of a place, from 1; (0, 0) where there is no text.

        offset  a character of the text at that place, for a mistake within an expression
        """
        if self.document is None:
            return 0, 0
        if offset is not None:
            node = self.document.find_node(path)
            if isinstance(node, Scalar):
                return _position_in_scalar(self.document, node, offset)
        location = self.document.position(path)
        return location.line, location.column


def objects_from_file(file: str, parsed: ParsedFile) -> tuple[SourceObject, ...]:
    """Return the objects of a file that was read."""
    return tuple(SourceObject(file, document.value, document) for document in parsed.documents)


def _position_in_scalar(document: Document, scalar: Scalar, offset: int) -> tuple[int, int]:
    """Return where in the file a character of a scalar is.

    YAML folds and indents lines, so blanks do not count: the n-th visible character of the value
    is the n-th visible one of the text.
    """
    text = document.source.text
    remaining = len(_WHITESPACE.sub("", scalar.text[:offset]))
    last = scalar.start
    for position in _visible_offsets(text, scalar):
        last = position
        if remaining == 0:
            return document.source.line_and_column(position)
        remaining -= 1
    return document.source.line_and_column(last)


def _visible_offsets(text: str, scalar: Scalar) -> Iterator[int]:
    """Yield the offset of each visible character of a scalar's value in the text."""
    position, end = scalar.start, scalar.end
    if scalar.style in ("|", ">"):
        header, _, _ = text[position:end].partition("\n")  # "|2-  # comment"
        yield from (n for n in range(position + len(header), end) if not text[n].isspace())
        return
    if scalar.style == "":
        yield from (n for n in range(position, end) if not text[n].isspace())
        return
    position = text.index(scalar.style, position) + 1
    steps = _QUOTED_STEPS[scalar.style]
    while position < end - 1:
        width, visible = steps(text, position)
        if visible:
            yield position
        position += width


def _single_quoted_step(text: str, offset: int) -> tuple[int, bool]:
    return (2, True) if text.startswith("''", offset) else (1, not text[offset].isspace())


_ESCAPES = {"x": 4, "u": 6, "U": 10}


def _double_quoted_step(text: str, offset: int) -> tuple[int, bool]:
    if text[offset] != "\\":
        return 1, not text[offset].isspace()
    letter = text[offset + 1 : offset + 2]
    return _ESCAPES.get(letter, 2), letter not in "ntrvfN_LP \t\n\r"


_QUOTED_STEPS: dict[str, Callable[[str, int], tuple[int, bool]]] = {
    "'": _single_quoted_step,
    '"': _double_quoted_step,
}
