"""What the checker knows without any library: CEL's operators, conversions and types.

Source: google/cel-spec doc/langdef.md, "List of Standard Definitions"; numbers are ordered across
types, as Kubernetes has it since 1.28.
"""

from webhook.cel.types import (
    DURATION,
    DYN,
    INT,
    NULL,
    PRIMITIVES,
    STRING,
    TIMESTAMP,
    WRAPPERS,
    CelType,
    list_of,
    map_of,
    struct,
    type_of,
)

_NUMBERS = ("int", "uint", "double")
_ORDERED = ("bool", *_NUMBERS, "string", "bytes", "timestamp", "duration")
_PAIRS = [(t, t) for t in _ORDERED] + [(a, b) for a in _NUMBERS for b in _NUMBERS if a != b]


def _getter(name: str, *, of_duration: bool = False) -> tuple[str, ...]:
    texts = (f"timestamp.{name}() -> int", f"timestamp.{name}(string) -> int")
    return (*texts, f"duration.{name}() -> int") if of_duration else texts


def _conversions(name: str, *sources: str) -> tuple[str, ...]:
    return tuple(f"{name}({source}) -> {name}" for source in sources)


STANDARD_SIGNATURES: dict[str, tuple[str, ...]] = {
    "_?_:_": ("_?_:_(bool, A, A) -> A",),
    "_&&_": ("_&&_(bool, bool) -> bool",),
    "_||_": ("_||_(bool, bool) -> bool",),
    "!_": ("!_(bool) -> bool",),
    "@not_strictly_false": ("@not_strictly_false(bool) -> bool",),
    "_==_": ("_==_(A, A) -> bool",),
    "_!=_": ("_!=_(A, A) -> bool",),
    **{
        operator: tuple(f"{operator}({a}, {b}) -> bool" for a, b in _PAIRS)
        for operator in ("_<_", "_<=_", "_>_", "_>=_")
    },
    "_+_": (
        *(f"_+_({t}, {t}) -> {t}" for t in ("bytes", "double", "duration")),
        "_+_(duration, timestamp) -> timestamp",
        "_+_(timestamp, duration) -> timestamp",
        *(f"_+_({t}, {t}) -> {t}" for t in ("int", "list<A>", "string", "uint")),
    ),
    "_-_": (
        *(f"_-_({t}, {t}) -> {t}" for t in ("double", "duration", "int")),
        "_-_(timestamp, duration) -> timestamp",
        "_-_(timestamp, timestamp) -> duration",
        "_-_(uint, uint) -> uint",
    ),
    "_*_": tuple(f"_*_({t}, {t}) -> {t}" for t in ("double", "int", "uint")),
    "_/_": tuple(f"_/_({t}, {t}) -> {t}" for t in ("double", "int", "uint")),
    "_%_": tuple(f"_%_({t}, {t}) -> {t}" for t in ("int", "uint")),
    "-_": tuple(f"-_({t}) -> {t}" for t in ("double", "int")),
    "_[_]": (
        "_[_](list<A>, int) -> A",
        "_[_](map<A, B>, A) -> B",
        "_[_](optional<list<B>>, int) -> optional<B>",
        "_[_](optional<map<A, B>>, A) -> optional<B>",
    ),
    "_[?_]": (
        "_[?_](list<B>, int) -> optional<B>",
        "_[?_](optional<list<B>>, int) -> optional<B>",
        "_[?_](map<A, B>, A) -> optional<B>",
        "_[?_](optional<map<A, B>>, A) -> optional<B>",
    ),
    "@in": ("@in(A, list<A>) -> bool", "@in(A, map<A, B>) -> bool"),
    "size": tuple(
        text
        for t in ("bytes", "list<A>", "map<A, B>", "string")
        for text in (f"size({t}) -> int", f"{t}.size() -> int")
    ),
    "type": ("type(A) -> type<A>",),
    "bool": _conversions("bool", "bool", "string"),
    "bytes": _conversions("bytes", "bytes", "string"),
    "double": _conversions("double", "double", "int", "string", "uint"),
    "duration": _conversions("duration", "duration", "int", "string"),
    "dyn": ("dyn(A) -> dyn",),
    "int": _conversions("int", "int", "double", "duration", "string", "timestamp", "uint"),
    "string": _conversions(
        "string", "string", "bool", "bytes", "double", "duration", "int", "timestamp", "uint"
    ),
    "timestamp": _conversions("timestamp", "timestamp", "int", "string"),
    "uint": _conversions("uint", "uint", "double", "int", "string"),
    "contains": ("string.contains(string) -> bool",),
    "startsWith": ("string.startsWith(string) -> bool",),
    "endsWith": ("string.endsWith(string) -> bool",),
    "matches": ("matches(string, string) -> bool", "string.matches(string) -> bool"),
    **{
        name: _getter(name)
        for name in (
            "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"
        )
    },
    **{
        name: _getter(name, of_duration=True)
        for name in ("getHours", "getMinutes", "getSeconds", "getMilliseconds")
    },
}  # fmt: skip
"""By the function's name."""

_WELL_KNOWN = {
    TIMESTAMP.name: TIMESTAMP,
    DURATION.name: DURATION,
    **WRAPPERS,
    "google.protobuf.Any": DYN,
    "google.protobuf.Value": DYN,
    "google.protobuf.ListValue": list_of(DYN),
    "google.protobuf.Struct": map_of(STRING, DYN),
}

TYPE_NAMES: dict[str, CelType] = {
    **{name: type_of(type_) for name, type_ in PRIMITIVES.items()},
    "dyn": type_of(DYN),
    "list": type_of(list_of(CelType("parameter", "A"))),
    "map": type_of(map_of(CelType("parameter", "A"), CelType("parameter", "B"))),
    "null_type": type_of(NULL),
    "type": type_of(CelType("type", "type")),
    "optional_type": type_of(CelType("opaque", "optional_type", (CelType("parameter", "A"),))),
    **{name: type_of(type_) for name, type_ in _WELL_KNOWN.items()},
    "google.protobuf.Empty": type_of(struct("google.protobuf.Empty")),
    "google.protobuf.NullValue.NULL_VALUE": INT,
}
"""Names of types (the last one is the name of a number)."""

WELL_KNOWN_FIELDS: dict[str, dict[str, CelType]] = {
    TIMESTAMP.name: {"seconds": INT, "nanos": INT},
    DURATION.name: {"seconds": INT, "nanos": INT},
    "google.protobuf.ListValue": {"values": list_of(DYN)},
    "google.protobuf.Struct": {"fields": map_of(STRING, DYN)},
    "google.protobuf.Value": {
        "null_value": INT,
        "number_value": PRIMITIVES["double"],
        "string_value": STRING,
        "bool_value": PRIMITIVES["bool"],
        "struct_value": map_of(STRING, DYN),
        "list_value": list_of(DYN),
    },
    **{name: {"value": PRIMITIVES[type_.name]} for name, type_ in WRAPPERS.items()},
}
"""What a literal of a type of Protocol Buffers may have in its braces."""
