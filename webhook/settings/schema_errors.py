"""A document of the operator's and its JSON Schema: settings, facts and .graphgate.yaml alike.

Every error becomes an Issue, and what is left of the document can be read all the same, so that
errors beyond the schema are reported together with those of the schema.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.issue import Issue, ReadableDocument
from webhook.graph.path import ROOT, Path
from webhook.graph.suggest import hint_at_known, nearest_word
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
_BOUNDS = {
    "minimum": "{} or more",
    "maximum": "{} or less",
    "minLength": "{} character or more",
    "maxLength": "{} characters or less",
    "maxItems": "{} items or less",
}
"""By keyword; nothing is shorter than one character, and no limit is one."""
_MAX_SHOWN_LENGTH = 60
"""Characters of a value that a sentence shows: enough to recognise it."""


def read_by_schema(document: Any, schema: Mapping[str, Any]) -> ReadableDocument:
    """Return what a schema (draft 2020-12) admits of a document, and every error."""
    import jsonschema  # 60 ms of imports, only with such a file

    errors = list(jsonschema.Draft202012Validator(schema).iter_errors(document))
    if not errors:
        return ReadableDocument(document)
    issues = [issue for error in errors for issue in _describe_error(error)]
    if not isinstance(document, dict):
        return ReadableDocument({}, tuple(issues), frozenset({ROOT}))
    unreadable = [path for error in errors for path in _unreadable_paths(error)]
    misspelled = [path for error in errors for path in _misspelled_paths(error)]
    return ReadableDocument.without(document, issues, unreadable, misspelled)


def _unreadable_paths(error: Any) -> Iterator[Path]:
    """Yield the places that cannot be read: a key with all that is in it."""
    path = Path(error.absolute_path)
    match error.validator:
        case "additionalProperties":
            for key, _ in _unknown_keys(error):
                yield path / key
        case "required":
            for key in _missing_keys(error):
                yield path / key
        case _ if not _is_about_name(error):  # what is below a wrong name can be read
            is_item = path and isinstance(path[-1], int) and error.schema.get("type") != "object"
            yield path.parent if is_item else path


def _misspelled_paths(error: Any) -> Iterator[Path]:
    if error.validator == "additionalProperties":
        for _, near in _unknown_keys(error):
            if near and near not in error.instance:
                yield Path(error.absolute_path) / near


def _describe_error(error: Any) -> Iterator[Issue]:
    """Yield what is wrong: `kubernetesVersion must be a string or null, got 36`."""
    path = Path(error.absolute_path)
    match error.validator:
        case "additionalProperties":
            for key, near in _unknown_keys(error):
                hint = hint_at_known(near, [*error.schema.get("properties", {})])
                yield Issue(path / key, f"unknown key {path / key}; {hint}")
        case "required":
            for key in _missing_keys(error):
                yield Issue(path / key, f"{path / key} is missing")
        case _ if _is_about_name(error):
            name = path / error.instance
            yield Issue(name, f"the name of {name} must be {_describe_expected(error)}")
        case _:
            found = _describe_value(error.instance, counted=error.validator == "maxItems")
            message = f"{path} must be {_describe_expected(error)}, got {found}"
            yield Issue(path, message + _suggest_word(error))


def _is_about_name(error: Any) -> bool:
    """Return whether an error is about the name of a key: its path ends above it."""
    return "propertyNames" in list(error.absolute_schema_path)[-2:-1]


def _unknown_keys(error: Any) -> Iterator[tuple[str, str]]:
    """Yield each unknown key, and the nearest known one, or ""."""
    known = error.schema.get("properties", {})
    for key in error.instance:
        if key not in known:
            yield key, nearest_word(key, known)


def _missing_keys(error: Any) -> list[str]:
    return [key for key in error.validator_value if key not in error.instance]


def _describe_expected(error: Any) -> str:
    wanted = error.validator_value
    match error.validator:
        case "const":
            return str(wanted)
        case "enum":
            return join_words(_words(wanted), "or")
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            return " or ".join(_TYPE_NAMES[kind] for kind in kinds)
        case "pattern":
            return f"a value like {join_words(error.schema['examples'], 'or')}"
        case keyword:
            return _BOUNDS[keyword].format(wanted)


def _suggest_word(error: Any) -> str:
    is_word = error.validator == "enum" and isinstance(error.instance, str)
    near = nearest_word(error.instance, _words(error.validator_value)) if is_word else ""
    return f'; did you mean "{near}"?' if near else ""


def _words(allowed: list[Any]) -> list[str]:
    """Return the values that people write: no null, and no false, which is how YAML reads off."""
    hidden = (None, False) if "off" in allowed else (None,)
    return [
        word if isinstance(word, str) else emit_json(word)
        for word in allowed
        if not any(word is each for each in hidden)
    ]


def _describe_value(value: Any, *, counted: bool = False) -> str:
    if isinstance(value, (dict, list)):
        kind = "a mapping" if isinstance(value, dict) else "a list"
        return f"{kind} of {len(value)} items" if counted else kind
    return shorten(emit_json(value), _MAX_SHOWN_LENGTH)
