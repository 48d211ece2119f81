"""What the schema says of one place in a document: for hints, for explanations, for help.

Nothing here validates: see `validator`.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from webhook.graph.path import Segment
from webhook.graph.schema.document import KUBERNETES_PREFIX, load_schema, raw_schema
from webhook.graph.text import normalize_word

Schema = Mapping[str, Any]

DEFINITIONS_PREFIX = "#/$defs/"


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """What the schema says of one place.

    types        what may be there: ("array", "null"); empty: anything
    format       "int32", "int64", "int-or-string" or ""
    definition   the definition it belongs to: of an object, the one that lists its fields
                 ("Predictor", "io.k8s.api.core.v1.Container"); of anything else, the one whose
                 field it is
    fields       the names of the fields that an object has there, in document order
    required     those of them that it must have
    description  what it is for, a sentence or more; empty inside of Kubernetes' own types
    default      the default value, in words; empty: none
    note         further information; empty: none
    see_url      address of a page that says more; empty: none
    enums        the tables of known words that apply (`words`)
    deprecated   whether nothing reads it any more
    """

    types: tuple[str, ...]
    format: str
    definition: str
    fields: tuple[str, ...]
    required: tuple[str, ...]
    description: str
    default: str
    note: str
    see_url: str
    enums: tuple[str, ...]
    deprecated: bool

    @property
    def is_kubernetes(self) -> bool:
        """Whether Kubernetes, not Seldon Core, says what may be there."""
        return self.definition.startswith(KUBERNETES_PREFIX)


def get_field_info(path: Iterable[Segment]) -> FieldInfo | None:
    """Return what the schema says of the place at `path`; None: it knows no such place.

    The place need not exist in a document; only whether a step is a key or an index counts.
    Below a list of nodes, of predictors or of componentSpecs a key is followed too, as if the one
    element was there without its dash.
    """
    return _cached_field_info(_canonical(tuple(path)))


def _canonical(path: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """Return the shortest path of which the schema says the same: a node is like its parent."""
    graph = path[:2] == ("spec", "predictors") and "graph" in path[:4]
    size = path.index("graph") + 1 if graph else len(path)
    below = size
    while below < len(path) - 1 and path[below] == "children":
        step = 2 if isinstance(path[below + 1], int) else 1
        if below + step >= len(path):
            break
        below += step
    shortened = path[:size] + path[below:]
    return tuple(0 if isinstance(segment, int) else segment for segment in shortened)


@functools.lru_cache(maxsize=1024)
def _cached_field_info(path: tuple[Segment, ...]) -> FieldInfo | None:
    field_schema: Schema = load_schema()
    definition = _definition_name(field_schema) or ""
    for segment in path:
        child_schema = _child_schema(field_schema, segment)
        if child_schema is None:
            return None
        field_schema = child_schema
        definition = _definition_name(field_schema) or definition
    return _build_field_info(field_schema, definition)


def known_fields(path: Iterable[Segment]) -> tuple[str, ...]:
    """Return the names of the fields that the object at `path` may have, in document order.

    Empty: no object is there, or one whose keys are free (labels), or the place is unknown.
    """
    info = get_field_info(path)
    return info.fields if info else ()


def fields_with_fields(definition: str) -> frozenset[str]:
    """Return the fields of a definition that have fields themselves, or whose items have."""
    return frozenset(
        field
        for field, child_schema in load_schema()["$defs"][definition]["properties"].items()
        if _definition_name(child_schema.get("items", child_schema))
    )


def field_locations(field: str) -> tuple[str, ...]:
    """Return where a field of this name belongs, shallowest first, for a field gone astray.

    homes("hpaSpec") is ("spec.predictors[].componentSpecs[].hpaSpec",). The fields of Seldon Core
    are known, and those of pods and containers; `status` and the insides of metrics are left out.
    """
    return _field_locations().get(field, ())


def find_spelling(field: str) -> str:
    """Return the field that this one is but for case, "-" and "_": nodeSelector for node_selector.

    "" if there is none, or several; only of fields that `field_locations` knows.
    """
    spellings = _fields_by_letters().get(normalize_word(field), ())
    return spellings[0] if len(spellings) == 1 and spellings[0] != field else ""


@functools.cache
def _fields_by_letters() -> Mapping[str, tuple[str, ...]]:
    fields: dict[str, tuple[str, ...]] = {}
    for field in _field_locations():
        letters = normalize_word(field)
        fields[letters] = (*fields.get(letters, ()), field)
    return fields


@functools.cache
def _field_locations() -> Mapping[str, tuple[str, ...]]:
    locations: dict[str, list[str]] = {}
    for spelling, field in _walk_fields("", load_schema(), ()):
        locations.setdefault(field, []).append(spelling)
    return {
        field: tuple(sorted(spellings, key=lambda text: (text.count("."), text)))
        for field, spellings in locations.items()
    }


# Definitions that `homes` does not look into: their fields are never misplaced, and their many
# small names ("name", "type", "target") would drown the ones that matter.
_EXCLUDED_DEFINITIONS = frozenset(
    {"Status", "ComponentMetadata", "MetricV2beta1", "KedaAdvanced", "KedaFallback"}
)
# Of Kubernetes' types, those that an author writes by hand every day.
_INCLUDED_KUBERNETES_DEFINITIONS = frozenset(
    {
        "io.k8s.api.core.v1.PodSpec",
        "io.k8s.api.core.v1.Container",
        "io.k8s.api.core.v1.ResourceRequirements",
    }
)


def _walk_fields(
    prefix: str, field_schema: Schema, ancestors: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """Yield (spelling, name) of each field below `place`, a definition once on each branch."""
    name = _definition_name(field_schema)
    if (
        name is None
        or name in ancestors
        or name in _EXCLUDED_DEFINITIONS
        or field_schema.get("deprecated")
    ):
        return
    if name.startswith(KUBERNETES_PREFIX) and name not in _INCLUDED_KUBERNETES_DEFINITIONS:
        return
    for field, child_schema in load_schema()["$defs"][name]["properties"].items():
        spelling = f"{prefix}.{field}" if prefix else field
        if spelling == "status":  # nothing that an author writes belongs there
            continue
        yield spelling, field
        element = child_schema.get("items")
        next_level = (spelling + "[]", element) if element else (spelling, child_schema)
        yield from _walk_fields(*next_level, (*ancestors, name))


def _child_schema(field_schema: Schema, segment: Segment) -> Schema | None:
    """Return the place one step below `here`, or None."""
    for layer in _schema_layers(field_schema):
        if isinstance(segment, int):
            inner = layer.get("items")
        else:
            inner = layer.get("properties", {}).get(segment, layer.get("additionalProperties"))
        if isinstance(inner, dict):
            return inner
    return None


def _schema_layers(field_schema: Schema) -> Iterator[Schema]:
    """Yield what applies at one place: the place's own schema, then the definition it names."""
    yield field_schema
    name = _definition_name(field_schema)
    if name:
        yield load_schema()["$defs"][name]


