"""Edits in flow style and JSON, where brackets and commas say what belongs to what.

Not here: which edit an operation needs (`editing`), block style (`block_edits`).
"""

import re
from typing import Any

from webhook.documents.entries import Entry
from webhook.documents.nodes import Mapping, Node, Scalar, Sequence
from webhook.documents.page import Page, Splice
from webhook.documents.patching import equal
from webhook.documents.writing import as_json, flow, is_inline, scalar

_COMMA = re.compile(r"(?:\s|(?<=\s)#[^\r\n]*)*,")


class FlowEdits:
    """What can be done to a mapping or list that is written between brackets."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def spell(self, value: Any, indentation: str) -> str:
        """Return the text of a value; for JSON over several lines where the author does so."""
        if not self.page.json:
            return flow(value)
        return self._json(value, indentation, self._unit())

    def spell_key(self, key: str, style: str) -> str:
        """Return the text of a key."""
        return as_json(key) if self.page.json else scalar(key, style)

    def add_entry(self, mapping: Mapping, key: str, new: Any) -> list[Splice]:
        """Add a key behind the last one."""
        first, last = mapping.entries[0][0], mapping.entries[-1]
        quoted = isinstance(first, Scalar) and first.style == '"'
        name = self.spell_key(key, '"' if quoted else "")
        start = mapping.entries[-1][0].start
        spelt = self._value(new, start, quoted=quoted)
        end = max(last[0].end, self.page.tail(last[1]))
        return self._append(mapping, start, end, f"{name}: {spelt}")

    def add_item(self, sequence: Sequence, index: int, new: Any) -> list[Splice]:
        """Add an item behind the one before it, or in front of the first."""
        page, items = self.page, sequence.items
        near = items[min(index, len(items) - 1)]
        spelt = self._value(new, near.start, quoted=_is_quoted(near))
        if index == len(items):
            return self._append(sequence, near.start, page.tail(near), spelt)
        between = " "
        if page.starts_line(near.start):
            between = page.newline(near.start) + self._blanks(near.start)
        return [(near.start, near.start, f"{spelt},{between}")]

    def put_value(self, found: Entry, new: Any) -> list[Splice]:
        """Replace the value of a key."""
        page, old = self.page, found.value
        quoted = found.key.style == '"'
        spelt = self._value(new, found.key_node.start, quoted=quoted, old=old)
        if old.start < old.end:
            return [(old.start, page.tail(old), spelt)]
        # Nothing stands there: "{a}", "{a: }". The mark of nothing is the next bracket or comma.
        colon = "" if ":" in page.text[found.key_node.end : old.start] else ":"
        end = found.key_node.end if colon else page.colon(found.key_node)
        return [(end, end, f"{colon} {spelt}")]

    def put_item(self, sequence: Sequence, index: int, new: Any) -> list[Splice]:
        """Replace an item of a list."""
        old = sequence.items[index]
        spelt = self._value(new, old.start, quoted=_is_quoted(old), old=old)
        return [(old.start, self.page.tail(old), spelt)]

    def remove_entry(self, mapping: Mapping, index: int) -> list[Splice]:
        """Remove one of several keys with its value."""
        spans = [(key.start, max(key.end, self.page.tail(value))) for key, value in mapping.entries]
        return self._remove(spans, index)

    def remove_item(self, sequence: Sequence, index: int) -> list[Splice]:
        """Remove one of several items."""
        return self._remove([(item.start, self.page.tail(item)) for item in sequence.items], index)

    def wrap(self, node: Node, old: Any, new: Any) -> list[Splice] | None:
        """Turn a mapping into a list that holds just it; None if `new` is not that list."""
        if not isinstance(node, Mapping) or node.tag is not None or not equal(new, [old]):
            return None
        return [(node.start, node.start, "["), (node.end, node.end, "]")]

    def _append(
        self, container: Mapping | Sequence, last_start: int, end: int, spelt: str
    ) -> list[Splice]:
        """Put a piece behind the last one, which begins at `last_start` and ends at `end`."""
        page = self.page
        closing = container.end - 1
        match = _COMMA.match(page.text, end)
        trailing = match is not None and match.end() <= closing
        if not page.starts_line(last_start) or page.line_end(end) > closing:
            return [(end, end, f", {spelt}")]
        # One a line. Behind the comma there may be a comment, which stays where it is.
        line_end = page.line_end(match.end() if match is not None and trailing else end)
        line = page.newline(end) + self._blanks(last_start) + spelt
        if trailing:
            return [(line_end, line_end, line + ",")]
        return [(end, end, ","), (line_end, line_end, line)]

    def _remove(self, spans: list[tuple[int, int]], index: int) -> list[Splice]:
        page = self.page
        start, end = spans[index]
        if index + 1 < len(spans):
            follower = spans[index + 1][0]
            if page.starts_line(start) and page.starts_line(follower):
                return [(page.line_start(start), page.next_line(self._behind_comma(end)), "")]
            return [(start, follower, "")]
        before = spans[index - 1][1]
        comma = self._behind_comma(before)
        alone = page.starts_line(start) and page.line_start(start) >= comma
        if alone and not page.text[end : page.line_end(end)].strip():
            return [
                (comma - 1, comma, ""),
                (page.line_start(start), page.next_line(end), ""),
            ]
        return [(before, end, "")]

    def _behind_comma(self, offset: int) -> int:
        match = _COMMA.match(self.page.text, offset)
        return offset if match is None else match.end()

    def _value(self, new: Any, start: int, *, quoted: bool, old: Node | None = None) -> str:
        """Return the text of a value that belongs to what starts at `start`."""
        page = self.page
        if page.json:
            unit = self._unit() if page.starts_line(start) else None
            return self._json(new, self._blanks(start), unit)
        if isinstance(old, Scalar) and is_inline(new):
            return scalar(new, old.style if old.style in ("'", '"') else "")
        return as_json(new) if quoted else flow(new)

    def _json(self, value: Any, indentation: str, unit: str | None) -> str:
        if unit is None or is_inline(value):
            return as_json(value)
        newline = self.page.newline(0)
        return as_json(value, indent=unit, newline=newline + indentation)

    def _blanks(self, offset: int) -> str:
        """Return the blanks, spaces or tabs, that the line of an offset begins with."""
        line = self.page.text[self.page.line_start(offset) : offset].lstrip("\ufeff")
        return line[: len(line) - len(line.lstrip(" \t"))]

    def _unit(self) -> str | None:
        """Return what one level of a JSON text is indented by; None if it is on one line."""
        page, root = self.page, self.page.root
        if not isinstance(root, Mapping) or not root.entries:
            return None
        first = root.entries[0][0].start
        if not page.starts_line(first):
            return None
        return self._blanks(first)[len(self._blanks(root.start)) :] or None


def _is_quoted(node: Node) -> bool:
    return isinstance(node, Scalar) and node.style == '"'
