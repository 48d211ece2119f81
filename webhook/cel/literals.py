"""The value of a literal's text: numbers, strings and bytes with their escapes."""

import re
from typing import Any

from webhook.cel.lexer import CelSyntaxError, Token
from webhook.cel.values import MAX_INT64, MAX_UINT64, MIN_INT64, UInt

_ESCAPE = re.compile(
    r"\\(?:([0-3][0-7]{2})|[xX]([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def number_value(token: Token, sign: str = "") -> Any:
    """Return the value of a number; raise CelSyntaxError where 64 bits do not hold it."""
    if token.kind == "float":
        value = float(sign + token.text)
        if value in (float("inf"), float("-inf")):
            raise CelSyntaxError("invalid double literal", token.start)
        return value
    digits = token.text.rstrip("uU") if token.kind == "uint" else token.text
    if len(digits) > 40:
        raise CelSyntaxError(f"invalid {token.kind} literal", token.start)
    number = int(sign + digits, 16 if digits.startswith("0x") else 10)
    if token.kind == "uint":
        if number > MAX_UINT64:
            raise CelSyntaxError("invalid uint literal", token.start)
        return UInt(number)
    if not MIN_INT64 <= number <= MAX_INT64:
        raise CelSyntaxError("invalid int literal", token.start)
    return number


def text_value(token: Token) -> str | bytes:
    """Return the string or bytes of a literal; raise CelSyntaxError for a bad escape."""
    prefix = token.text[: re.search("[\"']", token.text).start()].lower()  # type: ignore[union-attr]
    body = token.text[len(prefix) :]
    width = 3 if len(body) >= 6 and body[:3] in ('"""', "'''") else 1
    body = body[width:-width].replace("\r\n", "\n").replace("\r", "\n")
    if "b" in prefix:
        return body.encode() if "r" in prefix else _unescape_bytes(token, body)
    if "r" in prefix or "\\" not in body:
        return body
    return _ESCAPE.sub(lambda match: _character(token, match), body)


def _character(token: Token, match: re.Match[str]) -> str:
    if match[5] is not None:
        return _SIMPLE.get(match[5], match[5])
    code = int(match[1], 8) if match[1] else int(match[2] or match[3] or match[4], 16)
    if 0xD800 <= code < 0xE000 or code > 0x10FFFF:
        raise CelSyntaxError("invalid unicode code point", token.start)
    return chr(code)


def _unescape_bytes(token: Token, body: str) -> bytes:
    parts: list[bytes] = []
    offset = 0
    for match in _ESCAPE.finditer(body):
        parts.append(body[offset : match.start()].encode())
        offset = match.end()
        if match[3] or match[4]:
            raise CelSyntaxError("\\u and \\U are not allowed in bytes", token.start)
        if match[5] is not None:
            parts.append(_SIMPLE.get(match[5], match[5]).encode())
        else:
            parts.append(bytes([int(match[1], 8) if match[1] else int(match[2], 16)]))
    return b"".join([*parts, body[offset:].encode()])
