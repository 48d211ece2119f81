"""What a struct literal gives: JSONPatch, Object, and the types of Protocol Buffers.

Source: k8s.io/apiserver pkg/cel/mutation; google/cel-spec doc/langdef.md, "Protocol Buffer Data
Conversion": a literal of a wrapper is its value.
"""

from collections.abc import Callable, Mapping
from typing import Any

from webhook.cel.time_values import SECOND, Duration, Timestamp
from webhook.cel.types import WRAPPERS
from webhook.cel.values import EvaluationError, OptionalValue, StructValue, UInt, type_name

_ZERO: Mapping[str, Any] = {
    "bool": False, "bytes": b"", "double": 0.0, "int": 0, "string": "", "uint": UInt(0)
}  # fmt: skip


def build_struct(name: str, fields: dict[str, Any]) -> Any:
    """Return the value of `name{fields}`."""
    build = _BUILDERS.get(name)
    if build is not None:
        return build(fields)
    if name in WRAPPERS:
        return fields.get("value", _ZERO[WRAPPERS[name].name])
    if name == "JSONPatch":
        for field in ("op", "path", "from"):
            if field in fields and type(fields[field]) is not str:
                kind = type_name(fields[field])
                raise EvaluationError(f"unexpected type {kind} for JSONPatchType '{field}' field")
    return StructValue(name, fields)


def _nanoseconds(fields: dict[str, Any]) -> int:
    return int(fields.get("seconds", 0)) * SECOND + int(fields.get("nanos", 0))


def _json_value(fields: dict[str, Any]) -> Any:
    value = next(iter(fields.values()), None)
    return None if "null_value" in fields else value


def _any_value(_fields: dict[str, Any]) -> Any:
    raise EvaluationError("google.protobuf.Any is not supported")


_BUILDERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "google.protobuf.Duration": lambda fields: Duration(_nanoseconds(fields)),
    "google.protobuf.Timestamp": lambda fields: Timestamp(_nanoseconds(fields)),
    "google.protobuf.ListValue": lambda fields: fields.get("values", []),
    "google.protobuf.Struct": lambda fields: fields.get("fields", {}),
    "google.protobuf.Value": _json_value,
    "google.protobuf.Any": _any_value,
}


def to_plain(value: Any) -> Any:
    """Return a value with maps in the place of structs, at any depth."""
    kind = type(value)
    if kind is StructValue:
        return {key: to_plain(inner) for key, inner in value.fields.items()}
    if kind is dict:
        return {key: to_plain(inner) for key, inner in value.items()}
    if kind is list:
        return [to_plain(inner) for inner in value]
    if kind is OptionalValue:
        return to_plain(value.value) if value.present else None
    return value
