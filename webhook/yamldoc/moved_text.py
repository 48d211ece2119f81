"""The text of a key and its value in block style, as it is taken to another place.

What the author wrote inside goes along: comments, quotes, flow style. So do the comments right
above the key. Not here: the edits at both places (`editing`).
"""

import re
from dataclasses import dataclass

from webhook.yamldoc.merge_keys import Entry
from webhook.yamldoc.text_buffer import LINE_BREAK, TextBuffer

_COMMENT_LINE = re.compile(r"( *)#")
_BLANKS = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class MovedText:
    """An entry of a block mapping.

    start      where its lines begin in the text, with the comments above it
    key_start  where the line of its key begins; equal to `start` without such comments
    comments   the lines above it, unindented
    lines      its own lines, the first one from behind the key, the others unindented
    """

    start: int
    key_start: int
    comments: tuple[str, ...]
    lines: tuple[str, ...]

    def below(self, key: str, indentation: str, newline: str) -> str:
        """Return the text under another key, for a place on a line that is indented already."""
        first, *others = self.lines
        lines = (*self.comments, key + first, *others)
        return newline.join(
            (indentation if number and line else "") + line for number, line in enumerate(lines)
        )


def moved_text(buffer: TextBuffer, entry: Entry) -> MovedText | None:
    """Return the text of an entry; None if a line of it cannot be indented otherwise."""
    key, value = entry.key_node, entry.value
    column = buffer.column(key.start)
    tail = max(buffer.node_end(value), buffer.colon_end(key))
    written = buffer.text[key.end : buffer.line_end(tail)]
    first, *others = LINE_BREAK.split(written)
    lines = [_unindent(line, column) for line in others]
    if None in lines:
        return None
    key_start = start = buffer.line_start(key.start)
    comments: list[str] = []
    while buffer.starts_line(key.start) and start > 0:
        break_length = 2 if buffer.text[start - 2 : start] == "\r\n" else 1
        above = buffer.line_start(start - break_length)
        match = _COMMENT_LINE.match(buffer.text, above)
        if match is None or len(match[1]) != column:
            break
        comments.append(buffer.text[match.end() - 1 : buffer.line_end(above)])
        start = above
    return MovedText(
        start, key_start, tuple(reversed(comments)), (first, *(line or "" for line in lines))
    )


def _unindent(line: str, column: int) -> str | None:
    """Return a line without the indentation of its key; None if it is written further left."""
    blanks = _BLANKS.match(line)
    depth = 0 if blanks is None else blanks.end()
    if depth == len(line):
        return ""
    if line[depth] == "#":
        return line[min(depth, column) :]
    return line[column:] if depth >= column else None
