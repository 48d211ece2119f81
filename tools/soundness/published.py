"""Kubernetes' published schema: the fields of everything that a SeldonDeployment brings along.

The API server itself publishes it, at /openapi/v3.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any, Literal

from tools.control_plane.run import ControlPlane
from tools.control_plane.waiting import wait_until

Schema = Mapping[str, Any]
Type = Literal[
    "string",
    "integer",
    "number",
    "boolean",
    "array",
    "object",
    "map",
    "quantity",
    "int-or-string",
    "time",
    "any",
]

_GROUPS = (
    *("api/v1", "apis/apps/v1", "apis/autoscaling/v2", "apis/policy/v1"),
    "apis/machinelearning.seldon.io/v1",
)
_CORE = "io.k8s.api.core.v1"
_AUTOSCALING = "io.k8s.api.autoscaling.v2"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_PREDICTOR = "spec.predictors[]"
_COMPONENT = f"{_PREDICTOR}.componentSpecs[]"

ROOTS = (
    ("", "io.seldon.machinelearning.v1.SeldonDeployment"),
    ("metadata", f"{_META}.ObjectMeta"),
    (f"{_COMPONENT}.metadata", f"{_META}.ObjectMeta"),
    (f"{_COMPONENT}.spec", f"{_CORE}.PodSpec"),
    (f"{_COMPONENT}.hpaSpec.metricsv2[]", f"{_AUTOSCALING}.MetricSpec"),
    (f"{_COMPONENT}.pdbSpec", "io.k8s.api.policy.v1.PodDisruptionBudgetSpec"),
    (
        f"{_COMPONENT}.kedaSpec.advanced.horizontalPodAutoscalerConfig.behavior",
        f"{_AUTOSCALING}.HorizontalPodAutoscalerBehavior",
    ),
    (f"{_PREDICTOR}.explainer.containerSpec", f"{_CORE}.Container"),
    (f"{_PREDICTOR}.svcOrchSpec.env[]", f"{_CORE}.EnvVar"),
    (f"{_PREDICTOR}.svcOrchSpec.resources", f"{_CORE}.ResourceRequirements"),
    (f"{_PREDICTOR}.engineResources", f"{_CORE}.ResourceRequirements"),
)
"""Where in a SeldonDeployment which published type is."""

_NOT_WRITTEN = frozenset({"status", "apiVersion", "kind"})
"""Fields of the document that no author writes, or that say what it is."""

_SECONDS_TO_PUBLISH = 60


@dataclass(frozen=True, slots=True)
class Field:
    """One published field.

    path      "spec.predictors[].name"
    type      the JSON type, or what Kubernetes makes of several ("quantity")
    of        the short name of its own type: "Probe"; "" where it has none
    words     what its published enum allows
    required  the fields that an object here has to have
    keys      of a list: the fields by which its items differ
    """

    path: str
    type: Type
    of: str = ""
    words: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    default: Any = None

    @property
    def name(self) -> str:
        """The last field of the path."""
        return self.path.removesuffix("[]").rpartition(".")[2]

    @property
    def parent(self) -> str:
        """The path of the object that has the field, or of the list that has the item."""
        if self.path.endswith("[]"):
            return self.path.removesuffix("[]")
        return self.path.rpartition(".")[0]


class Published:
    """The published fields, by path and by the object that has them."""

    def __init__(
        self, definitions: Mapping[str, Schema], roots: Iterable[tuple[str, str]] = ROOTS
    ) -> None:
        self._definitions = definitions
        self.fields: dict[str, Field] = {}
        for place, name in roots:
            for field in self._walk(place, {"$ref": f"/{name}"}, ()):
                self.fields[field.path] = field
        self.fields.pop("", None)

    @classmethod
    def fetch(cls, plane: ControlPlane) -> "Published":
        """Ask a running API server for its schema; what was just installed, it publishes later.

        Raises NotReadyError.
        """
        definitions: dict[str, Schema] = {}

        def is_complete() -> bool:
            for group in _GROUPS:
                response = plane.request("GET", f"/openapi/v3/{group}")
                if response.status != HTTPStatus.OK:
                    return False
                definitions.update(response.body["components"]["schemas"])
            return all(name in definitions for _, name in ROOTS)

        wait_until(is_complete, what="the published schema", seconds=_SECONDS_TO_PUBLISH)
        return cls(definitions)

    @cached_property
    def children(self) -> Mapping[str, tuple[Field, ...]]:
        """The fields of each object, by the object's path."""
        found: dict[str, list[Field]] = {}
        for field in self.fields.values():
            if not field.path.endswith("[]"):
                found.setdefault(field.parent, []).append(field)
        return {path: tuple(fields) for path, fields in found.items()}

    @cached_property
    def leaves(self) -> tuple[Field, ...]:
        """Every field, each once: the items of lists with their list."""
        return tuple(field for field in self.fields.values() if not field.path.endswith("[]"))

    def _walk(self, path: str, schema: Schema, above: tuple[str, ...]) -> Iterator[Field]:
        name, schema = self._resolve(schema)
        if name and name in above:
            return  # a type that holds itself
        if name:
            above = (*above, name)
        yield _to_field(path, name, schema)
        for key, inner in schema.get("properties", {}).items():
            if path or key not in _NOT_WRITTEN:
                yield from self._walk(f"{path}.{key}" if path else key, inner, above)
        if "items" in schema:
            yield from self._walk(f"{path}[]", schema["items"], above)

    def _resolve(self, schema: Schema) -> tuple[str, Schema]:
        """Return the type's name and its schema, with what is said where it is used."""
        parts = schema.get("allOf", ())
        reference = schema.get("$ref") or next((p["$ref"] for p in parts if "$ref" in p), "")
        if not reference:
            return "", schema
        name = reference.rpartition("/")[2]
        return name, {**schema, **self._definitions[name]}


def _to_field(path: str, name: str, schema: Schema) -> Field:
    return Field(
        path=path,
        type=_type(name, schema),
        of=name.rpartition(".")[2],
        words=tuple(schema.get("enum", ())),
        required=tuple(schema.get("required", ())),
        keys=tuple(schema.get("x-kubernetes-list-map-keys", ())),
        default=schema.get("default"),
    )


def _type(name: str, schema: Schema) -> Type:
    if name.endswith(".Quantity"):
        return "quantity"
    if schema.get("format") == "int-or-string" or schema.get("x-kubernetes-int-or-string"):
        return "int-or-string"
    if schema.get("format") == "date-time" or name.endswith("Time"):
        return "time"
    found = schema.get("type", "object" if "properties" in schema else "any")
    if found == "object" and "properties" not in schema:
        return "map" if "additionalProperties" in schema else "any"
    return found  # type: ignore[no-any-return]
