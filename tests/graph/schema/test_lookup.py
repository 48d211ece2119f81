"""What the schema says of one place: known fields, types, where a stray field belongs."""

from collections.abc import Iterable

import pytest

from tests.graph.schema.documents import EVERYTHING, iter_paths
from webhook.graph.path import Path, Segment, resolve_path
from webhook.graph.schema import (
    field_locations,
    find_spelling,
    get_field_info,
    known_fields,
    load_schema,
    seldon_definitions,
)

GRAPH = Path(("spec", "predictors", 0, "graph"))
POD = Path(("spec", "predictors", 0, "componentSpecs", 0, "spec"))
NODE = tuple(seldon_definitions()["Node"]["properties"])


def types_at(path: Iterable[Segment]) -> tuple[str, ...]:
    """The JSON types that may stand at a place; empty: unknown or any."""
    place = get_field_info(path)
    return place.types if place else ()


def test_the_known_fields_of_a_node_are_in_document_order() -> None:
    assert known_fields(GRAPH) == (
        "name",
        "type",
        "implementation",
        "methods",
        "children",
        "endpoint",
        "parameters",
        "modelUri",
        "serviceAccountName",
        "envSecretRefName",
        "storageInitializerImage",
        "logger",
    )


@pytest.mark.parametrize("depth", [1, 2, 50])
def test_a_child_of_any_depth_has_the_fields_of_a_node(depth: int) -> None:
    assert known_fields(GRAPH.join(("children", 3) * depth)) == NODE


def test_a_mapping_under_children_has_the_fields_of_a_node() -> None:
    assert known_fields(GRAPH / "children") == NODE
    assert known_fields(GRAPH.join(("children", "children"))) == NODE
    assert known_fields(GRAPH.join(("children", "endpoint"))) == known_fields(GRAPH / "endpoint")


def test_the_known_fields_of_the_document_are_its_five() -> None:
    assert known_fields(()) == ("apiVersion", "kind", "metadata", "spec", "status")


def test_the_fields_of_a_container_are_kubernetes_own() -> None:
    path = get_field_info(POD.join(("containers", 2)))
    assert path is not None
    assert path.is_kubernetes
    assert path.definition == "io.k8s.api.core.v1.Container"
    assert {"image", "name", "securityContext"} <= set(path.fields)
    assert path.required == ("name",)


def test_the_pod_itself_is_kubernetes_own_and_what_holds_it_is_not() -> None:
    pod, component = get_field_info(POD), get_field_info(POD.parent)
    assert pod is not None
    assert component is not None
    assert (pod.is_kubernetes, component.is_kubernetes) == (True, False)


@pytest.mark.parametrize(
    "path",
    [
        ("metadata", "labels"),
        ("spec", "annotations", "a"),
        ("spec", "protocol"),
        ("spec", "nothing"),
        ("spec", 0),
        ("spec", "predictors", 0, "graph", "nothing", "below"),
    ],
)
def test_a_place_without_fields_has_none(path: tuple[Segment, ...]) -> None:
    assert known_fields(path) == ()


@pytest.mark.parametrize(
    ("path", "types"),
    [
        ((), ("object",)),
        (("spec", "replicas"), ("integer", "null")),
        (("spec", "annotations", "any/key"), ("string", "null")),
        (GRAPH / "children", ("array", "null")),
        (GRAPH.join(("children", 0)), ("object",)),
        (GRAPH.join(("methods", 0)), ("string",)),
        (POD / "containers", ("array",)),
        (POD.join(("containers", 0, "resources", "limits", "cpu")), ("number", "string", "null")),
        (POD.join(("securityContext", "supplementalGroups", 0)), ("integer",)),
        (POD.parent.join(("pdbSpec", "minAvailable")), ("integer", "string", "null")),
        (("spec", "nothing"), ()),
    ],
)
def test_look_up_names_the_types_of_a_place(
    path: tuple[Segment, ...], types: tuple[str, ...]
) -> None:
    assert types_at(path) == types


def test_look_up_returns_all_that_is_written_of_a_field() -> None:
    path = get_field_info(GRAPH / "type")
    assert path is not None
    assert (path.types, path.definition, path.enums, path.default, path.deprecated) == (
        ("string", "null"),
        "Node",
        ("node-types",),
        "MODEL, if implementation and methods are absent too",
        False,
    )
    assert path.description == "What the step does with a request."
    assert path.note.startswith("A prepackaged server is always a MODEL")


def test_the_fields_that_nothing_reads_are_deprecated() -> None:
    deprecated = {
        f"{name}.{field}"
        for name, definition in seldon_definitions().items()
        for field, path in definition["properties"].items()
        if path.get("deprecated")
    }
    assert deprecated == {
        "Spec.name",
        "Spec.oauth_key",
        "Spec.oauth_secret",
        "Predictor.engineResources",
    }


@pytest.mark.parametrize(
    ("field", "places"),
    [
        ("hpaSpec", ("spec.predictors[].componentSpecs[].hpaSpec",)),
        ("containers", ("spec.predictors[].componentSpecs[].spec.containers",)),
        ("graph", ("spec.predictors[].graph",)),
        ("children", ("spec.predictors[].graph.children",)),
        ("predictors", ("spec.predictors",)),
        ("nothing", ()),
    ],
)
def test_a_stray_field_has_a_home(field: str, places: tuple[str, ...]) -> None:
    assert field_locations(field) == places


def test_the_homes_of_a_field_begin_with_the_shallowest() -> None:
    assert field_locations("replicas")[:3] == (
        "spec.replicas",
        "spec.predictors[].replicas",
        "spec.predictors[].componentSpecs[].replicas",
    )


def test_every_place_of_a_valid_document_is_known_with_its_type() -> None:
    wrong = [
        str(path)
        for path in iter_paths(EVERYTHING)
        # Open: what stands in a status or in managedFields is nobody's business.
        if path[0:1] != ("status",) and "fieldsV1" not in path
        if not _names(resolve_path(EVERYTHING, path)) & set(types_at(path))
    ]
    assert wrong == []


def _names(value: object) -> set[str]:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return {names[type(value)]} if type(value) in names else {"integer", "number"}


def test_a_definition_has_the_fields_that_look_up_names() -> None:
    for path in iter_paths(EVERYTHING):
        field_path = get_field_info(path)
        if field_path and field_path.fields:
            assert field_path.fields == tuple(
                load_schema()["$defs"][field_path.definition]["properties"]
            )


@pytest.mark.parametrize(
    ("written", "field"),
    [
        ("node_selector", "nodeSelector"),
        ("NodeSelector", "nodeSelector"),
        ("model-uri", "modelUri"),
        ("nodeSelector", ""),
        ("node_selectors", ""),
        ("", ""),
    ],
)
def test_a_field_is_found_in_another_spelling(written, field):
    assert find_spelling(written) == field
