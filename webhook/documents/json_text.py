"""JSON text to the same nodes as YAML's, with JSON's own rules.

JSON is no subset of the YAML that libyaml reads: tabs before the first bracket, surrogate pairs,
keys longer than 1024 characters. kubectl, too, gives text that begins with "{" to a JSON reader
first, and to YAML if that fails.

Not here: YAML (`yaml_text`), data (`values`).
"""

import json
import re
from typing import Any

from webhook.documents.nodes import Fault, Mapping, Node, Scalar, Sequence
from webhook.documents.yaml_text import MAX_DEPTH, too_deep

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
_WORDS = {"true": True, "false": False, "null": None}
# Python refuses to convert longer ones, and 64 bits hold 19 digits.
_MOST_DIGITS = 19


def scan(text: str, base: int = 0) -> list[Node]:
    """Return the JSON values of `text`, one after another ("{}{}", as kubectl reads a stream).

    `base` is added to every offset. Raises Fault for what is no JSON.
    """
    roots: list[Node] = []
    at = _BLANK.match(text).end()  # type: ignore[union-attr]  # matches the empty string too
    while at < len(text):
        root, at = _value(text, at, base)
        roots.append(root)
        at = _BLANK.match(text, at).end()  # type: ignore[union-attr]
    return roots


def _value(text: str, at: int, base: int) -> tuple[Node, int]:
    """Read one value at `at`; return it and the offset behind it. A loop: depth costs no stack."""
    frames: list[tuple[Mapping | Sequence, list[Node]]] = []
    children: list[Node] = []
    # What may come next: a "value", a "first" (value or key, or the closing bracket at once),
    # a "key", a ":" or a "," (or the closing bracket).
    awaited = "value"
    while True:
        match = _TOKEN.match(text, at)
        if match is None:
            raise _fault(text, at, base, awaited, frames)
        start, at = match.start(match.lastgroup or 0), match.end()
        mark = match["mark"]
        closes = mark is not None and frames and mark == ("}" if _in_mapping(frames) else "]")
        if closes and awaited in ("first", ","):
            closed, siblings = frames.pop()
            closed.end = base + at
            if isinstance(closed, Mapping):
                closed.entries = list(zip(children[::2], children[1::2], strict=True))
            else:
                closed.items = children
            siblings.append(closed)
            children = siblings
        elif awaited in (":", ","):
            if mark != awaited:
                raise _fault(text, start, base, awaited, frames)
            awaited = "key" if mark == "," and _in_mapping(frames) else "value"
            continue
        elif awaited == "key" or (awaited == "first" and _in_mapping(frames)):
            if match["string"] is None:
                raise _fault(text, start, base, "key", frames)
            children.append(_scalar(match, base))
            awaited = ":"
            continue
        elif mark in ("{", "["):
            make = Mapping if mark == "{" else Sequence
            frames.append((make(base + start, base + start, flow=True), children))
            if len(frames) > MAX_DEPTH:
                raise too_deep(base + start)
            children = []
            awaited = "first"
            continue
        elif mark is not None:
            raise _fault(text, start, base, awaited, frames)
        else:
            children.append(_scalar(match, base))
        if not frames:
            return children[0], at
        awaited = ","


def _in_mapping(frames: list[tuple[Mapping | Sequence, list[Node]]]) -> bool:
    return isinstance(frames[-1][0], Mapping)


def _scalar(match: re.Match[str], base: int) -> Scalar:
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
        return Scalar(base + start, base + end, raw, "", _WORDS[raw])
    # A float may come out infinite; `values` refuses that.
    is_float = match["fraction"] or len(raw.lstrip("-")) > _MOST_DIGITS
    value = float(raw) if is_float else int(raw)
    return Scalar(base + start, base + end, raw, "", value)


_WANTED = {
    "value": "a value is missing before this",
    "first": "a value is missing before this",
    "key": "a key in double quotes is missing before this",
    ":": 'a ":" is missing before this',
}


def _fault(
    text: str, at: int, base: int, awaited: str, frames: list[tuple[Mapping | Sequence, list[Node]]]
) -> Fault:
    at = _BLANK.match(text, at).end()  # type: ignore[union-attr]
    if at >= len(text) and frames:
        opened = frames[-1][0].start
        return Fault(f'"{text[opened - base]}" is never closed', opened)
    if at >= len(text):
        return Fault("the text ends where a value should stand", base + at)
    if text[at] == '"':
        return _string_fault(text, at, base, awaited)
    if text[at] in "]}" and awaited in ("key", "value"):
        before = text[:at].rstrip()
        if before.endswith(","):
            return Fault(f'JSON takes no comma before "{text[at]}"', base + len(before) - 1)
    if awaited == ",":
        closing = "}" if _in_mapping(frames) else "]"
        return Fault(f'"," or "{closing}" is missing before this', base + at)
    if text.startswith(("/", "#"), at):
        return Fault("JSON takes no comments", base + at)
    if awaited in ("value", "first") and text[at] in "-.0123456789":
        return Fault("this is no number of JSON", base + at)
    return Fault(_WANTED[awaited], base + at)


def _string_fault(text: str, at: int, base: int, awaited: str) -> Fault:
    """Explain what is wrong at a double quote: the string itself, or that one stands here."""
    if _TOKEN.match(text, at) is not None:
        wanted = '"," is missing before this' if awaited == "," else _WANTED[awaited]
        return Fault(wanted, base + at)
    good = re.compile(r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+').match(text, at)
    stop = good.end() if good is not None else at
    if stop >= len(text) or text[stop] in "\r\n":
        return Fault("the quote that opens here is never closed on its line", base + at)
    if text[stop] == "\\":
        return Fault(f'"{text[stop : stop + 2]}" is no escape in JSON', base + stop)
    return Fault(
        f"the control character U+{ord(text[stop]):04X} must be written as an escape in JSON",
        base + stop,
    )
