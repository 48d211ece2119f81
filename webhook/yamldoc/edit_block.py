"""Edits in block style, where indentation says what belongs to what.

Not here: which edit an operation needs (`editing`), flow style and JSON (`edit_flow`).
"""

import re
from dataclasses import replace
from typing import Any

from webhook.yamldoc.constructor import construct_value, split_at_repeats
from webhook.yamldoc.emitter import emit_block, emit_block_item, emit_scalar, is_inline
from webhook.yamldoc.json_patch import json_equal
from webhook.yamldoc.merge_keys import Entry
from webhook.yamldoc.nodes import Alias, Mapping, Node, Scalar, Sequence
from webhook.yamldoc.text_buffer import TextBuffer, TextEdit, UneditableTextError

_COMMENT_LINE = re.compile(r"( *)#")


class BlockEditor:
    """What can be done to a mapping or list that is written in block style."""

    def __init__(self, buffer: TextBuffer) -> None:
        self.buffer = buffer

    def format_value(self, value: Any, indentation: str) -> str:
        """Return the text of a value whose first line is at the indentation already."""
        style = self.buffer.detect_style(0)
        return (style.newline + indentation).join(emit_block(value, style))

    def format_key(self, key: str, style: str) -> str:
        """Return the text of a key."""
        return emit_scalar(key, style)

    def add_entry(self, mapping: Mapping, key: str, new: Any) -> list[TextEdit]:
        """Add a key below the last one, with the same indentation."""
        buffer = self.buffer
        end = buffer.line_end(buffer.node_end(mapping))
        lines = emit_block({key: new}, buffer.detect_style(end))
        return [
            (
                end,
                end,
                self._lines_below(end, lines, buffer.indentation(mapping.entries[0][0].start)),
            )
        ]

    def add_item(self, sequence: Sequence, index: int, new: Any) -> list[TextEdit]:
        """Add an item below the one before it, or in front of the first."""
        buffer = self.buffer
        dash = buffer.dash_offset(sequence, 0)
        indentation = buffer.indentation(dash)
        lines = emit_block_item(new, buffer.detect_style(dash))
        if index == 0:
            newline = buffer.newline(dash)
            return [(dash, dash, "".join(line + newline + indentation for line in lines))]
        end = buffer.line_end(buffer.node_end(sequence.items[index - 1]))
        return [(end, end, self._lines_below(end, lines, indentation))]

    def replace_value(self, entry: Entry, new: Any) -> list[TextEdit]:
        """Replace the value of a key."""
        buffer, old = self.buffer, entry.value
        after, tail = buffer.colon_end(entry.key_node), buffer.node_end(old)
        line_end = buffer.line_end(after)
        below = old.start > line_end or _is_block(old)
        if is_inline(new) and not below:
            return [self._replace_inline(after, old, new)]
        start = line_end if old.start > line_end else after
        if is_inline(new):
            new_text = f" {emit_scalar(new)}"
            if start == after:
                return [(after, buffer.line_end(tail), new_text)]
            return [(after, after, new_text), (line_end, buffer.line_end(tail), "")]
        style = buffer.detect_style(after)
        extra_indent = style.indent if isinstance(new, dict) else style.sequence_indent
        indentation = buffer.indentation(entry.key_node.start) + " " * extra_indent
        lines = self._lines_below(after, emit_block(new, style), indentation)
        if below:
            return [(start, buffer.line_end(tail), lines)]
        end = buffer.line_end(tail)
        return [(after, tail, ""), (end, end, lines)]

    def replace_item(self, sequence: Sequence, index: int, new: Any) -> list[TextEdit]:
        """Replace an item of a list."""
        buffer, old = self.buffer, sequence.items[index]
        after = buffer.dash_offset(sequence, index) + 1
        tail = buffer.node_end(old)
        if is_inline(new) and not _is_block(old):
            return [self._replace_inline(after, old, new)]
        same_line = old.start < tail and old.start <= buffer.line_end(after)
        start = old.start if same_line else after
        column = buffer.column(old.start) if same_line else buffer.column(after) + 1
        first, *others = emit_block(new, buffer.detect_style(after))
        edits = [(start, tail, first if same_line else f" {first}")]
        if others:
            end = buffer.line_end(tail)
            edits.append((end, end, self._lines_below(end, others, " " * column)))
        return edits

    def remove_entry(self, mapping: Mapping, index: int) -> list[TextEdit]:
        """Remove one of several keys, with its value and the comment behind it."""
        key, value = mapping.entries[index]
        last = value if value.end > key.end else key
        follower = mapping.entries[index + 1][0].start if index + 1 < len(mapping.entries) else None
        return self._remove_text(
            key.start, max(self.buffer.node_end(last), self.buffer.colon_end(key)), follower
        )

    def remove_item(self, sequence: Sequence, index: int) -> list[TextEdit]:
        """Remove one of several items, with the comment behind it."""
        buffer = self.buffer
        start = buffer.dash_offset(sequence, index)
        follower = (
            buffer.dash_offset(sequence, index + 1) if index + 1 < len(sequence.items) else None
        )
        return self._remove_text(
            start, max(buffer.node_end(sequence.items[index]), start + 1), follower
        )

    def wrap_in_list(self, node: Node, old: Any, new: Any) -> list[TextEdit] | None:
        """Turn a mapping into a list that holds just it, by a dash and two spaces a line.

        A mapping whose keys are written twice becomes a list of its parts. None if `new` is not
        that list.
        """
        if not isinstance(node, Mapping) or node.tag is not None:
            return None
        parts = [[*node.entries]] if json_equal(new, [old]) else split_at_repeats(node)
        if len(parts) > 1 and not json_equal(
            new, [construct_value(replace(node, entries=part)) for part in parts]
        ):
            return None
        if len(parts) == 1 and not json_equal(new, [old]):
            return None
        return self._dash_edits(node, {part[0][0].start for part in parts if part})

    def split_items(self, node: Node, old: Any, new: Any) -> list[TextEdit] | None:
        """Put the dashes that are missing in a list, where the keys of an item come again.

        None if `new` is not the list with some of its items split there.
        """
        if not isinstance(node, Sequence) or type(new) is not list or len(new) <= len(old):
            return None
        edits: list[TextEdit] = []
        place = 0
        for index, item in enumerate(node.items):
            if place < len(new) and json_equal(new[place], old[index]):
                place += 1
                continue
            if not isinstance(item, Mapping) or item.flow or item.tag is not None:
                return None
            parts = split_at_repeats(item)
            values = [construct_value(replace(item, entries=part)) for part in parts]
            if len(parts) == 1 or not json_equal(new[place : place + len(parts)], values):
                return None
            place += len(parts)
            dash = self.buffer.column(self.buffer.dash_offset(node, index))
            for part in parts[1:]:
                key = part[0][0].start
                start = key - self.buffer.column(key) + dash
                edits.append((start, key, "-".ljust(key - start)))
        return edits if place == len(new) else None

    def _dash_edits(self, node: Mapping, starts: set[int]) -> list[TextEdit] | None:
        """Return the edits that put a dash before the keys at `starts`, two spaces elsewhere."""
        buffer = self.buffer
        if node.flow:
            if len(starts) > 1:
                return None
            return [(node.start, node.start, "["), (node.end, node.end, "]")]
        first, tail = node.entries[0][0].start, buffer.node_end(node)
        edits = [(first, first, "- ")]
        line = buffer.next_line(first)
        while line < len(buffer.text):
            if line > tail and not self._is_comment(line, buffer.column(first)):
                break
            if buffer.line_end(line) > line:
                start = line + len(buffer.indentation(first))
                is_start = start in starts
                edits.append((start, start, "- ") if is_start else (line, line, "  "))
            line = buffer.next_line(line)
        return edits

    def _is_comment(self, line: int, column: int) -> bool:
        """Whether a comment stands alone on a line, not further left than `column`."""
        match = _COMMENT_LINE.match(self.buffer.text, line)
        return match is not None and len(match[1]) >= column

    def _lines_below(self, offset: int, lines: list[str], indentation: str) -> str:
        newline = self.buffer.newline(offset)
        return "".join(newline + indentation + line for line in lines)

    def _replace_inline(self, after: int, old: Node, new: Any) -> TextEdit:
        """Replace one scalar, alias or flow collection by something that fits on its line."""
        if old.start == old.end:
            return after, after, f" {emit_scalar(new)}"
        style = old.style if isinstance(old, Scalar) else ""
        new_text = emit_scalar(new, style if style in ("'", '"') else "")
        return old.start, self.buffer.node_end(old), new_text

    def _remove_text(self, start: int, tail: int, follower: int | None) -> list[TextEdit]:
        buffer = self.buffer
        if buffer.starts_line(start):
            return [(buffer.line_start(start), buffer.next_line(tail), "")]
        # It follows a dash on its line, which must stay: "- name: a".
        if follower is None:
            raise UneditableTextError("this text cannot be changed in place")
        if buffer.line_start(follower) <= buffer.next_line(tail):
            return [(start, follower, "")]
        # Comments are between; they stay, and so does the line with the dash.
        before = buffer.text[buffer.line_start(start) : start]
        return [(start - len(before) + len(before.rstrip()), buffer.line_end(tail), "")]


def _is_block(node: Node) -> bool:
    return not isinstance(node, (Scalar, Alias)) and not node.flow
