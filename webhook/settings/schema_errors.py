"""Errors of jsonschema as sentences: for settings, facts and .graphgate.yaml alike."""

from typing import Any

from webhook.graph.path import Path
from webhook.graph.suggest import nearest_word
from webhook.graph.text import join_words, shorten
from webhook.yamldoc.emitter import emit_json

_TYPE_NAMES = {
    "object": "a mapping",
    "array": "a list",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "string": "a string",
    "null": "null",
}
_MAX_SHOWN_LENGTH = 60
"""Characters of a value that a sentence shows: enough to recognise it."""


def describe_schema_error(error: Any, *, pattern_name: str = "") -> str:
    """Return what is wrong: `kubernetesVersion must be a string or null, got 36`.

    error         a jsonschema.ValidationError
    pattern_name  what a text is that has the pattern of this schema: "a version like v1.36"
    """
    path = Path(error.absolute_path)
    expected = ""
    match error.validator:
        case "additionalProperties":
            return _describe_unknown_key(error, path)
        case "required":
            missing = next(key for key in error.validator_value if key not in error.instance)
            return f"{path / missing} is missing"
        case "const":
            expected = str(error.validator_value)
        case "enum":
            expected = _join_values(error.validator_value)
        case "type":
            kinds = error.validator_value
            kinds = [kinds] if isinstance(kinds, str) else kinds
            expected = " or ".join(_TYPE_NAMES[kind] for kind in kinds)
        case "pattern":
            expected = pattern_name
    if not expected:
        return f"{path}: {error.message}"
    return f"{path} must be {expected}, got {_describe_value(error.instance)}"


def _describe_unknown_key(error: Any, path: Path) -> str:
    known = list(error.schema.get("properties", {}))
    unknown = next(key for key in error.instance if key not in known)
    suggestion = nearest_word(str(unknown), known)
    hint = f'did you mean "{suggestion}"?' if suggestion else f"allowed: {', '.join(known)}"
    return f"unknown key {path / str(unknown)}; {hint}"


def _join_values(allowed: list[Any]) -> str:
    """Return the values that people write: no null, and no false, which is how YAML reads off."""
    hidden = (None, False) if "off" in allowed else (None,)
    words = (
        word if isinstance(word, str) else emit_json(word)
        for word in allowed
        if not any(word is each for each in hidden)
    )
    return join_words(words, "or")


def _describe_value(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return "a mapping" if isinstance(value, dict) else "a list"
    return shorten(emit_json(value), _MAX_SHOWN_LENGTH)
