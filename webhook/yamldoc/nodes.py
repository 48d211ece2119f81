"""The parsed text: a tree of nodes with offsets.

Here: the four kinds of node. Both readers (`yaml_composer`, `json_parser`) make these;
`constructor` turns them into data, `document` into positions, `editing` into new text.
Not here: what a scalar means (`resolver`), and which entry of a mapping counts (`merge_keys`).

An offset counts characters from the start of the whole text that was read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias


class ParseError(Exception):
    """Text that cannot be read, at an offset; `reading` turns it into DocumentError.

    With `other`, a second offset, the sentence has "{line}" where the line of that one belongs:
    only the reader of the whole file can count it.
    """

    def __init__(self, message: str, offset: int, related_offset: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.related_offset = related_offset


_KEEPS_BLANK_LINES = re.compile(r"[^#\r\n]*[|>][0-9]?\+")


# The classes below are not frozen: a frozen dataclass takes three times as long to make, and one
# file has hundreds of nodes. Nothing changes a node once its reader has returned it.


@dataclass(slots=True, eq=False)
class Scalar:
    """One word or string.

    start, end  offsets; an anchor and a tag in front belong to it; both are equal where the text
                has nothing at all, as after "key:"
    text        what is there, unquoted and unfolded
    style       "" plain, "'", '"', "|" or ">"
    value       what kubectl reads it as; float for every YAML float, also "1.0"
    tag         the explicit tag, or None
    shared      whether an alias elsewhere refers to it
    """

    start: int
    end: int
    text: str
    style: str
    value: Any
    tag: str | None = None
    shared: bool = False


@dataclass(slots=True, eq=False)
class Mapping:
    """Keys and values in the order of the text, duplicates and merges ("<<") included.

    by_key  the entries that count, once somebody has looked for one (`merge_keys.find_entry`)
    """

    start: int
    end: int
    flow: bool
    tag: str | None = None
    entries: list[tuple["Node", "Node"]] = field(default_factory=list)
    shared: bool = False
    by_key: dict[str, Any] | None = field(default=None, init=False, repr=False)


@dataclass(slots=True, eq=False)
class Sequence:
    """A list. `start` is the first dash, or the opening bracket (or an anchor before it)."""

    start: int
    end: int
    flow: bool
    tag: str | None = None
    items: list["Node"] = field(default_factory=list)
    shared: bool = False


@dataclass(slots=True, eq=False)
class Alias:
    """A reference to an anchor, "*name"."""

    start: int
    end: int
    target: "Scalar | Mapping | Sequence"
    shared: bool = False  # never: YAML has no anchor on an alias


Node: TypeAlias = Scalar | Mapping | Sequence | Alias


def resolve_alias(node: Node) -> Scalar | Mapping | Sequence:
    """Return the node itself, or what it is an alias of."""
    return node.target if isinstance(node, Alias) else node


def walk_nodes(node: Node) -> Iterator[Node]:
    """Yield `node` and every node written below it, in no order; aliases are not followed."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        if isinstance(current, Mapping):
            for pair in current.entries:
                pending.extend(pair)
        elif isinstance(current, Sequence):
            pending.extend(current.items)


def node_end(node: Node, text: str) -> int:
    """Return the offset just past the last character that is written for `node`.

    The marks of a block mapping or list run on to the next token, past comments; this does not.
    The line break that ends a block scalar ("|", ">") is not counted in.
    """
    while isinstance(node, (Mapping, Sequence)) and not node.flow:
        if isinstance(node, Sequence):
            node = node.items[-1]
            continue
        key, value = node.entries[-1]
        node = key if value.end < key.end else value
    if isinstance(node, Scalar) and node.style in ("|", ">"):
        return _block_scalar_end(node, text)
    return node.end


def _block_scalar_end(node: Scalar, text: str) -> int:
    if _KEEPS_BLANK_LINES.match(text, node.start) is None:
        # The mark runs past the blank lines below, which are not part of the text.
        return node.start + len(text[node.start : node.end].rstrip("\r\n"))
    if text[node.end - 2 : node.end] == "\r\n":
        return node.end - 2
    return node.end - 1 if text[node.end - 1 : node.end] in ("\n", "\r") else node.end
