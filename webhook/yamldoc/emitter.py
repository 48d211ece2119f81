"""Data to YAML or JSON text, as short pieces that fit into a text somebody else has written.

Block lines come without indentation; `editing` knows where they go. A string is left unquoted
only if no YAML reader, of version 1.1 or 1.2, could take it for anything else.

Not here: reading, and places in a text.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from webhook.yamldoc.resolver import resolve_plain

_PLAIN_WORD = r"[\w./@%+~=-]"
# Begins with a letter, so that it is no number or date; ":" and " " only between words.
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

    indent           how much deeper the keys of a nested mapping stand
    sequence_indent  how much deeper than its key a list stands: 0 in the style of Kubernetes' own
                     examples
    newline          what ends a line: LF, CR LF or CR
    """

    indent: int = 2
    sequence_indent: int = 0
    newline: str = "\n"


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


def emit_block(value: Any, style: YamlStyle) -> list[str]:
    """Return the lines of a mapping or list that is not empty; of anything else, its one line."""
    if isinstance(value, dict) and value:
        return [line for key, item in value.items() for line in _emit_entry(key, item, style)]
    if isinstance(value, list) and value:
        return [line for item in value for line in emit_block_item(item, style)]
    return [emit_scalar(value)]


def emit_block_item(value: Any, style: YamlStyle) -> list[str]:
    """Return the lines of one item of a list, the first with its dash."""
    first, *others = emit_block(value, style)
    return [f"- {first}", *(f"  {line}" for line in others)]


def is_inline(value: Any) -> bool:
    """Whether block style writes the value behind its key rather than below it."""
    return not (isinstance(value, (dict, list)) and value)


def _emit_entry(key: str, value: Any, style: YamlStyle) -> list[str]:
    name = emit_scalar(key)
    if is_inline(value):
        return [f"{name}: {emit_scalar(value)}"]
    indent = " " * (style.indent if isinstance(value, dict) else style.sequence_indent)
    return [f"{name}:", *(indent + line for line in emit_block(value, style))]


def _emit_string(text: str, style: str) -> str:
    if _NEEDS_ESCAPE.search(text) or style == '"':
        return emit_json(text)
    if style == "'":
        return "'" + text.replace("'", "''") + "'"
    if _PLAIN.fullmatch(text) and resolve_plain(text) == text:
        return text
    return emit_json(text)
