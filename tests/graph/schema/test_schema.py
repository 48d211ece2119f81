"""What the schema takes, what it does not, and where it says so."""

import copy
from typing import Any

import jsonschema
import jsonschema_rs
import orjson
import pytest
from hypothesis import given, settings

from tests.graph.schema.documents import CHAIN, EVERYTHING, broken_documents
from webhook.graph.path import Path
from webhook.graph.schema import get_validator, kubernetes_minor, load_schema, seldon_definitions

REFERENCE = jsonschema.Draft202012Validator(load_schema(bounded=True))


def validation_errors(document: Any, *, bounded: bool = False) -> set[tuple[str, str, str]]:
    """Return (path, keyword, missing or unknown field) of each error."""
    return {
        (str(Path(error.instance_path)), error.kind.name, _detail(error))
        for error in get_validator(bounded=bounded).iter_errors(document)
    }


def _detail(error: jsonschema_rs.ValidationError) -> str:
    kind = error.kind
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
        return kind.property
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
        return ",".join(sorted(kind.unexpected))
    return ""


def with_value(path: str, value: Any) -> dict[str, Any]:
    """Return CHAIN with `value` at a JSON Pointer."""
    document = copy.deepcopy(CHAIN)
    *above, last = Path.from_pointer(path, document)
    here: Any = document
    for segment in above:
        here = here[segment]
    here[last] = value
    return document


@pytest.mark.parametrize("document", [CHAIN, EVERYTHING], ids=["chain", "everything"])
def test_valid_documents_have_no_errors(document: dict[str, Any]) -> None:
    assert validation_errors(document, bounded=True) == set()


def test_everything_uses_every_field_of_seldon_that_has_an_effect() -> None:
    used = {key for key, _ in _keys(EVERYTHING)}
    fields = {
        (name, field)
        for name, definition in seldon_definitions().items()
        for field, path in definition["properties"].items()
        if "no effect" not in path["description"] and name != "Status"
    }
    # Left out of the document because another field of the same name or meaning is in it.
    unused = {field for _, field in fields} - used
    assert unused == {
        "activationTarget",
        "averageValue",
        "container",
        "containerResource",
        "metricType",
        "selector",
        "useCachedMetrics",
    }


def _keys(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, list):
        return [pair for element in value for pair in _keys(element)]
    if not isinstance(value, dict):
        return []
    return [*value.items(), *(pair for inner in value.values() for pair in _keys(inner))]


@pytest.mark.parametrize("version", ["v1alpha2", "v1alpha3", "v1", "v9", ""])
def test_the_schema_does_not_check_the_version(version: str) -> None:
    assert validation_errors(with_value("/apiVersion", version)) == set()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/kind", "Deployment"),
        ("/spec/predictors", []),
        ("/spec/predictors/0/name", ""),
        ("/spec/predictors/0/replicas", -1),
        ("/spec/predictors/0/traffic", 1000),
        ("/spec/predictors/0/graph/type", "model"),
        ("/spec/predictors/0/graph/name", "step_one"),
        ("/spec/predictors/0/graph/implementation", "MY_SERVER"),
        ("/spec/protocol", "http"),
    ],
)
def test_the_schema_does_not_check_words_names_and_numbers(path: str, value: Any) -> None:
    assert validation_errors(with_value(path, value), bounded=True) == set()


@pytest.mark.parametrize(
    "path",
    [
        "/spec/name",
        "/spec/replicas",
        "/spec/annotations",
        "/spec/predictors/0/componentSpecs",
        "/spec/predictors/0/componentSpecs/0/metadata",
        "/spec/predictors/0/componentSpecs/0/spec",
        "/spec/predictors/0/graph/children",
        "/spec/predictors/0/graph/type",
        "/spec/predictors/0/explainer",
        "/status",
        "/metadata/creationTimestamp",
    ],
)
def test_an_optional_field_may_be_null(path: str) -> None:
    assert validation_errors(with_value(path, None)) == set()


