"""Makes manifests/chart/values.schema.json: what Helm checks the values of the chart with.

What is the chart's own is written by hand beside this module; `settings` is the schema of a
settings file, whole: a typo in it is refused by `helm install`, and not by the next pod.
"""

import json
from typing import Any

from tools.generators import ROOT, notice
from webhook.settings.schema import settings_schema

SOURCE = "tools/generators/chart_values.schema.json"
TARGET = "manifests/chart/values.schema.json"


def files() -> dict[str, str]:
    """Return the file."""
    schema: dict[str, Any] = json.loads((ROOT / SOURCE).read_text(encoding="utf-8"))
    settings = settings_schema()
    # The chart writes apiVersion and kind; whatever is there is left out.
    properties = {**settings["properties"], "apiVersion": {}, "kind": {}}
    schema["properties"]["settings"] = {
        "type": "object",
        "description": settings["description"],
        "properties": properties,
        "additionalProperties": False,
    }
    head = json.dumps({"$comment": notice(f"{SOURCE} and the schema of settings")})
    body = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
    return {TARGET: f"{head.removesuffix('}')},\n{body[1:]}\n"}
