"""Edits in flow style and JSON, where brackets and commas say what belongs to what.

Not here: which edit an operation needs (`editing`), block style (`edit_block`).
"""

import re
from typing import Any

from webhook.yamldoc.emitter import emit_flow, emit_json, emit_scalar, is_inline
from webhook.yamldoc.json_patch import json_equal
from webhook.yamldoc.merge_keys import Entry
from webhook.yamldoc.nodes import Mapping, Node, Scalar, Sequence
from webhook.yamldoc.text_buffer import TextBuffer, TextEdit

_COMMA = re.compile(r"(?:\s|(?<=\s)#[^\r\n]*)*,")


class FlowEditor:
    """What can be done to a mapping or list that is written between brackets."""

    def __init__(self, buffer: TextBuffer) -> None:
        self.buffer = buffer

    def format_value(self, value: Any, indentation: str) -> str:
        """Return the text of a value; for JSON over several lines where the author does so."""
        if not self.buffer.json:
            return emit_flow(value)
        return self._format_json(value, indentation, self._indent_unit())

    def format_key(self, key: str, style: str) -> str:
        """Return the text of a key."""
        return emit_json(key) if self.buffer.json else emit_scalar(key, style)

    def add_entry(self, mapping: Mapping, key: str, new: Any) -> list[TextEdit]:
        """Add a key behind the last one."""
        first, last = mapping.entries[0][0], mapping.entries[-1]
        quoted = isinstance(first, Scalar) and first.style == '"'
        name = self.format_key(key, '"' if quoted else "")
        start = mapping.entries[-1][0].start
        new_text = self._format_value(new, start, quoted=quoted)
        end = max(last[0].end, self.buffer.node_end(last[1]))
        return self._append_text(mapping, start, end, f"{name}: {new_text}")

    def add_item(self, sequence: Sequence, index: int, new: Any) -> list[TextEdit]:
        """Add an item behind the one before it, or in front of the first."""
        buffer, items = self.buffer, sequence.items
        neighbour = items[min(index, len(items) - 1)]
        new_text = self._format_value(new, neighbour.start, quoted=_is_quoted(neighbour))
        if index == len(items):
            return self._append_text(
                sequence, neighbour.start, buffer.node_end(neighbour), new_text
            )
        between = " "
        if buffer.starts_line(neighbour.start):
            between = buffer.newline(neighbour.start) + self._leading_blanks(neighbour.start)
        return [(neighbour.start, neighbour.start, f"{new_text},{between}")]

    def replace_value(self, entry: Entry, new: Any) -> list[TextEdit]:
        """Replace the value of a key."""
        buffer, old = self.buffer, entry.value
        quoted = entry.key.style == '"'
        new_text = self._format_value(new, entry.key_node.start, quoted=quoted, old=old)
        if old.start < old.end:
            return [(old.start, buffer.node_end(old), new_text)]
        # Nothing is there: "{a}", "{a: }". The mark of nothing is the next bracket or comma.
        colon = "" if ":" in buffer.text[entry.key_node.end : old.start] else ":"
        end = entry.key_node.end if colon else buffer.colon_end(entry.key_node)
        return [(end, end, f"{colon} {new_text}")]

    def replace_item(self, sequence: Sequence, index: int, new: Any) -> list[TextEdit]:
        """Replace an item of a list."""
        old = sequence.items[index]
        new_text = self._format_value(new, old.start, quoted=_is_quoted(old), old=old)
        return [(old.start, self.buffer.node_end(old), new_text)]

    def remove_entry(self, mapping: Mapping, index: int) -> list[TextEdit]:
        """Remove one of several keys with its value."""
        spans = [
            (key.start, max(key.end, self.buffer.node_end(value))) for key, value in mapping.entries
        ]
        return self._remove_text(spans, index)

    def remove_item(self, sequence: Sequence, index: int) -> list[TextEdit]:
        """Remove one of several items."""
        return self._remove_text(
            [(item.start, self.buffer.node_end(item)) for item in sequence.items], index
        )

    def wrap_in_list(self, node: Node, old: Any, new: Any) -> list[TextEdit] | None:
        """Turn a mapping into a list that holds just it; None if `new` is not that list."""
        if not isinstance(node, Mapping) or node.tag is not None or not json_equal(new, [old]):
            return None
        return [(node.start, node.start, "["), (node.end, node.end, "]")]

    def split_items(self, node: Node, old: Any, new: Any) -> None:
        """Return None: in flow style, a list whose items are split is written again."""

    def _append_text(
        self, container: Mapping | Sequence, last_start: int, end: int, new_text: str
    ) -> list[TextEdit]:
        """Put a piece behind the last one, which begins at `last_start` and ends at `end`."""
        buffer = self.buffer
        closing = container.end - 1
        match = _COMMA.match(buffer.text, end)
        trailing = match is not None and match.end() <= closing
        if not buffer.starts_line(last_start) or buffer.line_end(end) > closing:
            return [(end, end, f", {new_text}")]
        # One a line. Behind the comma there may be a comment, which stays where it is.
        line_end = buffer.line_end(match.end() if match is not None and trailing else end)
        line = buffer.newline(end) + self._leading_blanks(last_start) + new_text
        if trailing:
            return [(line_end, line_end, line + ",")]
        return [(end, end, ","), (line_end, line_end, line)]

    def _remove_text(self, spans: list[tuple[int, int]], index: int) -> list[TextEdit]:
        buffer = self.buffer
        start, end = spans[index]
        if index + 1 < len(spans):
            follower = spans[index + 1][0]
            if buffer.starts_line(start) and buffer.starts_line(follower):
                return [(buffer.line_start(start), buffer.next_line(self._after_comma(end)), "")]
            return [(start, follower, "")]
        before = spans[index - 1][1]
        comma = self._after_comma(before)
        alone = buffer.starts_line(start) and buffer.line_start(start) >= comma
        if alone and not buffer.text[end : buffer.line_end(end)].strip():
            return [
                (comma - 1, comma, ""),
                (buffer.line_start(start), buffer.next_line(end), ""),
            ]
        return [(before, end, "")]

    def _after_comma(self, offset: int) -> int:
        match = _COMMA.match(self.buffer.text, offset)
        return offset if match is None else match.end()

    def _format_value(self, new: Any, start: int, *, quoted: bool, old: Node | None = None) -> str:
        """Return the text of a value that belongs to what starts at `start`."""
        buffer = self.buffer
        if buffer.json:
            unit = self._indent_unit() if buffer.starts_line(start) else None
            return self._format_json(new, self._leading_blanks(start), unit)
        if isinstance(old, Scalar) and is_inline(new):
            return emit_scalar(new, old.style if old.style in ("'", '"') else "")
        return emit_json(new) if quoted else emit_flow(new)

    def _format_json(self, value: Any, indentation: str, unit: str | None) -> str:
        if unit is None or is_inline(value):
            return emit_json(value)
        newline = self.buffer.newline(0)
        return emit_json(value, indent=unit, newline=newline + indentation)

    def _leading_blanks(self, offset: int) -> str:
        """Return the blanks, spaces or tabs, that the line of an offset begins with."""
        line = self.buffer.text[self.buffer.line_start(offset) : offset].lstrip("\ufeff")
        return line[: len(line) - len(line.lstrip(" \t"))]

    def _indent_unit(self) -> str | None:
        """Return what one level of a JSON text is indented by; None if it is on one line."""
        buffer, root = self.buffer, self.buffer.root
        if not isinstance(root, Mapping) or not root.entries:
            return None
        first = root.entries[0][0].start
        if not buffer.starts_line(first):
            return None
        return self._leading_blanks(first)[len(self._leading_blanks(root.start)) :] or None


def _is_quoted(node: Node) -> bool:
    return isinstance(node, Scalar) and node.style == '"'