@pytest.mark.parametrize(
    "path",
    [
        "/metadata",
        "/spec",
        "/spec/predictors",
        "/spec/predictors/0",
        "/spec/predictors/0/name",
        "/spec/predictors/0/graph",
        "/spec/predictors/0/graph/name",
        "/spec/predictors/0/graph/children/0",
        "/spec/predictors/0/componentSpecs/0",
        "/spec/predictors/0/componentSpecs/0/spec/containers",
        "/spec/predictors/0/componentSpecs/0/spec/containers/0",
    ],
)
def test_a_required_field_and_an_element_of_a_list_may_not_be_null(path: str) -> None:
    spelling = str(Path.from_pointer(path, CHAIN))
    assert validation_errors(with_value(path, None)) == {(spelling, "type", "")}


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        ("", {"apiVersion", "kind", "metadata", "spec"}),
        ("/spec", {"predictors"}),
        ("/spec/predictors/0", {"name", "graph"}),
        ("/spec/predictors/0/graph", {"name"}),
        ("/spec/predictors/0/graph/children/0", {"name"}),
        ("/spec/predictors/0/graph/parameters", {"name", "value", "type"}),
        ("/spec/predictors/0/explainer/containerSpec", {"name"}),
        ("/spec/predictors/0/componentSpecs/0/hpaSpec", {"maxReplicas"}),
        ("/spec/predictors/0/componentSpecs/0/kedaSpec", {"triggers"}),
        ("/spec/predictors/0/componentSpecs/0/spec", {"containers"}),
        ("/spec/predictors/0/componentSpecs/0/spec/containers/0", {"name"}),
    ],
)
def test_an_empty_object_lacks_its_required_fields(path: str, missing: set[str]) -> None:
    empty: Any = [{}] if path.endswith("parameters") else {}
    if path.endswith("containerSpec"):
        document = with_value("/spec/predictors/0/explainer", {"containerSpec": {}})
    else:
        document = with_value(path, empty) if path else {}
    assert {
        field for _, keyword, field in validation_errors(document) if keyword == "required"
    } == missing


def test_a_mapping_under_children_is_one_error_and_is_searched() -> None:
    document = with_value(
        "/spec/predictors/0/graph/children",
        {"name": 7, "typ": "MODEL", "children": {"type": "MODEL"}},
    )
    children = "spec.predictors[0].graph.children"
    assert validation_errors(document) == {
        (children, "type", ""),
        (children, "additionalProperties", "typ"),
        (f"{children}.name", "type", ""),
        (f"{children}.children", "type", ""),
        (f"{children}.children", "required", "name"),
    }


def test_a_componentspec_without_its_dash_is_one_error_and_is_searched() -> None:
    document = with_value("/spec/predictors/0/componentSpecs", {"spec": {"containers": []}, "x": 1})
    path = "spec.predictors[0].componentSpecs"
    assert validation_errors(document) == {(path, "type", ""), (path, "additionalProperties", "x")}


def test_containers_beside_spec_are_an_unknown_field_of_the_componentspec() -> None:
    document = with_value("/spec/predictors/0/componentSpecs/0", {"spec": None, "containers": []})
    path = "spec.predictors[0].componentSpecs[0]"
    assert validation_errors(document) == {(path, "additionalProperties", "containers")}


def test_an_unknown_field_of_a_pod_is_found() -> None:
    document = with_value(
        "/spec/predictors/0/componentSpecs/0/spec/containers/0", {"name": "a", "imag": "b"}
    )
    path = "spec.predictors[0].componentSpecs[0].spec.containers[0]"
    assert validation_errors(document) == {(path, "additionalProperties", "imag")}


@pytest.mark.parametrize("value", [True, "1", 1.5, [1], {}])
def test_replicas_are_an_integer(value: Any) -> None:
    assert validation_errors(with_value("/spec/replicas", value)) == {("spec.replicas", "type", "")}


def test_one_point_nought_is_an_integer_because_the_api_server_writes_it_as_one() -> None:
    assert validation_errors(with_value("/spec/replicas", 1.0), bounded=True) == set()


