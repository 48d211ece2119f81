"""Makes docs/reference/seldondeployment.schema.json: the schema for editors.

`graphgate schema seldondeployment` prints the same; the file is for who has the repository only.
"""

import json
from typing import Any

from tools.generators import notice
from webhook.rules.editor_schema import editor_schema

SOURCE = "webhook/graph/schema/seldondeployment.json"
TARGET = "docs/reference/seldondeployment.schema.json"


def files() -> dict[str, str]:
    """Return the file: one definition a line."""
    whole = editor_schema()
    definitions = whole.pop("$defs")
    lines = ",\n".join(
        f'"{name}": {_dense_json(definition)}' for name, definition in definitions.items()
    )
    start = _dense_json({"$comment": notice(SOURCE)}).removesuffix("}")
    return {TARGET: f'{start},\n{_dense_json(whole)[1:-1]},\n"$defs": {{\n{lines}\n}}}}\n'}


def _dense_json(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
