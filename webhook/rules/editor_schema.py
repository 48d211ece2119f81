"""The JSON Schema of a SeldonDeployment for editors and validators that know nothing of graphgate.

It is the schema that graphgate checks shapes with, and the words besides: those that a rule or a
constraint requires are an `enum`; those that a cluster may have more of (implementations of model
servers) are offered and not enforced. What needs logic (names that match, traffic that adds up)
cannot be said in a schema.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from webhook.graph.schema import enum_values, load_schema
from webhook.rules.constraints import TABLES
from webhook.rules.constraints.checks import ConstraintRule, ValueCheck

Schema = dict[str, Any]

_SUBJECT_DEFINITIONS = {
    "pod": "io.k8s.api.core.v1.PodSpec",
    "container": "io.k8s.api.core.v1.Container",
    "probe": "io.k8s.api.core.v1.Probe",
    "hook": "io.k8s.api.core.v1.LifecycleHandler",
}
"""The definition at which the paths of a subject's rows start. Rows of other subjects are about
texts inside of annotations or about what an autoscaler's versions have in common."""


def editor_schema() -> Schema:
    """Return the schema, self-contained, as draft 2020-12. What is returned may be changed."""
    schema = load_schema(bounded=True)
    definitions: dict[str, Schema] = {
        name: definition
        | {
            "properties": {
                field: _field_schema(of) for field, of in definition["properties"].items()
            }
        }
        for name, definition in schema["$defs"].items()
    }
    for definition, path, words in _constrained_words():
        _add_enum(definitions, definition, path.split("."), words)
    head = {key: schema[key] for key in ("$schema", "title", "description", "type", "$ref")}
    return {**head, "$defs": definitions}


def words_of_field(definition: str, field: str) -> tuple[str, ...]:
    """Return the words of which a text, or each item of a list, must or should be one; () if any.

    definition  the one that lists the field: "io.k8s.api.core.v1.Toleration"
    """
    return _words_by_field().get((definition, field), ())


@cache
def _words_by_field() -> Mapping[tuple[str, str], tuple[str, ...]]:
    words = {}
    for definition, schema in editor_schema()["$defs"].items():
        for name, field in schema["properties"].items():
            texts = field | field.get("items", {})
            words[definition, name] = tuple(
                word for key in ("enum", "examples") for word in texts.get(key, ()) if word
            )
    return words


def describe_field(field: Schema) -> str:
    """Return what `kubectl explain` prints of one field of the schema.

    What carries the protocol inside the graph. One of: rest, grpc. Default: rest.
    """
    known = _known_words(field)
    parts = [
        field["description"],
        f"{'Such as' if field.get('x-open') else 'One of'}: {', '.join(known)}."
        if len(known) > 1
        else "",
        f"Default: {field['x-default']}." if "x-default" in field else "",
        field.get("x-note", ""),
        "Deprecated." if field.get("deprecated") else "",
        f"See {field['x-see']}" if "x-see" in field else "",
    ]
    return " ".join(part for part in parts if part)


def _known_words(field: Schema) -> list[str]:
    return [word for table in field.get("x-words", ()) for word in enum_values(table)]


def _field_schema(field: Schema) -> Schema:
    schema = {key: value for key, value in field.items() if not key.startswith("x-")}
    if "description" in field:
        schema["description"] = describe_field(field)
    words = _known_words(field)
    if words and field.get("x-open"):
        _set_words(schema, "examples", words)
    elif words:
        # To Seldon's types, which are Go's, an empty text is a field that is absent.
        is_optional = "items" not in schema and "null" in schema.get("type", ())
        _set_words(schema, "enum", [*words, ""] if is_optional else words)
    return schema


def _set_words(schema: Schema, key: str, words: list[str]) -> None:
    if "items" in schema:
        schema["items"] = schema["items"] | {key: words}
    else:
        # A field that is null is a field that is absent, as the API server has it.
        nullable = key == "enum" and "null" in schema.get("type", ())
        schema[key] = [*words, None] if nullable else words


def _constrained_words() -> Iterator[tuple[str, str, list[str]]]:
    """Yield each list of allowed values of constraints: a definition, a path in it, the words."""
    for module in TABLES:
        rules: tuple[ConstraintRule, ...] = import_module(
            f"webhook.rules.constraints.{module}"
        ).RULES
        for row in (row for rule in rules if rule.action == "deny" for row in rule.rows):
            definition = _SUBJECT_DEFINITIONS.get(row.subject)
            for check in row.checks:
                if definition and isinstance(check, ValueCheck) and check.words:
                    yield definition, row.path, list(check.words)


def _add_enum(
    definitions: dict[str, Schema], definition: str, path: list[str], words: list[str]
) -> None:
    """Put words at the field that a path leads to, through the definitions that it refers to."""
    for position, segment in enumerate(path):
        name = segment.removesuffix("[]")
        field = definitions[definition]["properties"].get(name)
        if field is None:
            return
        if position == len(path) - 1:
            _set_words(field, "enum", words)
            return
        inner = field["items"] if segment.endswith("[]") else field
        if "$ref" not in inner:
            return
        definition = inner["$ref"].removeprefix("#/$defs/")
