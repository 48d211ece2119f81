"""YAML text to nodes, by libyaml's event stream.

Events, not PyYAML's composer: the composer recurses in C (a hundred thousand "[" end the process),
refuses an anchor that is defined twice, and forgets where aliases are. go-yaml and libyaml share
one scanner, so what this refuses kubectl refuses, at the same place.

Not here: JSON (`json_parser`), what an error is called (`yaml_errors`), data (`constructor`).
"""

import re
from typing import Any

from yaml import YAMLError
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # the stubs hide what PyYAML exports
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from webhook.graph.text import quote_value
from webhook.yamldoc.nodes import Alias, Mapping, Node, ParseError, Scalar, Sequence
from webhook.yamldoc.resolver import resolve_plain, resolve_tagged
from webhook.yamldoc.yaml_errors import MAX_DEPTH, NESTED_TOO_DEEP_MESSAGE, translate_error

# What aliases may add to a document. go-yaml stops at 400,000 nodes, an honest manifest repeats a
# few hundred.
MAX_ALIASED_VALUES = 100_000

# The tag "!": a string, whatever it looks like.
_NON_SPECIFIC = re.compile(r"(?:&\S+\s+)?!(?:\s|\Z)")
_SLASH_ESCAPE = re.compile(r"(?:[^\\]|\\[^/])*?\\/")


def compose(text: str, base: int = 0) -> tuple[Node | None, ParseError | None]:
    """Return the one document of `text`, and the error of what follows it.

    The document is None if there is none (only comments, or nothing). What follows it, behind
    "..." or at the end of a flow mapping, kubectl would not read, often without saying so.
    `base` is the offset of `text` in the text that the nodes' offsets shall count in.
    Raises Fault for what is not YAML, and for nesting or aliases beyond MAX_DEPTH and MAX_BORROWED.
    """
    try:
        parser = CParser(text)
    except (YAMLError, UnicodeEncodeError) as error:
        raise translate_error(error, text, base) from None
    try:
        return _Composer(parser, text, base).compose_document()
    except (YAMLError, UnicodeEncodeError) as error:
        raise translate_error(error, text, base) from None
    finally:
        parser.dispose()


class _Composer:
    """One pass over the events of one document."""

    def __init__(self, parser: Any, text: str, base: int) -> None:
        self.next_event = parser.get_event
        self.text = text
        self.base = base
        self.has_tags = "!" in text
        self.has_slash_escapes = "\\/" in text
        # An anchor's node, how many nodes it unfolds to, and how deep it is; no size: still open.
        self.anchors: dict[str, tuple[Any, int, int]] = {}
        self.aliased_values = 0

    def compose_document(self) -> tuple[Node | None, ParseError | None]:
        """Return the document and the error of what follows it; see `compose`."""
        self.next_event()  # the stream's start
        if self.next_event().__class__ is StreamEndEvent:
            return None, None
        root = self._compose_root()
        try:
            event = self.next_event()
        except YAMLError as error:
            return root, translate_error(error, self.text, self.base)
        if event.__class__ is StreamEndEvent:
            return root, None
        message = 'a second document begins here without "---" before it; kubectl would not read it'
        return root, ParseError(message, self.base + event.start_mark.index)

    def _compose_root(self) -> Node:
        """Consume one document's events, its end included."""
        base, next_event = self.base, self.next_event
        # One frame for each collection that is open: the node, its children, the count of nodes
        # when it began, its anchor, and (in `heights`) the deepest nesting seen inside.
        frames: list[tuple[Mapping | Sequence, list[Node], int, str | None]] = []
        heights = [0]
        children: list[Node] = []
        value_count = 0
        while True:
            event = next_event()
            kind = event.__class__
            if kind is ScalarEvent:
                value_count += 1
                node: Node = self._compose_scalar(event)
                if event.anchor is not None:
                    self.anchors[event.anchor] = (node, 1, 0)
                children.append(node)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                start = base + event.start_mark.index
                node_type = Mapping if kind is MappingStartEvent else Sequence
                opened = node_type(start, start, bool(event.flow_style), event.tag)
                frames.append((opened, children, value_count, event.anchor))
                if len(frames) > MAX_DEPTH:
                    raise nesting_error(start)
                if event.anchor is not None:
                    self.anchors[event.anchor] = (opened, 0, 0)
                heights.append(0)
                children = []
                value_count += 1
            elif kind is AliasEvent:
                node, size, height = self._compose_alias(event)
                if len(frames) + height > MAX_DEPTH:
                    raise nesting_error(node.start)
                heights[-1] = max(heights[-1], height)
                value_count += size
                children.append(node)
            elif kind is DocumentEndEvent:
                return children[0]
            else:
                closed, siblings, before, anchor = frames.pop()
                closed.end = base + event.end_mark.index
                if isinstance(closed, Mapping):
                    closed.entries = list(zip(children[::2], children[1::2], strict=True))
                else:
                    closed.items = children
                height = heights.pop() + 1
                heights[-1] = max(heights[-1], height)
                if anchor is not None:
                    self.anchors[anchor] = (closed, value_count - before, height)
                siblings.append(closed)
                children = siblings

    def _compose_scalar(self, event: Any) -> Scalar:
        text, style, tag = event.value, event.style or "", event.tag
        start, end = event.start_mark.index, event.end_mark.index
        value: Any = text
        if tag is not None:
            try:
                value = resolve_tagged(text, tag)
            except ValueError as error:
                raise ParseError(str(error), self.base + start) from None
        elif style == "":
            if not (self.has_tags and _NON_SPECIFIC.match(self.text, start, end)):
                value = resolve_plain(text)
        elif self.has_slash_escapes and style == '"':
            self._reject_slash_escape(start, end)
        return Scalar(self.base + start, self.base + end, text, style, value, tag)

    def _reject_slash_escape(self, start: int, end: int) -> None:
        """Raise Fault for an escaped slash, which JSON and YAML 1.2 know and go-yaml does not."""
        match = _SLASH_ESCAPE.match(self.text, start, end)
        if match is not None:
            raise ParseError(
                'kubectl does not support "\\/" in YAML; write "/"', self.base + match.end() - 2
            )

    def _compose_alias(self, event: Any) -> tuple[Alias, int, int]:
        name, start = event.anchor, self.base + event.start_mark.index
        if name not in self.anchors:
            raise ParseError(
                f"{quote_value('*' + name)} refers to an anchor that is not defined above it; "
                'a word that begins with "*" must be quoted',
                start,
            )
        node, size, height = self.anchors[name]
        if size == 0:
            raise ParseError(f"the anchor {quote_value('&' + name)} contains itself", start)
        self.aliased_values += size
        if self.aliased_values > MAX_ALIASED_VALUES:
            raise ParseError(
                f"aliases repeat more than {MAX_ALIASED_VALUES:,} values in this document; "
                "no manifest needs that",
                start,
            )
        node.shared = True
        return Alias(start, self.base + event.end_mark.index, node), size, height


def nesting_error(offset: int) -> ParseError:
    """Return the error of nesting beyond MAX_DEPTH."""
    return ParseError(NESTED_TOO_DEEP_MESSAGE, offset)
