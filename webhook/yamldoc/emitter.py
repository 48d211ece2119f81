"""Data to YAML or JSON text, as short pieces that fit into an existing text.

Block lines come without indentation; `editing` knows where they go. A string is left unquoted
only if no YAML reader, of version 1.1 or 1.2, could take it for anything else.

Not here: reading, and places in a text.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from webhook.graph.path import ROOT, Path
from webhook.yamldoc.resolver import resolve_plain

_PLAIN_WORD = r"[\w./@%+~=-]"
# Begins with a letter, so that it is not a number or date; ":" and " " only between words.
_PLAIN = re.compile(
    rf"[^\W\d]{_PLAIN_WORD}*(?::{_PLAIN_WORD}+)*(?: {_PLAIN_WORD}+(?::{_PLAIN_WORD}+)*)*"
    rf"|/{_PLAIN_WORD}*"
)
# What single quotes cannot hold on one line, what some reader takes for a line break, and what
# turns the direction of writing round.
_NEEDS_ESCAPE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
# The part of these that JSON does not escape by itself.
_UNSAFE_IN_QUOTES = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class YamlStyle:
    """How the author indents.

    indent           how much deeper the keys of a nested mapping are
    sequence_indent  how much deeper than its key a list is: 0 in the style of Kubernetes' own
                     examples
    newline          what ends a line: LF, CR LF or CR
    literal          whether a text of several lines is written as such (|) where that is possible
    """

    indent: int = 2
    sequence_indent: int = 0
    newline: str = "\n"
    literal: bool = False


Annotate = Callable[[Path], str]
"""Returns what is written behind the first line of a place, "" for nothing."""


def emit_scalar(value: Any, style: str = "") -> str:
    """Return one line of YAML for a scalar, `{}` or `[]`; `style` is the quote to prefer."""
    if isinstance(value, str):
        return _emit_string(value, style)
    return emit_json(value)


def emit_flow(value: Any) -> str:
    """Return one line of YAML in flow style: {name: a, ports: [1, 2]}."""
    if isinstance(value, dict) and value:
        inner = ", ".join(f"{emit_scalar(key)}: {emit_flow(item)}" for key, item in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list) and value:
        return f"[{', '.join(emit_flow(item) for item in value)}]"
    return emit_scalar(value)


def emit_json(value: Any, indent: str | None = None, newline: str = "\n") -> str:
    """Return JSON that YAML reads alike; one line, or several with `indent` as the unit."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    text = _UNSAFE_IN_QUOTES.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    return text.replace("\n", newline)


def emit_documents(values: Iterable[Any]) -> str:
    """Return a stream of YAML documents, each a file of its own but for the line between them."""
    return "---\n".join(map(emit_document, values))


def emit_document(value: Any) -> str:
    """Return a YAML document with a final newline, texts of several lines as people write them."""
    lines = emit_block(value, YamlStyle(literal=True))
    return "".join(f"{line}\n" if line.strip() else "\n" for line in lines)


def emit_block(
    value: Any, style: YamlStyle, annotate: Annotate | None = None, path: Path = ROOT
) -> list[str]:
    """Return the lines of a mapping or list that is not empty; of anything else, its one line.

    annotate  is asked about each place in it
    path      where the value is
    """
    if isinstance(value, dict) and value:
        return [
            line
            for key, item in value.items()
            for line in _emit_entry(key, item, style, annotate, path / key if annotate else path)
        ]
    if isinstance(value, list) and value:
        return [
            line
            for index, item in enumerate(value)
            for line in emit_block_item(item, style, annotate, path / index if annotate else path)
        ]
    if style.literal and _fits_literal(value):
        return [
            _literal_head(value),
            *(f"  {line}" for line in value.removesuffix("\n").split("\n")),
        ]
    return [emit_scalar(value)]


def emit_block_item(
    value: Any, style: YamlStyle, annotate: Annotate | None = None, path: Path = ROOT
) -> list[str]:
    """Return the lines of one item of a list, the first with its dash."""
    first, *others = emit_block(value, style, annotate, path)
    return [f"- {first}{annotate(path) if annotate else ''}", *(f"  {line}" for line in others)]


def is_inline(value: Any) -> bool:
    """Whether block style writes the value behind its key rather than below it."""
    return not (isinstance(value, (dict, list)) and value)


def _emit_entry(
    key: str, value: Any, style: YamlStyle, annotate: Annotate | None, path: Path
) -> list[str]:
    name = emit_scalar(key)
    note = annotate(path) if annotate else ""
    lines = emit_block(value, style, annotate, path)
    if is_inline(value):
        first, *others = lines
        return [f"{name}: {first}{note}", *others]
    indent = " " * (style.indent if isinstance(value, dict) else style.sequence_indent)
    return [f"{name}:{note}", *(indent + line for line in lines)]


def _fits_literal(value: Any) -> bool:
    """Whether each reader takes the text from a literal block as it is, and people see all of it.

    No blank begins it (it would say how deep the block is) or ends a line, and at most one line end
    is the last.
    """
    if not isinstance(value, str) or "\n" not in value:
        return False
    lines = value.removesuffix("\n").split("\n")
    return (
        lines[0] != ""
        and lines[0][0] != " "
        and lines[-1] != ""
        and not any(line.endswith(" ") or _NEEDS_ESCAPE.search(line) for line in lines)
    )


def _literal_head(text: str) -> str:
    return "|" if text.endswith("\n") else "|-"


def _emit_string(text: str, style: str) -> str:
    if _NEEDS_ESCAPE.search(text) or style == '"':
        return emit_json(text)
    if style == "'":
        return "'" + text.replace("'", "''") + "'"
    if _PLAIN.fullmatch(text) and resolve_plain(text) == text:
        return text
    return emit_json(text)
