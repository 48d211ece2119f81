"""The types that an expression has before it is evaluated, and how they are written.

parse_type("list<map<string, dyn>>")     as signatures write it
str(type_)                               list(map(string, dyn)), as messages write it
"""

from dataclasses import dataclass
from typing import Literal

TypeKind = Literal[
    "dyn", "error", "null", "primitive", "time", "wrapper", "list", "map", "type", "opaque",
    "struct", "parameter",
]  # fmt: skip
"""How types are distinguished.

time       google.protobuf.Timestamp and Duration
opaque     a type of a library, with or without parameters: net.IP, optional_type
struct     a type with declared fields
parameter  any type, until it is bound
"""


@dataclass(frozen=True, slots=True)
class CelType:
    """A type: `name` is its name at run time; lists, maps, optionals and types have parameters."""

    kind: TypeKind
    name: str
    parameters: tuple["CelType", ...] = ()

    def __str__(self) -> str:
        name = f"wrapper({self.name})" if self.kind == "wrapper" else self.name
        if not self.parameters:
            return "null" if self.kind == "null" else name
        return f"{name}({', '.join(map(str, self.parameters))})"

    @property
    def is_dynamic(self) -> bool:
        """Whether anything may be found here at run time."""
        return self.kind in ("dyn", "error")


DYN = CelType("dyn", "dyn")
ERROR = CelType("error", "!error!")
NULL = CelType("null", "null_type")
BOOL, INT, UINT, DOUBLE, STRING, BYTES = (
    CelType("primitive", name) for name in ("bool", "int", "uint", "double", "string", "bytes")
)
TIMESTAMP = CelType("time", "google.protobuf.Timestamp")
DURATION = CelType("time", "google.protobuf.Duration")
PRIMITIVES = {type_.name: type_ for type_ in (BOOL, INT, UINT, DOUBLE, STRING, BYTES)}

_NAMED = PRIMITIVES | {
    "dyn": DYN,
    "null": NULL,
    "null_type": NULL,
    "timestamp": TIMESTAMP,
    "duration": DURATION,
    TIMESTAMP.name: TIMESTAMP,
    DURATION.name: DURATION,
}
WRAPPERS = {
    f"google.protobuf.{word}": CelType("wrapper", name)
    for word, name in (
        ("BoolValue", "bool"),
        ("BytesValue", "bytes"),
        ("DoubleValue", "double"),
        ("FloatValue", "double"),
        ("Int32Value", "int"),
        ("Int64Value", "int"),
        ("StringValue", "string"),
        ("UInt32Value", "uint"),
        ("UInt64Value", "uint"),
    )
}
"""Types of Protocol Buffers that are a value or null."""


def list_of(element: CelType) -> CelType:
    """Return the type of a list."""
    return CelType("list", "list", (element,))


def map_of(key: CelType, value: CelType) -> CelType:
    """Return the type of a map."""
    return CelType("map", "map", (key, value))


def optional_of(value: CelType) -> CelType:
    """Return the type of a value that may be missing."""
    return CelType("opaque", "optional_type", (value,))


def type_of(value: CelType) -> CelType:
    """Return the type of a type."""
    return CelType("type", "type", (value,))


def struct(name: str) -> CelType:
    """Return a type whose fields the environment declares under its name."""
    return CelType("struct", name)


def unwrap_optional(type_: CelType) -> tuple[CelType, bool]:
    """Return what an optional holds and True; any other type and False."""
    if type_.name == "optional_type" and type_.kind == "opaque":
        return type_.parameters[0], True
    return type_, False


def parse_type(text: str) -> CelType:
    """Return the type that a signature names: a single capital letter is a parameter."""
    name, _, rest = text.strip().partition("<")
    if not rest:
        if len(name) == 1:
            return CelType("parameter", name)
        return _NAMED.get(name) or CelType("opaque", name)
    inner = tuple(map(parse_type, split_arguments(rest.removesuffix(">"))))
    match name:
        case "list":
            return list_of(*inner)
        case "map":
            return map_of(*inner)
        case "optional":
            return optional_of(*inner)
        case "type":
            return type_of(*inner)
    return CelType("opaque", name, inner)


def split_arguments(text: str) -> list[str]:
    """Return the parts between commas that are in no brackets."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += {"<": 1, ">": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(text[start:position].strip())
            start = position + 1
    return [*parts, text[start:].strip()] if text.strip() else []


def substitute(
    bindings: dict[CelType, CelType], type_: CelType, *, free_as_dyn: bool = False
) -> CelType:
    """Return a type with its parameters replaced by what they are bound to."""
    while type_ in bindings:
        type_ = bindings[type_]
    if type_.kind == "parameter":
        return DYN if free_as_dyn else type_
    if not type_.parameters:
        return type_
    inner = tuple(substitute(bindings, p, free_as_dyn=free_as_dyn) for p in type_.parameters)
    return type_ if inner == type_.parameters else CelType(type_.kind, type_.name, inner)
