"""Makes webhook/graph/schema/since.json: since which minor version Kubernetes has a field.

The sources are the bundles of all minors that the package kubernetes-validate carries. A field that
the oldest of them has is left out: it has been there for ever.
"""

import json
import pathlib

import orjson

from tools.generators import ROOT, notice
from tools.generators.kubernetes_types import TARGET as TYPES
from tools.generators.kubernetes_types import Schema, newest_bundle

TARGET = "webhook/graph/schema/since.json"


def files() -> dict[str, str]:
    """Return the table: definition → field → minor."""
    folder, newest = newest_bundle()
    bundles = {minor: path for minor in range(newest) if (path := _bundle(folder, newest, minor))}
    known: dict[str, Schema] = orjson.loads((ROOT / TYPES).read_bytes())["$defs"]
    since: dict[str, dict[str, int]] = {}
    later = newest
    for minor, path in sorted(bundles.items(), reverse=True):
        older = orjson.loads((path / "_definitions.json").read_bytes())["$defs"]
        for name, definition in known.items():
            if name in older:
                there = older[name].get("properties", {})
                for field in definition["properties"]:
                    if field not in there and field not in since.get(name, {}):
                        since.setdefault(name, {})[field] = later
        later = minor
    comment = {"$comment": notice(f"kubernetes-validate's bundles and {TYPES}")}
    lines = [json.dumps(comment)[:-1]]
    lines += [f"{json.dumps(name)}: {json.dumps(since[name])}" for name in sorted(since)]
    return {TARGET: ",\n".join(lines) + "}\n"}


def _bundle(folder: pathlib.Path, newest: int, minor: int) -> pathlib.Path | None:
    path = folder.with_name(folder.name.replace(f"v1.{newest}.", f"v1.{minor}."))
    return path if path.is_dir() else None
