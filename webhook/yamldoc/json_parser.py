"""JSON text to the same nodes as YAML's, with JSON's own rules.

JSON is not a subset of the YAML that libyaml reads: tabs before the first bracket, surrogate pairs,
keys longer than 1024 characters. kubectl, too, gives text that begins with "{" to a JSON reader
first, and to YAML if that fails.

Not here: YAML (`yaml_composer`), data (`constructor`).
"""

import json
import re
from typing import Any

from webhook.yamldoc.nodes import Mapping, Node, ParseError, Scalar, Sequence
from webhook.yamldoc.yaml_composer import nesting_error
from webhook.yamldoc.yaml_errors import MAX_DEPTH

_TOKEN = re.compile(
    r"""[ \t\r\n]*+(?:
      (?P<mark>[\[\]{},:])
    | (?P<string>"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+")
    | (?P<number>-?(?:0|[1-9][0-9]*+)(?P<fraction>(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?))(?![0-9.\w])
    | (?P<word>true|false|null)(?!\w)
    )""",
    re.VERBOSE,
)
_BLANK = re.compile(r"[ \t\r\n]*+")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_LITERALS = {"true": True, "false": False, "null": None}
# Python refuses to convert longer ones, and 64 bits hold 19 digits.
_MAX_INTEGER_DIGITS = 19


def parse_json(text: str, base: int = 0) -> list[Node]:
    """Return the JSON values of `text`, one after another ("{}{}", as kubectl reads a stream).

    `base` is added to every offset. Raises Fault for what is not JSON.
    """
    roots: list[Node] = []
    offset = _BLANK.match(text).end()  # type: ignore[union-attr]  # matches the empty string too
    while offset < len(text):
        root, offset = _parse_value(text, offset, base)
        roots.append(root)
        offset = _BLANK.match(text, offset).end()  # type: ignore[union-attr]
    return roots


def _parse_value(text: str, offset: int, base: int) -> tuple[Node, int]:
    """Read one value at `at`; return it and the offset behind it. A loop: depth costs no stack."""
    frames: list[tuple[Mapping | Sequence, list[Node]]] = []
    children: list[Node] = []
    # What may come next: a "value", a "first" (value or key, or the closing bracket at once),
    # a "key", a ":" or a "," (or the closing bracket).
    expected = "value"
    while True:
        match = _TOKEN.match(text, offset)
        if match is None:
            raise _parse_error(text, offset, base, expected, frames)
        start, offset = match.start(match.lastgroup or 0), match.end()
        mark = match["mark"]
        closes = mark is not None and frames and mark == ("}" if _in_mapping(frames) else "]")
        if closes and expected in ("first", ","):
            closed, siblings = frames.pop()
            closed.end = base + offset
            if isinstance(closed, Mapping):
                closed.entries = list(zip(children[::2], children[1::2], strict=True))
            else:
                closed.items = children
            siblings.append(closed)
            children = siblings
        elif expected in (":", ","):
            if mark != expected:
                raise _parse_error(text, start, base, expected, frames)
            expected = "key" if mark == "," and _in_mapping(frames) else "value"
            continue
        elif expected == "key" or (expected == "first" and _in_mapping(frames)):
            if match["string"] is None:
                raise _parse_error(text, start, base, "key", frames)
            children.append(_parse_scalar(match, base))
            expected = ":"
            continue
        elif mark in ("{", "["):
            node_type = Mapping if mark == "{" else Sequence
            frames.append((node_type(base + start, base + start, flow=True), children))
            if len(frames) > MAX_DEPTH:
                raise nesting_error(base + start)
            children = []
            expected = "first"
            continue
        elif mark is not None:
            raise _parse_error(text, start, base, expected, frames)
        else:
            children.append(_parse_scalar(match, base))
        if not frames:
            return children[0], offset
        expected = ","


def _in_mapping(frames: list[tuple[Mapping | Sequence, list[Node]]]) -> bool:
    return isinstance(frames[-1][0], Mapping)


def _parse_scalar(match: re.Match[str], base: int) -> Scalar:
    kind = match.lastgroup or ""
    start, end = match.span(kind)
    raw = match[kind]
    if kind == "string":
        value: Any = raw[1:-1]
        if "\\" in value:
            # Go puts U+FFFD where a \u escape names half a character.
            value = _LONE_SURROGATE.sub("\ufffd", json.loads(raw))
        return Scalar(base + start, base + end, value, '"', value)
    if kind == "word":
        return Scalar(base + start, base + end, raw, "", _LITERALS[raw])
    # A float may come out infinite; `constructor` refuses that.
    is_float = match["fraction"] or len(raw.lstrip("-")) > _MAX_INTEGER_DIGITS
    value = float(raw) if is_float else int(raw)
    return Scalar(base + start, base + end, raw, "", value)


_MISSING_MESSAGES = {
    "value": "a value is missing before this",
    "first": "a value is missing before this",
    "key": "a key in double quotes is missing before this",
    ":": 'a ":" is missing before this',
}


def _parse_error(
    text: str,
    offset: int,
    base: int,
    expected: str,
    frames: list[tuple[Mapping | Sequence, list[Node]]],
) -> ParseError:
    offset = _BLANK.match(text, offset).end()  # type: ignore[union-attr]
    if offset >= len(text) and frames:
        opened = frames[-1][0].start
        return ParseError(f'"{text[opened - base]}" is never closed', opened)
    if offset >= len(text):
        return ParseError("the text ends where a value is expected", base + offset)
    if text[offset] == '"':
        return _string_error(text, offset, base, expected)
    if text[offset] in "]}" and expected in ("key", "value"):
        before = text[:offset].rstrip()
        if before.endswith(","):
            return ParseError(
                f'JSON does not allow a comma before "{text[offset]}"', base + len(before) - 1
            )
    if expected == ",":
        closing = "}" if _in_mapping(frames) else "]"
        return ParseError(f'"," or "{closing}" is missing before this', base + offset)
    if text.startswith(("/", "#"), offset):
        return ParseError("JSON does not allow comments", base + offset)
    if expected in ("value", "first") and text[offset] in "-.0123456789":
        return ParseError("this is not a valid JSON number", base + offset)
    return ParseError(_MISSING_MESSAGES[expected], base + offset)


def _string_error(text: str, offset: int, base: int, expected: str) -> ParseError:
    """Explain what is wrong at a double quote: the string itself, or that one is here."""
    if _TOKEN.match(text, offset) is not None:
        message = '"," is missing before this' if expected == "," else _MISSING_MESSAGES[expected]
        return ParseError(message, base + offset)
    match = re.compile(r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+').match(
        text, offset
    )
    stop = match.end() if match is not None else offset
    if stop >= len(text) or text[stop] in "\r\n":
        return ParseError("the quote that opens here is never closed on its line", base + offset)
    if text[stop] == "\\":
        return ParseError(f'"{text[stop : stop + 2]}" is not a valid escape in JSON', base + stop)
    return ParseError(
        f"the control character U+{ord(text[stop]):04X} must be written as an escape in JSON",
        base + stop,
    )
