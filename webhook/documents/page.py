"""The text that is being edited: lines, indentation, the author's habits, splices.

Not here: any decision about what to write (`block_edits`, `flow_edits`).
"""

import re
from collections.abc import Iterable
from typing import TypeAlias

from webhook.documents.document import Document
from webhook.documents.nodes import Mapping, Node, Sequence, tail, walk
from webhook.documents.writing import Layout
from webhook.errors import GraphgateError

Splice: TypeAlias = tuple[int, int, str]
"""Start and end of what goes, and what comes instead."""

_BREAK = re.compile(r"\r\n|\n|\r")
_COLON = re.compile(r"\s*:")
_WORD = re.compile(r"\S+")
_BLANKS_AND_COMMENTS = re.compile(r"(?:[ \t\r\n]+|(?<=[ \t\r\n])#[^\r\n]*)*")


class UneditableText(GraphgateError):  # noqa: N818 — named by the fault, as all of ours
    """Text in which a fix cannot be made; the sentence says why. Nothing was changed."""


class SharedText(UneditableText):
    """A place that an anchor, an alias or "<<" shares with others, which the fix is not about."""


class Page:
    """One text, and one document in it."""

    def __init__(self, document: Document) -> None:
        self.text = document.source.text
        self.json = document.json
        self.root = document.node

    def apply(self, splices: Iterable[Splice]) -> str:
        """Return the text with all splices made.

        They may not overlap; several at one offset come out in the order in which they are given.
        """
        pieces: list[str] = []
        at = 0
        for start, end, new in sorted(splices, key=lambda splice: splice[0]):
            pieces += (self.text[at:start], new)
            at = max(at, end)
        return "".join((*pieces, self.text[at:]))

    def tail(self, node: Node) -> int:
        """Return where the last character that is written for a node ends."""
        return tail(node, self.text)

    def line_start(self, offset: int) -> int:
        """Return where the line of an offset begins."""
        return max(self.text.rfind("\n", 0, offset), self.text.rfind("\r", 0, offset)) + 1

    def line_end(self, offset: int) -> int:
        """Return where the line of an offset ends, before its line break."""
        match = _BREAK.search(self.text, offset)
        return len(self.text) if match is None else match.start()

    def next_line(self, offset: int) -> int:
        """Return where the next line begins; the end of the text if there is none."""
        match = _BREAK.search(self.text, offset)
        return len(self.text) if match is None else match.end()

    def column(self, offset: int) -> int:
        """Return how many characters stand on the line before an offset."""
        start = self.line_start(offset)
        mark = 1 if start == 0 and self.text.startswith("\ufeff") else 0
        return offset - start - mark

    def indentation(self, offset: int) -> str:
        """Return the spaces that put a new line under an offset."""
        return " " * self.column(offset)

    def starts_line(self, offset: int) -> bool:
        """Whether only blanks stand on the line before an offset."""
        return not self.text[self.line_start(offset) : offset].strip(" \t\ufeff")

    def colon(self, key: Node) -> int:
        """Return the offset behind the colon of a key."""
        match = _COLON.match(self.text, key.end)
        if match is None:
            raise UneditableText("this key stands without a colon")
        return match.end()

    def dash(self, sequence: Sequence, index: int) -> int:
        """Return the offset of the dash of an item of a block list."""
        start = self.tail(sequence.items[index - 1]) if index else self.first_dash(sequence)
        match = _BLANKS_AND_COMMENTS.match(self.text, start)
        found = start if match is None else match.end()
        if self.text[found : found + 1] != "-":
            raise UneditableText("this list is written in a way that cannot be changed in place")
        return found

    def first_dash(self, sequence: Sequence) -> int:
        """Return where a block list begins, behind an anchor or tag that it may have."""
        found = sequence.start
        while self.text[found : found + 1] in ("&", "!"):
            word = _WORD.match(self.text, found)
            found = self.skip(found if word is None else word.end())
        return found

    def skip(self, offset: int) -> int:
        """Return the next offset at which neither blank nor comment stands."""
        match = _BLANKS_AND_COMMENTS.match(self.text, offset)
        return offset if match is None else match.end()

    def newline(self, offset: int) -> str:
        """Return the line break that is used around an offset."""
        match = _BREAK.search(self.text, offset) or _BREAK.search(self.text)
        return "\n" if match is None else match[0]

    def layout(self, offset: int) -> Layout:
        """Return how the author indents, from the first example of each habit in the document."""
        step = dashes = None
        for node in sorted(walk(self.root), key=lambda node: node.start):
            if not isinstance(node, Mapping) or node.flow:
                continue
            for key, value in node.entries:
                if (
                    "\n" not in self.text[key.end : value.start]
                    and "\r" not in self.text[key.end : value.start]
                ):
                    continue
                deeper = self.column(value.start) - self.column(key.start)
                if isinstance(value, Mapping) and not value.flow and step is None:
                    step = deeper
                if isinstance(value, Sequence) and not value.flow and dashes is None:
                    dashes = deeper
        return Layout(max(step or 2, 1), max(dashes or 0, 0), self.newline(offset))
