"""Edits in block style, where indentation says what belongs to what.

Not here: which edit an operation needs (`editing`), flow style and JSON (`flow_edits`).
"""

import re
from typing import Any

from webhook.documents.entries import Entry
from webhook.documents.nodes import Alias, Mapping, Node, Scalar, Sequence
from webhook.documents.page import Page, Splice, UneditableText
from webhook.documents.patching import equal
from webhook.documents.writing import block, block_item, is_inline, scalar

_COMMENT_LINE = re.compile(r"( *)#")


class BlockEdits:
    """What can be done to a mapping or list that is written in block style."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def spell(self, value: Any, indentation: str) -> str:
        """Return the text of a value whose first line stands at the indentation already."""
        layout = self.page.layout(0)
        return (layout.newline + indentation).join(block(value, layout))

    def spell_key(self, key: str, style: str) -> str:
        """Return the text of a key."""
        return scalar(key, style)

    def add_entry(self, mapping: Mapping, key: str, new: Any) -> list[Splice]:
        """Add a key below the last one, with the same indentation."""
        page = self.page
        end = page.line_end(page.tail(mapping))
        lines = block({key: new}, page.layout(end))
        return [(end, end, self._below(end, lines, page.indentation(mapping.entries[0][0].start)))]

    def add_item(self, sequence: Sequence, index: int, new: Any) -> list[Splice]:
        """Add an item below the one before it, or in front of the first."""
        page = self.page
        dash = page.dash(sequence, 0)
        indentation = page.indentation(dash)
        lines = block_item(new, page.layout(dash))
        if index == 0:
            newline = page.newline(dash)
            return [(dash, dash, "".join(line + newline + indentation for line in lines))]
        end = page.line_end(page.tail(sequence.items[index - 1]))
        return [(end, end, self._below(end, lines, indentation))]

    def put_value(self, found: Entry, new: Any) -> list[Splice]:
        """Replace the value of a key."""
        page, old = self.page, found.value
        after, tail = page.colon(found.key_node), page.tail(old)
        line_end = page.line_end(after)
        below = old.start > line_end or _is_block(old)
        if is_inline(new) and not below:
            return [self._inline(after, old, new)]
        start = line_end if old.start > line_end else after
        if is_inline(new):
            spelt = f" {scalar(new)}"
            if start == after:
                return [(after, page.line_end(tail), spelt)]
            return [(after, after, spelt), (line_end, page.line_end(tail), "")]
        layout = page.layout(after)
        deeper = layout.step if isinstance(new, dict) else layout.dashes
        indentation = page.indentation(found.key_node.start) + " " * deeper
        lines = self._below(after, block(new, layout), indentation)
        if below:
            return [(start, page.line_end(tail), lines)]
        end = page.line_end(tail)
        return [(after, tail, ""), (end, end, lines)]

    def put_item(self, sequence: Sequence, index: int, new: Any) -> list[Splice]:
        """Replace an item of a list."""
        page, old = self.page, sequence.items[index]
        after = page.dash(sequence, index) + 1
        tail = page.tail(old)
        if is_inline(new) and not _is_block(old):
            return [self._inline(after, old, new)]
        same_line = old.start < tail and old.start <= page.line_end(after)
        start = old.start if same_line else after
        column = page.column(old.start) if same_line else page.column(after) + 1
        first, *others = block(new, page.layout(after))
        splices = [(start, tail, first if same_line else f" {first}")]
        if others:
            end = page.line_end(tail)
            splices.append((end, end, self._below(end, others, " " * column)))
        return splices

    def remove_entry(self, mapping: Mapping, index: int) -> list[Splice]:
        """Remove one of several keys, with its value and the comment behind it."""
        key, value = mapping.entries[index]
        last = value if value.end > key.end else key
        follower = mapping.entries[index + 1][0].start if index + 1 < len(mapping.entries) else None
        return self._remove(key.start, max(self.page.tail(last), self.page.colon(key)), follower)

    def remove_item(self, sequence: Sequence, index: int) -> list[Splice]:
        """Remove one of several items, with the comment behind it."""
        page = self.page
        start = page.dash(sequence, index)
        follower = page.dash(sequence, index + 1) if index + 1 < len(sequence.items) else None
        return self._remove(start, max(page.tail(sequence.items[index]), start + 1), follower)

    def wrap(self, node: Node, old: Any, new: Any) -> list[Splice] | None:
        """Turn a mapping into a list that holds just it, by a dash and two spaces a line.

        None if `new` is not that list.
        """
        if not isinstance(node, Mapping) or node.tag is not None or not equal(new, [old]):
            return None
        page = self.page
        if node.flow:
            return [(node.start, node.start, "["), (node.end, node.end, "]")]
        first, tail = node.entries[0][0].start, page.tail(node)
        splices = [(first, first, "- ")]
        line = page.next_line(first)
        while line < len(page.text):
            if line > tail and not self._is_comment(line, page.column(first)):
                break
            if page.line_end(line) > line:
                splices.append((line, line, "  "))
            line = page.next_line(line)
        return splices

    def _is_comment(self, line: int, column: int) -> bool:
        """Whether a comment stands alone on a line, not further left than `column`."""
        match = _COMMENT_LINE.match(self.page.text, line)
        return match is not None and len(match[1]) >= column

    def _below(self, offset: int, lines: list[str], indentation: str) -> str:
        newline = self.page.newline(offset)
        return "".join(newline + indentation + line for line in lines)

    def _inline(self, after: int, old: Node, new: Any) -> Splice:
        """Replace one scalar, alias or flow collection by something that fits on its line."""
        if old.start == old.end:
            return after, after, f" {scalar(new)}"
        style = old.style if isinstance(old, Scalar) else ""
        spelt = scalar(new, style if style in ("'", '"') else "")
        return old.start, self.page.tail(old), spelt

    def _remove(self, start: int, tail: int, follower: int | None) -> list[Splice]:
        page = self.page
        if page.starts_line(start):
            return [(page.line_start(start), page.next_line(tail), "")]
        # It follows a dash on its line, which must stay: "- name: a".
        if follower is None:
            raise UneditableText("this text cannot be changed in place")
        if page.line_start(follower) <= page.next_line(tail):
            return [(start, follower, "")]
        # Comments stand between; they stay, and so does the line with the dash.
        before = page.text[page.line_start(start) : start]
        return [(start - len(before) + len(before.rstrip()), page.line_end(tail), "")]


def _is_block(node: Node) -> bool:
    return not isinstance(node, (Scalar, Alias)) and not node.flow
