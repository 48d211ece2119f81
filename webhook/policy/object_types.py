"""The types of a SeldonDeployment's fields, for what a policy says of `object`.

kube-apiserver checks policies against the CustomResourceDefinition and writes what it finds into
status.typeChecking: a warning, for an expression runs without types. Here the types are those of
`graph.schema`, which has the fields of pods too; where the CRD is open, the API server warns of
every field below (`componentSpecs[0].spec.containers`), and this does not.
Source: k8s.io/apiserver pkg/admission/plugin/policy/validating/typechecking.go.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from webhook.cel.environment import StructTypes
from webhook.cel.types import BOOL, DOUBLE, DYN, INT, STRING, CelType, list_of, map_of, struct
from webhook.graph.schema import load_schema
from webhook.graph.well_known import SELDON_GROUP, SELDON_RESOURCE
from webhook.policy.model import MatchResources

_SCALARS = {"string": STRING, "integer": INT, "number": DOUBLE, "boolean": BOOL}


def names_seldon_deployments(match: MatchResources) -> bool:
    """Return whether a policy names the kind: with wildcards the API server checks nothing."""
    return any(
        SELDON_GROUP in rule.api_groups and SELDON_RESOURCE in rule.resources
        for rule in match.resource_rules or ()
    )


@cache
def seldon_deployment_types() -> tuple[CelType, StructTypes]:
    """Return the type of the object, and the fields of all types in it."""
    schema = load_schema()
    definitions: Mapping[str, Any] = schema["$defs"]
    types = {
        name: {
            field: _field_type(field, raw, definitions)
            for field, raw in definition["properties"].items()
        }
        for name, definition in definitions.items()
        if definition.get("properties")
    }
    return struct(schema["$ref"].rpartition("/")[2]), types


def _field_type(name: str, raw: Mapping[str, Any], definitions: Mapping[str, Any]) -> CelType:
    kinds = raw.get("type", ())
    names = {kinds} if isinstance(kinds, str) else set(kinds)
    names.discard("null")
    if len(names) != 1:
        return DYN  # a port's name or number
    (kind,) = names
    if kind == "array":
        items = raw.get("items")
        return list_of(_field_type("", items, definitions)) if items else list_of(DYN)
    if kind == "object":
        reference = raw.get("$ref", "").rpartition("/")[2]
        if definitions.get(reference, {}).get("properties"):
            return struct(reference)
        values = raw.get("additionalProperties")
        return map_of(STRING, _field_type("", values, definitions)) if values else DYN
    if kind == "string" and name.endswith(("Time", "Timestamp")):
        return DYN  # a timestamp to the API server
    return _SCALARS.get(kind, DYN)
