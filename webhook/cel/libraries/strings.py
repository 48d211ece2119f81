"""Strings: CEL's string extension, version 2 (Kubernetes 1.29; parts of it before).

Source: google/cel-go ext/strings.go and ext/formatting.go. Positions count characters.
"""

import math
from typing import Any

from webhook.cel.libraries.lists import index_of, last_index_of
from webhook.cel.signatures import Library
from webhook.cel.stdlib import check_length, to_string
from webhook.cel.time_values import Duration, Timestamp
from webhook.cel.values import EvaluationError, TypeValue, UInt, from_key, no_overload, type_name

_UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_WHITESPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What Unicode calls white space."""
_ESCAPES = str.maketrans(
    {
        "\a": "\\a",
        "\b": "\\b",
        "\f": "\\f",
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        "\v": "\\v",
        "\\": "\\\\",
        '"': '\\"',
    }
)


def char_at(text: Any, position: Any) -> str:
    """Return the character at a position; "" just behind the last."""
    _require_types("charAt", (text, str), (position, int))
    if not 0 <= position <= len(text):
        raise EvaluationError(
            f"charAt({position}): index out of range, the string has {len(text)} characters"
        )
    return str(text[position : position + 1])


def find(text: Any, needle: Any, *start: Any) -> int:
    """Return the first index of `needle` from `start` on; -1 if there is none."""
    if type(text) is list:
        return index_of(text, needle, *start)
    _require_types("indexOf", (text, str), (needle, str), *((word, int) for word in start))
    if not needle:
        return int(start[0]) if start else 0
    if start and start[0] < 0:
        raise EvaluationError(f"index out of range: {start[0]}")
    return int(text.find(needle, *start))


def find_last(text: Any, needle: Any, *end: Any) -> int:
    """Return the last index of `needle` up to `end`; -1 if there is none."""
    if type(text) is list:
        return last_index_of(text, needle, *end)
    _require_types("lastIndexOf", (text, str), (needle, str), *((word, int) for word in end))
    if not end:
        return int(text.rfind(needle))
    if not needle:
        return int(end[0])
    if end[0] < 0:
        raise EvaluationError(f"index out of range: {end[0]}")
    if end[0] >= len(text):
        return -1
    return int(text.rfind(needle, 0, end[0] + len(needle)))


def join(words: Any, separator: Any = "") -> str:
    """Return the strings of a list as one."""
    _require_types("join", (words, list), (separator, str))
    if any(type(word) is not str for word in words):
        raise no_overload("join", words)
    return str(check_length(separator.join(words)))


def replace(text: Any, old: Any, new: Any, *limit: Any) -> str:
    """Return the text with `old` replaced; at most `limit` times unless that is negative."""
    _require_types("replace", (text, str), (old, str), (new, str), *((word, int) for word in limit))
    if text and len(new) * (text.count(old) if old else len(text)) > 2**22:
        raise EvaluationError("the result of replace is too long")
    return str(check_length(text.replace(old, new, *limit)))


def split(text: Any, separator: Any, *limit: Any) -> list[str]:
    """Return the parts between separators; at most `limit` unless that is negative."""
    _require_types("split", (text, str), (separator, str), *((word, int) for word in limit))
    max_parts = limit[0] if limit else -1
    if max_parts == 0:
        return []
    if separator:
        return list(text.split(separator, max_parts - 1 if max_parts > 0 else -1))
    if max_parts > 0:
        return [
            *text[: max_parts - 1],
            *([text[max_parts - 1 :]] if len(text) >= max_parts else []),
        ]
    return list(text)


def substring(text: Any, start: Any, *end: Any) -> str:
    """Return the characters from `start` up to, not including, `end`."""
    _require_types("substring", (text, str), (start, int), *((word, int) for word in end))
    stop = end[0] if end else len(text)
    if not 0 <= start <= stop <= len(text):
        raise EvaluationError(
            f"substring({start}, {stop}): index out of range, the string has {len(text)} characters"
        )
    return str(text[start:stop])


def trim(text: Any) -> str:
    """Return the text without blanks around it."""
    _require_types("trim", (text, str))
    return str(text.strip(_WHITESPACE))


def lower(text: Any) -> str:
    """Return the text with A-Z as a-z."""
    if type(text) is not str:
        raise no_overload("lowerAscii", text)
    return text.lower() if text.isascii() else text.translate(_LOWER)


def upper(text: Any) -> str:
    """Return the text with a-z as A-Z."""
    if type(text) is not str:
        raise no_overload("upperAscii", text)
    return text.upper() if text.isascii() else text.translate(_UPPER)


def quote(text: Any) -> str:
    """Return the text in double quotes, with escapes."""
    _require_types("strings.quote", (text, str))
    return f'"{text.translate(_ESCAPES)}"'


def format_string(template: Any, values: Any) -> str:
    """Return the template with its %s, %d, %f, %e, %b, %x, %X and %o filled in."""
    _require_types("format", (template, str), (values, list))
    parts: list[str] = []
    offset = value_index = 0
    while (percent := template.find("%", offset)) >= 0:
        parts.append(template[offset:percent])
        offset = percent + 1
        if template.startswith("%", offset):
            parts.append("%")
            offset += 1
            continue
        digits = ""
        if template.startswith(".", offset):
            end = offset + 1
            while end < len(template) and template[end].isascii() and template[end].isdigit():
                end += 1
            digits, offset = template[offset + 1 : end], end
        verb = template[offset : offset + 1]
        offset += 1
        if value_index >= len(values):
            raise EvaluationError(f"index {value_index} out of range: format has too few values")
        parts.append(
            _format_value(verb, values[value_index], int(digits[:4] or "6") if digits else 6)
        )
        value_index += 1
    parts.append(template[offset:])
    return str(check_length("".join(parts)))


def _format_value(verb: str, value: Any, precision: int) -> str:
    match verb:
        case "s":
            return _format_plain(value)
        case "d" if type(value) in (int, UInt):
            return int.__repr__(value)
        case "f" | "e" if value in ("NaN", "Infinity", "-Infinity") and type(value) is str:
            return _format_float(float(value), verb, precision)
        case "f" | "e" if type(value) is float:
            return _format_float(value, verb, min(precision, 100))
        case "b" if type(value) is bool:
            return "1" if value else "0"
        case "b" | "o" if type(value) in (int, UInt):
            return format(int(value), verb)
        case "x" | "X" if type(value) in (int, UInt):
            return format(int(value), verb)
        case "x" | "X" if type(value) in (str, bytes):
            raw = value.encode() if type(value) is str else value
            return str(raw.hex() if verb == "x" else raw.hex().upper())
    raise EvaluationError(f'"%{verb}" cannot format a value of type {type_name(value)}')


_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _format_float(number: float, verb: str, precision: int) -> str:
    """Return a double as the API server's locale writes it: 1,234.50 and 1.234500×10⁰³.

    %e has six digits whatever is asked for, which is the width of NaN and infinity.
    """
    if not math.isfinite(number):
        word = "NaN" if math.isnan(number) else ("∞" if number > 0 else "-∞")
        return word.rjust(precision) if verb == "e" else word
    number = number or 0.0  # no sign before a zero
    if verb == "f":
        return f"{number:,.{precision}f}"
    mantissa, _, exponent = f"{number:.6e}".partition("e")
    return f"{mantissa}×10{exponent.removeprefix('+').translate(_SUPERSCRIPTS)}"


def _format_plain(value: Any) -> str:
    if type(value) is list:
        return "[" + ", ".join(map(_format_nested, value)) + "]"
    if type(value) is dict:
        pairs = sorted(
            (_format_nested(from_key(key)), _format_nested(content))
            for key, content in value.items()
        )
        return "{" + ", ".join(f"{key}:{content}" for key, content in pairs) + "}"
    if value is None:
        return "null"
    return value.name if type(value) is TypeValue else to_string(value)


def _format_nested(value: Any) -> str:
    """Return a value within a list or map, as it would be written in an expression."""
    if type(value) is str:
        return quote(value)
    if type(value) is float and math.isfinite(value):
        return f"{value:.6f}"
    if type(value) is Timestamp:
        return f'timestamp("{value}")'
    if type(value) is Duration:
        return f'duration("{value}")'
    return _format_plain(value)


def _require_types(name: str, *pairs: tuple[Any, type]) -> None:
    if any(type(value) is not wanted for value, wanted in pairs):
        raise no_overload(name, *(value for value, _ in pairs))


STRINGS = Library(
    "strings",
    29,
    {
        "charAt": ("string.charAt(int) -> string",),
        "indexOf": ("string.indexOf(string) -> int", "string.indexOf(string, int) -> int"),
        "lastIndexOf": (
            "string.lastIndexOf(string) -> int",
            "string.lastIndexOf(string, int) -> int",
        ),
        "join": ("list<string>.join() -> string", "list<string>.join(string) -> string"),
        "replace": (
            "string.replace(string, string) -> string",
            "string.replace(string, string, int) -> string",
        ),
        "split": (
            "string.split(string) -> list<string>",
            "string.split(string, int) -> list<string>",
        ),
        "substring": ("string.substring(int) -> string", "string.substring(int, int) -> string"),
        "trim": ("string.trim() -> string",),
        "lowerAscii": ("string.lowerAscii() -> string",),
        "upperAscii": ("string.upperAscii() -> string",),
        "strings.quote": ("strings.quote(string) -> string",),
        "format": ("string.format(list<dyn>) -> string",),
    },
    {
        "charAt": char_at,
        "indexOf": find,
        "lastIndexOf": find_last,
        "join": join,
        "replace": replace,
        "split": split,
        "substring": substring,
        "trim": trim,
        "lowerAscii": lower,
        "upperAscii": upper,
        "strings.quote": quote,
        "format": format_string,
    },
)
