"""Makes docs/reference/seldondeployment.schema.json: the schema for editors.

An editor that knows JSON Schema completes and explains while one types, with this line in a file:

    # yaml-language-server: $schema=PATH/TO/seldondeployment.schema.json

It is the schema that graphgate validates with, self-contained; known words become `examples`, which
an editor offers and does not enforce, as graphgate leaves unknown words to rules.
"""

import json
from typing import Any

from tools.generators import notice
from tools.generators.crd import field_description
from webhook.graph.schema import enum_values, load_schema

SOURCE = "webhook/graph/schema/seldondeployment.json"
TARGET = "docs/reference/seldondeployment.schema.json"

Schema = dict[str, Any]


def files() -> dict[str, str]:
    """Return the file: one definition a line."""
    whole = load_schema(bounded=True)
    head = {key: whole[key] for key in ("$schema", "title", "description", "type", "$ref")}
    lines = ",\n".join(
        f'"{name}": {_dense_json(_definition(definition))}'
        for name, definition in whole["$defs"].items()
    )
    start = _dense_json({"$comment": notice(SOURCE)}).removesuffix("}")
    return {TARGET: f'{start},\n{_dense_json(head)[1:-1]},\n"$defs": {{\n{lines}\n}}}}\n'}


def _definition(definition: Schema) -> Schema:
    properties = definition["properties"].items()
    return definition | {"properties": {name: _field_schema(place) for name, place in properties}}


def _field_schema(field: Schema) -> Schema:
    schema = {key: value for key, value in field.items() if not key.startswith("x-")}
    if "description" in field:
        schema["description"] = field_description(field)
    known = [word for table in field.get("x-words", ()) for word in enum_values(table)]
    if known and "items" in field:
        schema["items"] = field["items"] | {"examples": known}
    elif known:
        schema["examples"] = known
    return schema


def _dense_json(value: Schema) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
