"""What kubectl makes of one YAML scalar.

kubectl reads YAML with sigs.k8s.io/yaml, which is go-yaml v2: YAML 1.1 booleans, 1.2 octals, no
base 60, dates left as strings. No Python library agrees with it, so the table is here. Every row
was compared with `kubectl annotate --local -o json` (v1.32); the comparison is data in
tests/yamldoc. The names follow the YAML types; the number forms follow Go's strconv.

Not here: where a scalar is, and what JSON makes of it.
"""

import base64
import binascii
import math
import re
import struct
from decimal import Decimal

from webhook.graph.text import quote_value
from webhook.yamldoc.nodes import Scalar

_TRUE = ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
_FALSE = ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
_NAMED_VALUES: dict[str, bool | float | None] = {
    **dict.fromkeys(_TRUE, True),
    **dict.fromkeys(_FALSE, False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_NUMBER_START_CHARS = frozenset("+-.0123456789")
"""What every number begins with; anything else is a name of the table or a string."""

_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<binary>[01]+)"
    r"|0[oO]?(?P<octal>[0-7]+)|(?P<decimal>0|[1-9][0-9]*))"
)
_BASES = {"hex": 16, "binary": 2, "octal": 8, "decimal": 10}
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
# A number that begins with a dot goes to ParseFloat as it is: single underscores only.
_DOT_FLOAT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(?:[Tt ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})?)?"
)
# 64 binary digits are the most that a 64-bit integer has; longer ones are not even converted
# (Python refuses to convert more than 4300 decimal digits).
_MAX_INTEGER_DIGITS = 64

_YAML = "tag:yaml.org,2002:"
_COLLECTION_TAGS = frozenset((_YAML + "map", _YAML + "seq"))
_SCALAR_TAGS = frozenset(
    _YAML + name for name in ("str", "int", "float", "bool", "null", "timestamp", "binary", "merge")
)


def resolve_plain(text: str) -> bool | int | float | str | None:
    """Return what kubectl reads an unquoted word as. A float stays one even if it is whole."""
    if text in _NAMED_VALUES:
        return _NAMED_VALUES[text]
    if text[0] not in _NUMBER_START_CHARS:
        return text
    if text[0] == ".":
        return _parse_float(text) if _DOT_FLOAT.fullmatch(text) else text
    digits = text.replace("_", "")
    match = _INTEGER.fullmatch(digits)
    if match is not None:
        whole = _parse_integer(match)
        if whole is not None:
            return whole
    number = _parse_float(digits) if _FLOAT.fullmatch(digits) else digits
    return number if isinstance(number, float) else text


def resolve_tagged(text: str, tag: str) -> bool | int | float | str | None:
    """Return what kubectl reads a scalar with an explicit tag as.

    A tag that it does not know it ignores, and the scalar is a string.
    Raises ValueError, with a sentence, if the text is not one of that type.
    """
    name = tag.removeprefix(_YAML)
    if tag == name or name not in ("int", "float", "bool", "null", "timestamp", "binary"):
        return text
    if name == "binary":
        return _decode_binary(text)
    if name == "timestamp":
        if _TIMESTAMP.fullmatch(text):
            return text
        raise ValueError(f"{quote_value(text)} is not a timestamp, as the tag !!timestamp requires")
    value = resolve_plain(text)
    kinds = {"int": int, "float": (int, float), "bool": bool, "null": type(None)}
    if not isinstance(value, kinds[name]) or (  # type: ignore[arg-type]
        isinstance(value, bool) and name != "bool"
    ):
        raise ValueError(f"{quote_value(text)} does not match its tag !!{name}")
    return float(value) if name == "float" and isinstance(value, int) else value


def is_known_tag(tag: str, *, scalar: bool) -> bool:
    """Whether kubectl supports this tag; it ignores all others without a word."""
    return tag in (_SCALAR_TAGS if scalar else _COLLECTION_TAGS)


def to_json_number(value: float) -> int | float:
    """Return the JSON number that a Go float, or an integer above 2^63 - 1, becomes.

    Go writes a whole float below 1e21 without exponent or fraction, in its shortest digits, so it
    arrives at the API server as an integer if 64 bits hold that; a larger integer arrives as a
    float. Raises ValueError for infinity and not-a-number.
    """
    if isinstance(value, int):
        return float(value)
    if not math.isfinite(value):
        raise ValueError("not a number that JSON can hold")
    if not value.is_integer():
        return value
    whole = int(Decimal(repr(value)))
    return whole if -(2**63) <= whole < 2**63 else value


def json_key(scalar: Scalar) -> str:
    """Return the JSON key that kubectl makes of a scalar key: `1:` is "1", `yes:` is "true".

    Raises ValueError, with a sentence, for what it refuses: null, and integers above 2^63 - 1.
    """
    value = scalar.value
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        raise ValueError("the key is missing or null; quote it if it is a string")
    if isinstance(value, float):
        return _format_float_key(value)
    if value >= 2**63:
        raise ValueError(f"the key {value} does not fit into 64 bits; put it in quotes")
    return str(value)


def _parse_integer(match: re.Match[str]) -> int | None:
    kind = str(match.lastgroup)
    digits = match[kind].lstrip("0") or "0"
    if len(digits) > _MAX_INTEGER_DIGITS:
        return None
    value = int(match["sign"] + digits, _BASES[kind])
    # Go tries a signed integer first, then an unsigned one, which may not carry a sign.
    top = 2**63 if match["sign"] else 2**64
    return value if -(2**63) <= value < top else None


def _parse_float(text: str) -> float | str:
    """Return the float, or the text where Go reports that it is out of range."""
    value = float(text)
    return value if math.isfinite(value) else text


def _decode_binary(text: str) -> str:
    try:
        raw = base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the value after !!binary is not base64") from None
    return raw.decode("utf-8", "replace")


def _format_float_key(value: float) -> str:
    """Spell a float as Go's FormatFloat(value, 'g', -1, 32): the shortest 32-bit form."""
    if math.isnan(value):
        return ".nan"
    try:
        (single,) = struct.unpack("f", struct.pack("f", value))
    except OverflowError:
        single = math.copysign(math.inf, value)
    if math.isinf(single):
        return ".inf" if single > 0 else "-.inf"
    # Nine digits distinguish any two 32-bit floats.
    shortest = next(
        text
        for digits in range(9)
        if struct.pack("f", float(text := f"{single:.{digits}e}")) == struct.pack("f", single)
    )
    mantissa, exponent = shortest.split("e")
    if -4 <= int(exponent) < 6:
        return _format_plain_float(mantissa, int(exponent))
    return f"{mantissa}e{'-' if int(exponent) < 0 else '+'}{abs(int(exponent)):02d}"


def _format_plain_float(mantissa: str, exponent: int) -> str:
    digits = max(len(mantissa.lstrip("-").replace(".", "")) - 1 - exponent, 0)
    return f"{float(f'{mantissa}e{exponent}'):.{digits}f}"
