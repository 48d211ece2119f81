"""The schema itself: its two files put together, compiled, and its tables of known words.

What it says of one place is for `lookup`.
"""

import functools
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import orjson

if TYPE_CHECKING:
    import jsonschema_rs

EnumName = Literal[
    "api-versions",
    "kinds",
    "protocols",
    "transports",
    "server-types",
    "node-types",
    "builtin-implementations",
    "prepackaged-servers",
    "methods",
    "endpoint-types",
    "parameter-types",
    "logger-modes",
    "explainer-types",
    "states",
    "metric-source-types",
]
"""The names of the tables of known words."""

KUBERNETES_PREFIX = "io.k8s."
"""What the name of every definition that is Kubernetes' own begins with."""


@functools.cache
def raw_schema() -> dict[str, Any]:
    """Return the document written by hand. Its `$ref`s to Kubernetes' types lead out of it.

    The result is shared: do not change it.
    """
    document: dict[str, Any] = _load("seldondeployment.json")
    return document


@functools.cache
def load_schema(*, bounded: bool = False) -> dict[str, Any]:
    """Return the whole schema as one self-contained document.

    `bounded` adds to each integer the bounds of its format: minimum and maximum.
    The result is shared: do not change it.
    """
    definitions = _load("kubernetes.json")["$defs"] | raw_schema()["$defs"]
    if bounded:
        definitions = {name: _bound_definition(fields) for name, fields in definitions.items()}
    return raw_schema() | {"$defs": definitions}


def kubernetes_minor() -> int:
    """Return the minor version of Kubernetes whose pod fields are known: 37 for 1.37."""
    minor: int = _load("kubernetes.json")["x-kubernetes-minor"]
    return minor


@functools.cache
def get_validator(*, bounded: bool = False) -> "jsonschema_rs.Draft202012Validator":
    """Return the compiled schema; one for the whole process.

    Its errors are of the kinds type, required and additionalProperties. `bounded`: also minimum
    and maximum, for a number that Go's int32 or int64 does not hold.
    """
    import jsonschema_rs  # 10 ms that only validation needs

    return jsonschema_rs.Draft202012Validator(load_schema(bounded=bounded))


@functools.cache
def enum_values(enum_name: EnumName) -> tuple[str, ...]:
    """Return the known words of `table`, in the order in which the reference page lists them."""
    return tuple(enum_docs(enum_name))


def enum_docs(enum_name: EnumName) -> Mapping[str, str]:
    """Return the known words of `table`, each with what it means in a few words."""
    docs: dict[str, str] = raw_schema()["x-tables"][enum_name]
    return docs


_FORMAT_BOUNDS = {
    "int32": {"minimum": -(2**31), "maximum": 2**31 - 1},
    "int64": {"minimum": -(2**63), "maximum": 2**63 - 1},
    "int-or-string": {"minimum": -(2**31), "maximum": 2**31 - 1},
}
"""By format: what Go's type holds. intstr.IntOrString holds an int32."""


def _bound_definition(definition: dict[str, Any]) -> dict[str, Any]:
    properties = definition["properties"].items()
    return definition | {
        "properties": {name: _bound_field(field_schema) for name, field_schema in properties}
    }


def _bound_field(field_schema: dict[str, Any]) -> dict[str, Any]:
    if "format" in field_schema:
        return field_schema | _FORMAT_BOUNDS[field_schema["format"]]
    if "items" in field_schema:  # lists of integers: supplementalGroups
        return field_schema | {"items": _bound_field(field_schema["items"])}
    return field_schema


@functools.cache
def _load(name: str) -> Any:
    return orjson.loads(pathlib.Path(__file__).with_name(name).read_bytes())
