"""The CRD: what the API server asks of it, and that it lets every document through."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import given, settings

from tests.graph.schema.documents import CHAIN, EVERYTHING, broken_documents
from tools.generators import ROOT
from tools.generators.crd import CLOSED, PARTS, TARGET
from webhook.graph.schema import enum_values, seldon_definitions

CRD: dict[str, Any] = yaml.safe_load((ROOT / TARGET).read_text())
VERSIONS: dict[str, Any] = {version["name"]: version for version in CRD["spec"]["versions"]}
PRESERVE = "x-kubernetes-preserve-unknown-fields"

# What a structural schema may hold of all that JSON Schema knows, as far as we use it.
ALLOWED = {
    "type",
    "description",
    "format",
    "nullable",
    "required",
    "properties",
    "additionalProperties",
    "items",
    PRESERVE,
}
# The API server itself says what these are, and lets nobody else do so.
HEAD = {"apiVersion", "kind", "metadata"}


def root(version: str) -> dict[str, Any]:
    schema: dict[str, Any] = VERSIONS[version]["schema"]["openAPIV3Schema"]
    return schema


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every node of a schema with its path, the root's being empty."""
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from nodes(inner, f"{path}.{name}".removeprefix("."))
    if "items" in schema:
        yield from nodes(schema["items"], path + "[]")
    if "additionalProperties" in schema:
        yield from nodes(schema["additionalProperties"], path + ".*")


def unknown_fields(value: Any, schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield each field that the API server would refuse or prune before any webhook is called.

    As in apiextensions-apiserver's pruning: it follows the value, not the type of the schema, so a
    mapping where a list or a word belongs has unknown fields only.
    """
    if isinstance(value, dict):
        for key, inner in value.items():
            here = f"{path}.{key}".removeprefix(".")
            known = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            if not path and key in HEAD:
                continue
            if known is not None:
                yield from unknown_fields(inner, known, here)
            elif not schema.get(PRESERVE):
                yield here
    elif isinstance(value, list):
        for element in value:
            if "items" in schema:
                yield from unknown_fields(element, schema["items"], path + "[]")
            elif not schema.get(PRESERVE):
                yield from unknown_fields(element, {}, path + "[]")


def test_its_names_are_seldons() -> None:
    assert CRD["metadata"]["name"] == "seldondeployments.machinelearning.seldon.io"
    assert CRD["spec"]["group"] == "machinelearning.seldon.io"
    assert CRD["spec"]["scope"] == "Namespaced"
    assert CRD["spec"]["names"] == {
        "kind": "SeldonDeployment",
        "listKind": "SeldonDeploymentList",
        "plural": "seldondeployments",
        "singular": "seldondeployment",
        "shortNames": ["sdep"],
        "categories": ["all", "seldon"],
    }


def test_all_versions_are_served_and_v1_is_stored() -> None:
    assert [f"machinelearning.seldon.io/{name}" for name in VERSIONS] == list(
        enum_values("api-versions")
    )
    assert [name for name, version in VERSIONS.items() if version["served"]] == list(VERSIONS)
    assert [name for name, version in VERSIONS.items() if version["storage"]] == ["v1"]
    assert CRD["spec"]["conversion"] == {"strategy": "None"}


def test_the_versions_differ_in_their_descriptions_only() -> None:
    def bare(version: str) -> list[tuple[str, dict[str, Any]]]:
        return [
            (path, {key: value for key, value in node.items() if key in {"type", *CHECKED}})
            for path, node in nodes(root(version))
        ]

    assert bare("v1alpha2") == bare("v1alpha3") == bare("v1")


CHECKED = ALLOWED - {"description", "properties", "items", "additionalProperties"}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_schema_is_structural(version: str) -> None:
    """Kubernetes' documentation, "Specifying a structural schema"."""
    for path, node in nodes(root(version)):
        assert set(node) <= ALLOWED, path
        assert "type" in node or node.get(PRESERVE), path
        assert node.get(PRESERVE, True) is True, path
        assert not ("properties" in node and "additionalProperties" in node), path
        assert ("items" in node) == (node.get("type") == "array"), path
        assert node.get("type") == "object" or not node.keys() & {
            "properties",
            "additionalProperties",
            "required",
        }, path
        assert set(node.get("required", ())) <= set(node.get("properties", ())), path
    assert root(version)["type"] == "object"
    assert root(version)["properties"]["metadata"] == {"type": "object"}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_node_but_the_head_keeps_unknown_fields(version: str) -> None:
    assert {path for path, node in nodes(root(version)) if not node.get(PRESERVE)} == HEAD


@pytest.mark.parametrize("version", VERSIONS)
def test_children_may_be_of_any_type_and_depth(version: str) -> None:
    graph = root(version)["properties"]["spec"]["properties"]["predictors"]["items"]["properties"][
        "graph"
    ]
    children = dict(graph["properties"]["children"])
    children.pop("description", None)
    assert children == {"nullable": True, PRESERVE: True}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("subresource", ["specReplicasPath", "statusReplicasPath"])
def test_the_replicas_that_kubectl_scale_reads_are_integers_and_never_null(
    version: str, subresource: str
) -> None:
    subresources = VERSIONS[version]["subresources"]
    assert subresources == {
        "status": {},
        "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"},
    }
    node = root(version)
    for name in subresources["scale"][subresource].split(".")[1:]:
        node = node["properties"][name]
    assert (node["type"], "nullable" in node) == ("integer", False)


