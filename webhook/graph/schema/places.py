"""What the schema says of one place in a document: for hints, for explanations, for help.

Nothing here validates: see `validator`.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from webhook.graph.path import Segment
from webhook.graph.schema.document import KUBERNETES, schema, written

Schema = Mapping[str, Any]

_PREFIX = "#/$defs/"


@dataclass(frozen=True, slots=True)
class Place:
    """What the schema says of one place.

    types        what may stand there: ("array", "null"); empty: anything
    format       "int32", "int64", "int-or-string" or ""
    definition   the definition it belongs to: of an object, the one that lists its fields
                 ("Predictor", "io.k8s.api.core.v1.Container"); of anything else, the one whose
                 field it is
    fields       the names of the fields that an object has there, in document order
    required     those of them that it must have
    description  what it is for, a sentence or more; empty inside of Kubernetes' own types
    default      what an author gets who leaves it out, in words; empty: nothing
    note         what one should know beyond that; empty: nothing
    see          address of a page that says more; empty: none
    tables       the tables of known words that apply (`words`)
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
    see: str
    tables: tuple[str, ...]
    deprecated: bool

    @property
    def kubernetes(self) -> bool:
        """Whether Kubernetes, not Seldon Core, says what may stand there."""
        return self.definition.startswith(KUBERNETES)


def look_up(path: Iterable[Segment]) -> Place | None:
    """Return what the schema says of the place at `path`; None: it knows no such place.

    The place need not exist in a document; only whether a step is a key or an index counts.
    Below a list of nodes, of predictors or of componentSpecs a key is followed too, as if the one
    element stood there without its dash.
    """
    here: Schema = schema()
    definition = _definition(here) or ""
    for segment in path:
        step = _step(here, segment)
        if step is None:
            return None
        here = step
        definition = _definition(here) or definition
    return _place(here, definition)


def known_fields(path: Iterable[Segment]) -> tuple[str, ...]:
    """Return the names of the fields that the object at `path` may have, in document order.

    Empty: no object stands there, or one whose keys are free (labels), or the place is unknown.
    """
    place = look_up(path)
    return place.fields if place else ()


def homes(field: str) -> tuple[str, ...]:
    """Return where a field of this name belongs, shallowest first, for a field gone astray.

    homes("hpaSpec") is ("spec.predictors[].componentSpecs[].hpaSpec",). The fields of Seldon Core
    are known, and those of pods and containers; `status` and the insides of metrics are left out.
    """
    return _homes().get(field, ())


@functools.cache
def _homes() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for spelling, field in _walk("", schema(), ()):
        found.setdefault(field, []).append(spelling)
    return {
        field: tuple(sorted(spellings, key=lambda text: (text.count("."), text)))
        for field, spellings in found.items()
    }


# Definitions that `homes` does not look into: nobody misplaces a field of theirs, and their many
# small names ("name", "type", "target") would drown the ones that matter.
_NO_HOMES = frozenset(
    {"Status", "ComponentMetadata", "MetricV2beta1", "KedaAdvanced", "KedaFallback"}
)
# Of Kubernetes' types, those that an author writes by hand every day.
_EVERYDAY = frozenset(
    {
        "io.k8s.api.core.v1.PodSpec",
        "io.k8s.api.core.v1.Container",
        "io.k8s.api.core.v1.ResourceRequirements",
    }
)


def _walk(prefix: str, place: Schema, branch: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield (spelling, name) of each field below `place`, a definition once on each branch."""
    name = _definition(place)
    if name is None or name in branch or name in _NO_HOMES or place.get("deprecated"):
        return
    if name.startswith(KUBERNETES) and name not in _EVERYDAY:
        return
    for field, inner in schema()["$defs"][name]["properties"].items():
        spelling = f"{prefix}.{field}" if prefix else field
        if spelling == "status":  # nothing that an author writes belongs there
            continue
        yield spelling, field
        element = inner.get("items")
        below = (spelling + "[]", element) if element else (spelling, inner)
        yield from _walk(*below, (*branch, name))


def _step(here: Schema, segment: Segment) -> Schema | None:
    """Return the place one step below `here`, or None."""
    for layer in _layers(here):
        if isinstance(segment, int):
            inner = layer.get("items")
        else:
            inner = layer.get("properties", {}).get(segment, layer.get("additionalProperties"))
        if isinstance(inner, dict):
            return inner
    return None


def _layers(here: Schema) -> Iterator[Schema]:
    """Yield what applies at one place: the place's own schema, then the definition it names."""
    yield here
    name = _definition(here)
    if name:
        yield schema()["$defs"][name]


def _definition(here: Schema) -> str | None:
    reference: str | None = here.get("$ref")
    return reference.removeprefix(_PREFIX) if reference else None


def _place(here: Schema, definition: str) -> Place:
    *_, fields = _layers(here)
    return Place(
        types=types(here),
        format=here.get("format", ""),
        definition=definition,
        fields=tuple(fields.get("properties", ())),
        required=tuple(fields.get("required", ())),
        description=here.get("description", ""),
        default=here.get("x-default", ""),
        note=here.get("x-note", ""),
        see=here.get("x-see", ""),
        tables=tuple(here.get("x-words", ())),
        deprecated=here.get("deprecated", False),
    )


def types(here: Schema) -> tuple[str, ...]:
    """Return the JSON types that the schema of one place lets through; empty: any."""
    allowed = here.get("type", ())
    return (allowed,) if isinstance(allowed, str) else tuple(allowed)


def definitions() -> Mapping[str, Schema]:
    """Return the definitions that are Seldon Core's, in the order in which they are written."""
    found: dict[str, Schema] = written()["$defs"]
    return found
