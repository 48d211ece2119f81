"""Makes webhook/graph/schema/kubernetes.json: the Kubernetes types that a graph refers to.

The source is the strict bundle of the newest minor that the package kubernetes-validate carries:
Kubernetes' published OpenAPI as JSON Schema, where an optional field may be null (as the API
server's decoder has it) and a field that the minor does not know is an error.

What is taken: every definition that seldondeployment.json refers to, and what those reach.
What is changed, so that each error is about one thing and reads well:

* a definition holds fields only, the place that refers to it says the type (as in
  seldondeployment.json);
* a type that is only a scalar (Quantity, IntOrString, Time) is where it is used, as a list of
  types: in the published oneOf, null fits both sides and is therefore refused;
* an element of a list is never null: a lone dash is a slip, and the API server refuses it in every
  list of objects but a few, where it would be an empty object;
* a required object is never null: the decoder makes an empty one of it, which lacks what it must
  have, and Seldon's definition drops null and misses the field;
* descriptions and the API server's own annotations are left out.
"""

import importlib.util
import json
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import orjson

from tools.generators import ROOT, notice

SEED = "webhook/graph/schema/seldondeployment.json"
TARGET = "webhook/graph/schema/kubernetes.json"

_BUNDLE = re.compile(r"v1\.(\d+)\.\d+-local-strict\Z")
_PREFIX = "#/$defs/"
_KEPT_FORMATS = frozenset({"int32", "int64"})
_INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"

Schema = dict[str, Any]


def files() -> dict[str, str]:
    """Return the extract."""
    folder, minor = newest_bundle()
    published: dict[str, Schema] = orjson.loads((folder / "_definitions.json").read_bytes())[
        "$defs"
    ]
    seed = orjson.loads((ROOT / SEED).read_bytes())
    definitions = {
        name: _fields(published[name], published) for name in sorted(_reached(seed, published))
    }
    return {TARGET: _text(definitions, minor)}


def newest_bundle() -> tuple[pathlib.Path, int]:
    """Return the folder of the newest strict bundle and its minor version of Kubernetes."""
    # The package is located, not imported: its import costs 0.2 s.
    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        raise RuntimeError("kubernetes-validate is not installed: it is the source of " + TARGET)
    bundles = pathlib.Path(spec.origin).parent / "kubernetes-json-schema"
    found = [(int(m[1]), path) for path in bundles.iterdir() if (m := _BUNDLE.match(path.name))]
    minor, folder = max(found)
    return folder, minor


def _reached(seed: Schema, published: dict[str, Schema]) -> set[str]:
    """Return the names of the object types that `seed` refers to, directly or not."""
    pending = [name for name in _names(seed) if name in published]
    reached: set[str] = set()
    while pending:
        name = pending.pop()
        if name in reached or not published[name].get("properties"):
            continue
        reached.add(name)
        pending.extend(_names(published[name]))
    return reached


def _names(value: Any) -> Iterator[str]:
    """Yield the name of every definition that `value` refers to."""
    if isinstance(value, list):
        for element in value:
            yield from _names(element)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key == "$ref" and isinstance(inner, str):
            yield inner.removeprefix(_PREFIX)
        else:
            yield from _names(inner)


def _fields(definition: Schema, published: dict[str, Schema]) -> Schema:
    """Return an object type without its own `type`."""
    fields: Schema = {
        "properties": {
            name: _convert_field(field, published)
            for name, field in sorted(definition["properties"].items())
        }
    }
    for name in definition.get("required", ()):
        field = fields["properties"][name]
        if "object" in _words(field["type"]):
            fields["properties"][name] = _never_null(field)
    if "required" in definition:
        fields["required"] = sorted(definition["required"])
    fields["additionalProperties"] = definition["additionalProperties"]
    return fields


def _convert_field(field: Schema, published: dict[str, Schema]) -> Schema:
    """Return one place of a type: its type, and what is inside."""
    if "$ref" in field:
        return _reference(field["$ref"].removeprefix(_PREFIX), published)
    if "oneOf" in field:
        return {"type": _union(field["oneOf"])}
    converted: Schema = {"type": field["type"]}
    if field.get("format") in _KEPT_FORMATS:
        converted["format"] = field["format"]
    if "items" in field:
        converted["items"] = _never_null(_convert_field(field["items"], published))
    if isinstance(field.get("additionalProperties"), dict):
        converted["additionalProperties"] = _convert_field(field["additionalProperties"], published)
    return converted


def _reference(name: str, published: dict[str, Schema]) -> Schema:
    target = published[name]
    if target.get("properties"):
        return {"type": target["type"], "$ref": _PREFIX + name}
    made = _convert_field(target, published)
    return made | {"format": "int-or-string"} if name == _INT_OR_STRING else made


def _union(sides: list[Schema]) -> list[str]:
    types = {word for side in sides for word in _words(side["type"])}
    return [*sorted(types - {"null"}), *sorted(types & {"null"})]


def _never_null(field: Schema) -> Schema:
    types = [word for word in _words(field["type"]) if word != "null"]
    return field | {"type": types[0] if len(types) == 1 else types}


def _words(types: str | list[str]) -> list[str]:
    return [types] if isinstance(types, str) else types


def _text(definitions: dict[str, Schema], minor: int) -> str:
    """Return the file: one definition a line, so that a new minor shows as a readable diff."""
    comment = notice(f"kubernetes-validate's Kubernetes 1.{minor} and {SEED}")
    lines = ",\n".join(
        f"{json.dumps(name)}: {_dense_json(value)}" for name, value in definitions.items()
    )
    return (
        f'{{"$comment": {json.dumps(comment)},\n'
        '"$schema": "https://json-schema.org/draft/2020-12/schema",\n'
        f'"x-kubernetes-minor": {minor},\n'
        f'"$defs": {{\n{lines}\n}}}}\n'
    )


def _dense_json(value: Schema) -> str:
    return json.dumps(value, separators=(",", ":"))