def test_the_columns_are_scalars_of_one_place() -> None:
    columns = VERSIONS["v1"]["additionalPrinterColumns"]
    assert [(column["name"], column.get("priority", 0)) for column in columns] == [
        ("State", 0),
        ("Replicas", 0),
        ("Predictor", 0),
        ("Second", 0),
        ("Age", 0),
        ("Message", 1),
        ("URL", 1),
    ]
    assert not any("*" in column["jsonPath"] for column in columns)


def test_kubectl_explain_describes_every_field_of_v1() -> None:
    described = {path: node for path, node in nodes(root("v1")) if path.rpartition(".")[2] != "*"}
    assert [
        path
        for path, node in described.items()
        if not path.endswith("[]") and path != "metadata" and not node.get("description")
    ] == []


def test_every_field_of_seldon_is_in_v1() -> None:
    names = {path.rpartition(".")[2] for path, _ in nodes(root("v1"))}
    left_out = {
        field
        for name, definition in seldon_definitions().items()
        for field in definition["properties"]
        if field not in names
    }
    below_closed = {
        "KedaAuthenticationRef",
        "KedaHpaConfig",
        "KedaScalingModifiers",
        "ResourceMetricV2beta1",
        "ContainerResourceMetricV2beta1",
        "PodsMetricV2beta1",
        "ObjectMetricV2beta1",
        "ExternalMetricV2beta1",
    }
    expected = {
        field
        for name in CLOSED | below_closed | set(PARTS)
        for field in seldon_definitions()[name]["properties"]
    }
    assert left_out <= expected


def test_the_manifest_stays_small() -> None:
    # Far below the 256 KiB of the annotation that client-side apply leaves behind; every API
    # server and every backup carries it.
    assert (ROOT / TARGET).stat().st_size < 64 * 1024
    assert len(orjson.dumps(CRD)) < 52 * 1024


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("document", [CHAIN, EVERYTHING], ids=["chain", "everything"])
def test_valid_documents_lose_nothing(version: str, document: dict[str, Any]) -> None:
    assert list(unknown_fields(document, root(version))) == []


def test_a_mapping_under_children_loses_nothing() -> None:
    graph = {"name": "a", "children": {"name": "b", "children": {"name": "c", "children": []}}}
    document = {"spec": {"predictors": {"name": "p", "graph": graph}}}
    assert list(unknown_fields(document, root("v1alpha2"))) == []


def test_a_schema_without_the_keyword_would_lose_it() -> None:
    """The check above can fail: this is what Seldon Core's own CRD does."""
    plain = {"properties": {"children": {"type": "array", "items": {"properties": {}}}}}
    assert list(unknown_fields({"children": {"name": "b"}}, plain)) == ["children.name"]


@settings(max_examples=200, deadline=None)
@given(document=broken_documents(EVERYTHING))
def test_whatever_is_wrong_reaches_the_webhook_whole(document: dict[str, Any]) -> None:
    assert list(unknown_fields(document, root("v1"))) == []
