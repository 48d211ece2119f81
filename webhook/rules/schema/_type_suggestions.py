"""Values of the expected type that an author may have meant, for the rule wrong-type."""

import json
import re
from typing import Any, NamedTuple

from webhook.graph import schema
from webhook.graph.finding import FixSafety
from webhook.graph.path import Path
from webhook.graph.text import join_words

_KEY_WITHOUT_SPACE = re.compile(r"(?P<key>[A-Za-z]\w*):(?P<value>\S+)\Z")
_LOOKS_TYPED = re.compile(
    r"[-+.\d\[{\"'&*!|>%@`]|(?:true|false|yes|no|on|off|null|~)\Z", re.IGNORECASE
)
"""Values that would be no text behind a colon and a space."""
_NUMBER_WITH_UNIT = re.compile(r"(?P<number>0|[1-9][0-9]{0,8}) ?(?P<unit>%|s|sec|seconds)\Z")
_FIELDS_OF_UNIT = {
    "%": ("traffic", "Utilization"),
    **dict.fromkeys(("s", "sec", "seconds"), ("Seconds", "pollingInterval", "cooldownPeriod")),
}
_DEFINITIONS_WITH_MORE = ("Container", "Node", "Predictor")
"""Their name alone makes nothing that runs."""
_LISTS_OF_WORDS = ("command", "args")
_SHELL_SYNTAX = re.compile(r"[\"'\\$`|&;<>()*?]")
_MAX_LISTED_FIELDS = 6
_MAIN_FIELDS = ("secretName", "name")
"""Of references, which may have further fields: a Secret as a volume, a ConfigMap."""
_TYPES_OF_FIELDS = {"string": (str,), "integer": (int,)}


class Suggestion(NamedTuple):
    """What to do about a value; `new` is None where that is not one certain value."""

    remediation: str
    new: Any = None
    safety: FixSafety = "unsafe"


_NOTHING = Suggestion("")


def suggest_value(path: Path, value: Any, expected_types: tuple[str, ...]) -> Suggestion:
    """Return what to write in place of a value of the wrong type."""
    if "object" in expected_types:
        return _suggest_mapping(path, value)
    if "array" in expected_types:
        return _suggest_list(path, value)
    if "integer" in expected_types:
        return _suggest_integer(path, value)
    return _NOTHING


def _suggest_mapping(path: Path, value: Any) -> Suggestion:
    """Read a list of one item, a key without a space after its colon, the value of one field."""
    info = schema.get_field_info(path)
    if info is None:
        return _NOTHING
    if type(value) is list:
        is_item = len(value) == 1 and type(value[0]) is dict and value[0]
        if is_item and value[0].keys() <= set(info.fields):
            first = next(iter(value[0]))
            return Suggestion(f'remove the "- " before {first}', value[0], "safe")
        return _NOTHING
    entry = _KEY_WITHOUT_SPACE.match(value) if type(value) is str else None
    if entry and entry["key"] in info.fields:
        new = {entry["key"]: entry["value"]} if not _LOOKS_TYPED.match(entry["value"]) else None
        text = f"put a space after the colon: {entry['key']}: {entry['value']}"
        return Suggestion(text, new, "safe")
    if value is None:
        names = join_words(info.required)
        return Suggestion(f"add {names}") if names else _NOTHING
    if value is True and not info.required:
        return Suggestion("use {}", {})
    if path[-2:-1] == ("env",) and type(value) is str and "=" in value:
        name, text = value.split("=", 1)
        new = {"name": name, "value": text}
        return Suggestion(f"use {{name: {json.dumps(name)}, value: {json.dumps(text)}}}", new)
    if info.definition.endswith(_DEFINITIONS_WITH_MORE):
        return Suggestion(f"use a mapping with {join_words(info.required)}, not its name alone")
    field = _single_field(info)
    if field and type(value) in _TYPES_OF_FIELDS.get(_type_of(path / field), ()):
        return Suggestion(f"use {{{field}: {json.dumps(value)}}}", {field: value})
    fields = info.required or info.fields
    if fields and len(fields) <= _MAX_LISTED_FIELDS:
        named = join_words(fields, "and" if info.required else "or")
        return Suggestion(f"use a mapping with {named}")
    return _NOTHING


def _suggest_list(path: Path, value: Any) -> Suggestion:
    """Read the only value of a list, or the words of a command."""
    item = schema.get_field_info(path / 0)
    if item is None or type(value) not in (str, int) or value == "":
        return _NOTHING
    if "string" in item.types and type(value) is str:
        words = value.split()
        if path[-1] not in _LISTS_OF_WORDS or len(words) == 1:
            return Suggestion(f"use a list: [{json.dumps(value)}]", [value], "safe")
        if _SHELL_SYNTAX.search(value):
            return Suggestion("use a list with an item for each word")
        return Suggestion(f"use a list: [{', '.join(map(json.dumps, words))}]", words)
    inner = _suggest_mapping(path / 0, value)
    if inner.new is None:
        return _NOTHING
    return Suggestion(f"use a list: [{inner.remediation.removeprefix('use ')}]", [inner.new])


def _suggest_integer(path: Path, value: Any) -> Suggestion:
    """Read a number with its unit, or traffic as a share of 1."""
    if path[-1] == "traffic" and type(value) is float and 0 < value < 1:
        percent = round(value * 100)
        return Suggestion(f"use {percent}: traffic is a percentage", percent)
    number = _NUMBER_WITH_UNIT.match(value) if type(value) is str else None
    if number is None or not str(path[-1]).endswith(_FIELDS_OF_UNIT[number["unit"]]):
        return _NOTHING
    return Suggestion(f"use {number['number']}", int(number["number"]))


def _single_field(info: schema.FieldInfo) -> str:
    """Return the field that a mapping is about: its only one, or the only one it must have."""
    for fields in (info.fields, info.required):
        if len(fields) == 1:
            return fields[0]
    return next((n for n in _MAIN_FIELDS if n in info.fields and {n} >= set(info.required)), "")


def _type_of(path: Path) -> str:
    info = schema.get_field_info(path)
    return next((name for name in info.types if name != "null"), "") if info is not None else ""