@pytest.mark.parametrize(
    ("value", "keyword"),
    [(2**31, "maximum"), (-(2**31) - 1, "minimum"), (10**30, "maximum"), (1e20, "maximum")],
)
def test_a_number_that_an_int32_does_not_hold_is_out_of_bounds(value: int, keyword: str) -> None:
    document = with_value("/spec/replicas", value)
    assert validation_errors(document) == set()
    assert validation_errors(document, bounded=True) == {("spec.replicas", keyword, "")}
    assert [error.validator for error in REFERENCE.iter_errors(document)] == [keyword]


@pytest.mark.parametrize("value", [2**31 - 1, -(2**31)])
def test_a_number_that_an_int32_holds_is_within_bounds(value: int) -> None:
    assert validation_errors(with_value("/spec/replicas", value), bounded=True) == set()


def test_user_ids_are_bounded_by_64_bits() -> None:
    pod = {"containers": [], "securityContext": {"runAsUser": 2**40, "supplementalGroups": [2**63]}}
    document = with_value("/spec/predictors/0/componentSpecs/0/spec", pod)
    path = "spec.predictors[0].componentSpecs[0].spec.securityContext.supplementalGroups[0]"
    assert validation_errors(document, bounded=True) == {(path, "maximum", "")}


@pytest.mark.parametrize("value", [None, True, 0, "", [], 1.5])
def test_what_is_no_mapping_is_one_error_of_type(value: Any) -> None:
    assert validation_errors(value) == {("(document)", "type", "")}


def test_the_deepest_graph_that_orjson_reads_is_validated() -> None:
    # 500 nodes are 1,000 levels, and six lie above them: orjson takes 1,024.
    graph = b'{"name":"n","children":[' * 500 + b"]}" * 500
    document = orjson.loads(
        b'{"apiVersion":"v","kind":"k","metadata":{},"spec":{"predictors":[{"name":"p","graph":'
        + graph
        + b"}]}}"
    )
    assert validation_errors(document) == set()


def test_the_schema_is_valid_against_its_meta_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(load_schema(bounded=True))


def test_every_reference_of_the_schema_leads_to_a_definition() -> None:
    references = {value for key, value in _keys(load_schema()) if key == "$ref"}
    assert {f"#/$defs/{name}" for name in load_schema()["$defs"]} == references


def test_every_field_of_seldon_is_described_in_a_sentence() -> None:
    undescribed = [
        f"{name}.{field}"
        for name, definition in seldon_definitions().items()
        for field, path in definition["properties"].items()
        if not path.get("description", "").endswith(".")
    ]
    assert undescribed == []


def test_every_integer_names_its_width() -> None:
    def unnamed(path: dict[str, Any]) -> bool:
        return "integer" in path.get("type", ()) and "format" not in path

    nameless = [
        f"{name}.{field}"
        for name, definition in load_schema()["$defs"].items()
        for field, path in definition["properties"].items()
        if unnamed(path) or unnamed(path.get("items", {}))
    ]
    assert nameless == []


def test_the_schema_uses_only_keywords_that_the_rules_explain() -> None:
    paths = [
        path
        for definition in load_schema()["$defs"].values()
        for field in definition["properties"].values()
        for path in (field, field.get("items", {}))
    ]
    assert {key for path in paths for key in path} == {
        "type",
        "$ref",
        "items",
        "additionalProperties",
        "format",
        "description",
        "deprecated",
        "x-words",
        "x-open",
        "x-default",
        "x-note",
        "x-see",
        "x-type",
    }
    assert {key for definition in load_schema()["$defs"].values() for key in definition} == {
        "description",
        "properties",
        "required",
        "additionalProperties",
    }


def test_pods_are_those_of_the_newest_kubernetes_that_is_bundled() -> None:
    assert kubernetes_minor() >= 37


@settings(max_examples=300, deadline=None)
@given(document=broken_documents(EVERYTHING))
def test_both_validators_find_the_same_errors(document: dict[str, Any]) -> None:
    ours = {
        (tuple(error.instance_path), error.kind.name)
        for error in get_validator(bounded=True).iter_errors(document)
    }
    theirs = {
        (tuple(error.absolute_path), str(error.validator))
        for error in REFERENCE.iter_errors(document)
    }
    assert ours == theirs
