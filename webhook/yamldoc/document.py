"""One document: its data, and where in the text each place of it is.

Not here: how text becomes documents (`reading`), and new text (`editing`).
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from webhook.errors import DocumentError
from webhook.graph.path import Path, Segment
from webhook.yamldoc.constructor import construct_value, find_anomalies, split_at_repeats
from webhook.yamldoc.merge_keys import find_entry
from webhook.yamldoc.nodes import (
    Alias,
    Mapping,
    Node,
    Scalar,
    Sequence,
    node_end,
    resolve_alias,
    walk_nodes,
)
from webhook.yamldoc.resolver import json_key


class SourceText:
    """The whole text that was read; turns offsets into lines and columns."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def _line_starts(self) -> list[int]:
        """The offset at which each line begins. LF, CR LF and a lone CR end a line."""
        starts, at = [0], 0
        for line in self.text.replace("\r\n", "\n\n").replace("\r", "\n").split("\n"):
            at += len(line) + 1
            starts.append(at)
        if "\r\n" not in self.text:
            return starts
        # The replacement kept every offset but made an empty line between "\r" and "\n".
        return [s for s in starts if self.text[s - 1 : s + 1] != "\r\n"]

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """Return line and column, both from 1; a column is a character, a tab or emoji too."""
        line = bisect_right(self._line_starts, offset)
        start = self._line_starts[line - 1]
        # A byte order mark is not a character of the first line to any editor.
        return line, offset - start + (0 if start == 0 and self.text[:1] == "\ufeff" else 1)

    def line_end(self, offset: int) -> int:
        """Return the offset at which the line of `offset` ends, its line break not counted in."""
        ends = [
            end for end in (self.text.find("\n", offset), self.text.find("\r", offset)) if end >= 0
        ]
        return min(ends, default=len(self.text))

    def position(self, start: int, end: int) -> "Position":
        """Return the Position of a stretch of text, cut off at the end of its first line."""
        line, column = self.line_and_column(start)
        end = min(end, self.line_end(start))
        return Position(line, column, max(column + end - start, column + 1))


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A mark under one line of the text, to be drawn as `^^^^`.

    line    from 1
    column  from 1, in characters, of the first marked one
    end     the column behind the last marked one; at least column + 1
    """

    line: int
    column: int
    end: int


@dataclass(frozen=True, slots=True)
class YamlWarning:
    """What kubectl ignores in silence, and a careful reader would not.

    kind      "duplicate-key", "overwritten-by-merge", "unknown-tag" or "typographic-quotes"
    path      the place that is odd
    message   one sentence as in a Finding: lower case, no full stop
    position  where it is
    earlier   for the first two kinds: where the key is that is overwritten
    """

    kind: str
    path: Path
    message: str
    position: Position
    earlier: Position | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One object of a file.

    value   plain data as the API server receives it from kubectl: dict, list, str, int, float,
            bool, None. Belongs to the caller, who copies before changing.
    index   its number in `Reading.documents`, from 0
    prefix  where it is in what was written: empty, or items[3] of a List; every Path given
            to or got from this class starts below it

    The rest is for `editing`: the tree, the text, whether it is JSON, from where to where in the
    text its part of the stream reaches, and its number in that part.
    """

    value: Any
    index: int
    prefix: Path = field(default=Path(), kw_only=True)
    node: Node = field(repr=False, compare=False, kw_only=True)
    source: SourceText = field(repr=False, compare=False, kw_only=True)
    is_json: bool = field(repr=False, compare=False, kw_only=True)
    span: tuple[int, int] = field(repr=False, compare=False, kw_only=True)
    index_in_span: int = field(repr=False, compare=False, kw_only=True)

    def position(self, path: Iterable[Segment] = (), *, at_key: bool = False) -> Position:
        """Return the mark for a place: what a compiler would underline; at_key: always the key.

        A scalar of a mapping is marked itself; a mapping, a list, a null that is not written out
        and a block of text ("|") by their key; an item of a list from its start to the end of its
        first line. A place that is missing is marked by its nearest ancestor that is there.
        What an alias or a merge brings in is marked where it is written, at the anchor; a scalar
        that is itself an alias, by its key.
        """
        key: Node | None = None
        node = self.node
        for segment in path:
            child = _child(node, segment)
            if child is None:
                break
            key, node = child
        if at_key and key is not None:
            return self.source.position(key.start, key.end)
        return self._mark(key, node)

    def scalar_text(self, path: Iterable[Segment]) -> str | None:
        """Return the text of an unquoted scalar as it is written; None if there is none."""
        node = self.find_node(path)
        if not isinstance(node, Scalar) or node.style or node.tag is not None:
            return None
        return node.text or None

    def split_mapping(self, path: Iterable[Segment]) -> tuple[dict[str, Any], ...]:
        """Return a mapping in parts, of which each begins at a key that was written before."""
        node = self.find_node(path)
        if not isinstance(node, Mapping):
            return ()
        return tuple(
            construct_value(replace(node, entries=entries)) for entries in split_at_repeats(node)
        )

    def find_node(self, path: Iterable[Segment]) -> Node | None:
        """Return the node of a place, an alias resolved; None if the document has no such place."""
        node = self.node
        for segment in path:
            child = _child(node, segment)
            if child is None:
                return None
            node = child[1]
        return resolve_alias(node)

    @property
    def warnings(self) -> tuple[YamlWarning, ...]:
        """What kubectl ignores in silence; computed on each use, in the order of the text."""
        anomalies = find_anomalies(self.node)
        if not anomalies:
            return ()
        paths = _node_paths(self.node)
        return tuple(
            YamlWarning(
                odd.kind,
                paths[id(odd.node)],
                odd.message,
                self.source.position(odd.node.start, node_end(odd.node, self.source.text)),
                None if odd.earlier is None else self._mark(None, odd.earlier),
            )
            for odd in anomalies
        )

    def _mark(self, key: Node | None, node: Node) -> Position:
        if key is None:
            return self.source.position(node.start, _first_line_end(node, self.source.text))
        plain = isinstance(node, Scalar) and node.style not in ("|", ">") and node.start < node.end
        marked = node if plain else key
        return self.source.position(marked.start, marked.end)


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """What a file holds.

    documents  those that can be read, in order; empty ones (only comments, or null) left out
    errors     one for each part between "---" lines that cannot be read, in order
    text       the whole text, byte order mark and line endings as they were
    encoding   how to write it back: `text.encode(reading.encoding)` gives the bytes that were read
    """

    documents: tuple[Document, ...]
    errors: tuple[DocumentError, ...]
    text: str
    encoding: str = "utf-8"


