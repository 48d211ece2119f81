"""The text that is being edited: lines, indentation, the author's habits, splices.

Not here: any decision about what to write (`edit_block`, `edit_flow`).
"""

import re
from collections.abc import Iterable
from typing import TypeAlias

from webhook.errors import GraphgateError
from webhook.yamldoc.document import Document
from webhook.yamldoc.emitter import YamlStyle
from webhook.yamldoc.nodes import Mapping, Node, Sequence, node_end, walk_nodes

TextEdit: TypeAlias = tuple[int, int, str]
"""Start and end of what goes, and what comes instead."""

LINE_BREAK = re.compile(r"\r\n|\n|\r")
_COLON = re.compile(r"\s*:")
_WORD = re.compile(r"\S+")
_BLANKS_AND_COMMENTS = re.compile(r"(?:[ \t\r\n]+|(?<=[ \t\r\n])#[^\r\n]*)*")


class UneditableTextError(GraphgateError):
    """Text in which a fix cannot be made; the sentence says why. Nothing was changed."""


class AnchoredTextError(UneditableTextError):
    """A place that an anchor, an alias or "<<" shares with others, which the fix is not about."""


class TextBuffer:
    """One text, and one document in it."""

    def __init__(self, document: Document) -> None:
        self.text = document.source.text
        self.json = document.is_json
        self.root = document.node

    def apply_edits(self, edits: Iterable[TextEdit]) -> str:
        """Return the text with all splices made.

        They may not overlap; several at one offset come out in the order in which they are given.
        """
        pieces: list[str] = []
        offset = 0
        for start, end, new in sorted(edits, key=lambda splice: splice[0]):
            pieces += (self.text[offset:start], new)
            offset = max(offset, end)
        return "".join((*pieces, self.text[offset:]))

    def node_end(self, node: Node) -> int:
        """Return where the last character that is written for a node ends."""
        return node_end(node, self.text)

    def line_start(self, offset: int) -> int:
        """Return where the line of an offset begins."""
        return max(self.text.rfind("\n", 0, offset), self.text.rfind("\r", 0, offset)) + 1

    def line_end(self, offset: int) -> int:
        """Return where the line of an offset ends, before its line break."""
        match = LINE_BREAK.search(self.text, offset)
        return len(self.text) if match is None else match.start()

    def next_line(self, offset: int) -> int:
        """Return where the next line begins; the end of the text if there is none."""
        match = LINE_BREAK.search(self.text, offset)
        return len(self.text) if match is None else match.end()

    def column(self, offset: int) -> int:
        """Return how many characters are on the line before an offset."""
        start = self.line_start(offset)
        mark = 1 if start == 0 and self.text.startswith("\ufeff") else 0
        return offset - start - mark

    def indentation(self, offset: int) -> str:
        """Return the spaces that put a new line under an offset."""
        return " " * self.column(offset)

    def starts_line(self, offset: int) -> bool:
        """Whether only blanks are on the line before an offset."""
        return not self.text[self.line_start(offset) : offset].strip(" \t\ufeff")

    def colon_end(self, key: Node) -> int:
        """Return the offset behind the colon of a key."""
        match = _COLON.match(self.text, key.end)
        if match is None:
            raise UneditableTextError("this key has no colon")
        return match.end()

    def dash_offset(self, sequence: Sequence, index: int) -> int:
        """Return the offset of the dash of an item of a block list."""
        start = self.node_end(sequence.items[index - 1]) if index else self.first_dash(sequence)
        match = _BLANKS_AND_COMMENTS.match(self.text, start)
        offset = start if match is None else match.end()
        if self.text[offset : offset + 1] != "-":
            raise UneditableTextError(
                "this list is written in a way that cannot be changed in place"
            )
        return offset

    def first_dash(self, sequence: Sequence) -> int:
        """Return where a block list begins, behind an anchor or tag that it may have."""
        offset = sequence.start
        while self.text[offset : offset + 1] in ("&", "!"):
            word = _WORD.match(self.text, offset)
            offset = self.skip_blanks(offset if word is None else word.end())
        return offset

    def skip_blanks(self, offset: int) -> int:
        """Return the next offset at which neither blank nor comment is."""
        match = _BLANKS_AND_COMMENTS.match(self.text, offset)
        return offset if match is None else match.end()

    def newline(self, offset: int) -> str:
        """Return the line break that is used around an offset."""
        match = LINE_BREAK.search(self.text, offset) or LINE_BREAK.search(self.text)
        return "\n" if match is None else match[0]

    def detect_style(self, offset: int) -> YamlStyle:
        """Return how the author indents, from the first example of each habit in the document."""
        indent = sequence_indent = None
        for node in sorted(walk_nodes(self.root), key=lambda node: node.start):
            if not isinstance(node, Mapping) or node.flow:
                continue
            for key, value in node.entries:
                if (
                    "\n" not in self.text[key.end : value.start]
                    and "\r" not in self.text[key.end : value.start]
                ):
                    continue
                depth = self.column(value.start) - self.column(key.start)
                if isinstance(value, Mapping) and not value.flow and indent is None:
                    indent = depth
                if isinstance(value, Sequence) and not value.flow and sequence_indent is None:
                    sequence_indent = depth
        return YamlStyle(max(indent or 2, 1), max(sequence_indent or 0, 0), self.newline(offset))