def _definition_name(field_schema: Schema) -> str | None:
    reference: str | None = field_schema.get("$ref")
    return reference.removeprefix(DEFINITIONS_PREFIX) if reference else None


def _build_field_info(field_schema: Schema, definition: str) -> FieldInfo:
    *_, fields = _schema_layers(field_schema)
    return FieldInfo(
        types=allowed_types(field_schema),
        format=field_schema.get("format", ""),
        definition=definition,
        fields=tuple(fields.get("properties", ())),
        required=tuple(fields.get("required", ())),
        description=field_schema.get("description", ""),
        default=field_schema.get("x-default", ""),
        note=field_schema.get("x-note", ""),
        see_url=field_schema.get("x-see", ""),
        enums=tuple(field_schema.get("x-words", ())),
        deprecated=field_schema.get("deprecated", False),
    )


def allowed_types(field_schema: Schema) -> tuple[str, ...]:
    """Return the JSON types that the schema of one place lets through; empty: any."""
    allowed = field_schema.get("type", ())
    return (allowed,) if isinstance(allowed, str) else tuple(allowed)


def seldon_definitions() -> Mapping[str, Schema]:
    """Return the definitions that are Seldon Core's, in the order in which they are written."""
    found: dict[str, Schema] = raw_schema()["$defs"]
    return found
