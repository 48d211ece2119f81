"""Makes webhook/graph/schema/since.json: since which minor version Kubernetes has a field.

The sources are the bundles of all minors that the package kubernetes-validate carries, and a table
of what they do not show. A field that is in neither is left out: it has been there since 1.24.
"""

import json
import pathlib

import orjson

from tools.generators import ROOT, notice
from tools.generators.kubernetes_types import TARGET as TYPES
from tools.generators.kubernetes_types import Schema, newest_bundle

TARGET = "webhook/graph/schema/since.json"

_NOT_IN_BUNDLES: dict[str, dict[str, int]] = {
    "PodSpec": {"hostUsers": 25},
    "TopologySpreadConstraint": {
        "matchLabelKeys": 25,
        "nodeAffinityPolicy": 25,
        "nodeTaintsPolicy": 25,
    },
    "TypedObjectReference": {"namespace": 26},
}
"""What Kubernetes 1.25 added, the oldest bundle, and a field whose type had another name before
(source: the Go types of k8s.io/api v0.24.1, v0.25.0 and v0.26.0)."""


def files() -> dict[str, str]:
    """Return the table: definition → field → minor."""
    folder, newest = newest_bundle()
    bundles = {minor: path for minor in range(newest) if (path := _bundle(folder, newest, minor))}
    known: dict[str, Schema] = orjson.loads((ROOT / TYPES).read_bytes())["$defs"]
    since = {f"io.k8s.api.core.v1.{name}": {**of} for name, of in _NOT_IN_BUNDLES.items()}
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