def _child(node: Node, segment: Segment) -> tuple[Node | None, Node] | None:
    """Return key and value of one step down; None if the document has no such place."""
    container = resolve_alias(node)
    if isinstance(container, Mapping) and isinstance(segment, str):
        entry_found = find_entry(container, segment)
        return None if entry_found is None else (entry_found.key_node, entry_found.value)
    if (
        isinstance(container, Sequence)
        and isinstance(segment, int)
        and 0 <= segment < len(container.items)
    ):
        item = container.items[segment]
        return None, item
    return None


def _first_line_end(node: Node, text: str) -> int:
    """Return where to stop marking a node that has no key: an item, or the whole document."""
    while isinstance(node, (Mapping, Sequence)) and not node.flow:
        if isinstance(node, Sequence):
            node = node.items[0]
            continue
        key, value = node.entries[0]
        inline = "\n" not in text[key.end : value.start] and not _is_block(value)
        node = value if inline and value.start < value.end else key
    return node_end(node, text)


def _is_block(node: Node) -> bool:
    return isinstance(node, (Mapping, Sequence)) and not node.flow


def _node_paths(root: Node) -> dict[int, Path]:
    """Return the Path of every node by its id; a key has the Path of its entry."""
    paths: dict[int, Path] = {id(root): Path()}
    for node in walk_nodes(root):
        path = paths[id(node)]
        if isinstance(node, Mapping):
            for key, value in node.entries:
                key_scalar = resolve_alias(key)
                child_path = path / (json_key(key_scalar) if isinstance(key_scalar, Scalar) else "")
                paths[id(key)] = paths[id(value)] = child_path
        elif isinstance(node, Sequence):
            for index, item in enumerate(node.items):
                paths[id(item)] = path / index
        elif isinstance(node, Alias):
            continue
    return paths
