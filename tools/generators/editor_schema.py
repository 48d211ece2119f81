"""Makes docs/reference/seldondeployment.schema.json: the schema for editors.

An editor that knows JSON Schema completes and explains while one types, with this line in a file:

    # yaml-language-server: $schema=PATH/TO/seldondeployment.schema.json

It is the schema that graphgate validates with, self-contained; known words become `examples`, which
an editor offers and does not enforce, as graphgate leaves unknown words to rules.
"""

import json
from typing import Any

from tools.generators import notice
from tools.generators.crd import text
from webhook.graph.schema import schema, words

SOURCE = "webhook/graph/schema/seldondeployment.json"
TARGET = "docs/reference/seldondeployment.schema.json"

Schema = dict[str, Any]


def files() -> dict[str, str]:
    """Return the file: one definition a line."""
    whole = schema(bounded=True)
    head = {key: whole[key] for key in ("$schema", "title", "description", "type", "$ref")}
    lines = ",\n".join(
        f'"{name}": {_dense(_definition(definition))}'
        for name, definition in whole["$defs"].items()
    )
    start = _dense({"$comment": notice(SOURCE)}).removesuffix("}")
    return {TARGET: f'{start},\n{_dense(head)[1:-1]},\n"$defs": {{\n{lines}\n}}}}\n'}


def _definition(definition: Schema) -> Schema:
    properties = definition["properties"].items()
    return definition | {"properties": {name: _place(place) for name, place in properties}}


def _place(place: Schema) -> Schema:
    made = {key: value for key, value in place.items() if not key.startswith("x-")}
    if "description" in place:
        made["description"] = text(place)
    known = [word for table in place.get("x-words", ()) for word in words(table)]
    if known and "items" in place:
        made["items"] = place["items"] | {"examples": known}
    elif known:
        made["examples"] = known
    return made


def _dense(value: Schema) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
