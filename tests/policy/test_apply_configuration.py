"""How the object of an ApplyConfiguration is merged into another."""

from typing import Any

import pytest

from webhook.cel.values import EvaluationError
from webhook.policy.apply_configuration import apply_configuration
from webhook.yamldoc import patch_value

SELDON = {"apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment"}
POD = {"apiVersion": "v1", "kind": "Pod"}


def op(op: str, path: str, value: Any) -> Any:
    return {"op": op, "path": path, "value": value}


def apply_error(document: dict[str, Any], patch: Any) -> str:
    with pytest.raises(EvaluationError) as raised:
        apply_configuration(document, patch)
    return str(raised.value)


@pytest.mark.parametrize(
    ("spec", "patch", "operations"),
    [
        pytest.param({"a": 1}, {"b": 2}, [op("add", "/spec/b", 2)], id="a field is added"),
        pytest.param({"a": 1}, {"a": 2}, [op("replace", "/spec/a", 2)], id="a field is replaced"),
        pytest.param({"a": 1}, {"a": 1}, [], id="what is the same is no operation"),
        pytest.param({"a": 1}, {"a": True}, [op("replace", "/spec/a", True)], id="true is not 1"),
        pytest.param({"a": None}, {"a": 1}, [op("replace", "/spec/a", 1)], id="null is replaced"),
        pytest.param({}, {"a": None}, [op("add", "/spec/a", None)], id="null is added"),
        pytest.param(
            {"a": {"x": 1, "y": 1}},
            {"a": {"y": 2, "z/z": 3}},
            [op("replace", "/spec/a/y", 2), op("add", "/spec/a/z~1z", 3)],
            id="maps are merged key by key",
        ),
        pytest.param(
            {"a": 1}, {"a": {"b": 1}}, [op("replace", "/spec/a", {"b": 1})], id="a map for a number"
        ),
        pytest.param(
            {"containers": {"name": "a"}},
            {"containers": [{"name": "a"}]},
            [op("replace", "/spec/containers", [{"name": "a"}])],
            id="a list for a map",
        ),
        pytest.param(
            {"containers": [{"name": "a"}, {"name": "b", "image": "old"}]},
            {"containers": [{"name": "b", "image": "new"}, {"name": "c"}]},
            [
                op("replace", "/spec/containers/1/image", "new"),
                op("add", "/spec/containers/-", {"name": "c"}),
            ],
            id="containers are told apart by name",
        ),
        pytest.param(
            {"containers": [{"name": "a"}]},
            {"containers": [{"image": "x"}]},
            [op("add", "/spec/containers/-", {"image": "x"})],
            id="an item without its key is a new one",
        ),
        pytest.param(
            {"containers": ["a"]},
            {"containers": [{"name": "a"}]},
            [op("add", "/spec/containers/-", {"name": "a"})],
            id="an item that is no map is none of them",
        ),
        pytest.param(
            {"ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}]},
            {"ports": [{"containerPort": 80, "protocol": "TCP", "name": "http"}]},
            [op("add", "/spec/ports/0/protocol", "TCP"), op("add", "/spec/ports/0/name", "http")],
            id="a port without a protocol is TCP",
        ),
        pytest.param(
            {"ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}]},
            {"ports": [{"containerPort": 80, "protocol": "UDP", "name": "dns"}]},
            [op("add", "/spec/ports/1/name", "dns")],
            id="a port of another protocol is another port",
        ),
    ],
)
def test_fields_of_pods_are_merged(spec: Any, patch: Any, operations: list[Any]) -> None:
    document = {**POD, "spec": spec}

    merged, made = apply_configuration(document, {"spec": patch})

    assert made == operations
    assert merged == patch_value(document, operations)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        *((name, ["name"]) for name in ("containers", "initContainers", "ephemeralContainers")),
        *((name, ["name"]) for name in ("volumes", "imagePullSecrets", "resourceClaims")),
        *((name, ["name"]) for name in ("schedulingGates", "claims", "env")),
        ("ports", ["containerPort", "protocol"]),
        ("volumeMounts", ["mountPath"]),
        ("volumeDevices", ["devicePath"]),
        ("hostAliases", ["ip"]),
        ("topologySpreadConstraints", ["topologyKey", "whenUnsatisfiable"]),
    ],
)
def test_items_of_each_list_of_pods_are_told_apart_by_its_keys(name: str, keys: list[str]) -> None:
    known = dict.fromkeys(keys, "k")
    for key in keys:
        other = {**known, key: "other"}
        document = {**POD, "spec": {name: [known]}}
        patch = {"spec": {name: [{**known, "more": 1}, other]}}

        assert apply_configuration(document, patch)[1] == [
            op("add", f"/spec/{name}/0/more", 1),
            op("add", f"/spec/{name}/-", other),
        ]


@pytest.mark.parametrize("document", [{**POD}, {**SELDON}, {"apiVersion": "v1", "kind": "Service"}])
def test_the_lists_of_metadata_can_be_merged_into_everywhere(document: dict[str, Any]) -> None:
    owner = {"uid": "1", "name": "a"}
    document["metadata"] = {"finalizers": ["a"], "ownerReferences": [owner]}
    patch = {
        "metadata": {
            "finalizers": ["b", "a"],
            "ownerReferences": [{"uid": "1", "name": "b"}, {"uid": "2", "name": "a"}],
        }
    }

    assert apply_configuration(document, patch)[1] == [
        op("add", "/metadata/finalizers/-", "b"),
        op("replace", "/metadata/ownerReferences/0/name", "b"),
        op("add", "/metadata/ownerReferences/-", {"uid": "2", "name": "a"}),
    ]


def test_the_kind_of_an_object_stays() -> None:
    patch = {"apiVersion": "v2", "kind": "Other", "metadata": {"name": "p"}}

    assert apply_configuration(POD, patch) == (
        {**POD, "metadata": {"name": "p"}},
        [op("add", "/metadata", {"name": "p"})],
    )
    assert apply_configuration({"kind": "Pod"}, {"kind": "Pod"}) == ({"kind": "Pod"}, [])


@pytest.mark.parametrize(
    ("patch", "places"),
    [
        ({"spec": {"finalizers": []}}, ".spec.finalizers"),
        ({"spec": {"b": [], "a": []}}, ".spec.a, .spec.b"),
        ({"spec": {"containers": [{}, {"command": []}]}}, ".spec.containers[1].command"),
        ({"spec": {"selector": {"l": [1]}}}, ".spec.selector, .spec.selector.l"),
        ({"l": []}, ".l"),
    ],
)
def test_every_list_and_map_without_keys_is_named(patch: Any, places: str) -> None:
    assert apply_error(POD, patch) == (
        "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or "
        f"structs: {places}"
    )


def test_containers_of_a_seldon_deployment_are_no_list_with_keys() -> None:
    containers = {"predictors": [{"componentSpecs": [{"spec": {"containers": [{"name": "c"}]}}]}]}

    assert apply_error(SELDON, {"spec": containers}).endswith(
        "structs: .spec.predictors, .spec.predictors[0].componentSpecs, "
        ".spec.predictors[0].componentSpecs[0].spec.containers"
    )


@pytest.mark.parametrize(
    ("patch", "fact"),
    [
        ({"spec": 1}, ".spec: expected map, got int"),
        ({"spec": None}, ".spec: expected map, got null"),
        ({"other": 1}, ".other: field not declared in schema"),
        ({"metadata": {"other": 1}}, ".metadata.other: field not declared in schema"),
        ({"metadata": {"labels": "a"}}, ".metadata.labels: expected map, got string"),
        ({"metadata": {"labels": {"a": 1}}}, ".metadata.labels.a: expected string, got int"),
        (
            {"metadata": {"generation": "1"}},
            ".metadata.generation: expected numeric (int or float), got string",
        ),
        ({"spec": {"name": True}}, ".spec.name: expected string, got bool"),
    ],
)
def test_a_value_that_the_schema_does_not_have_is_refused(patch: Any, fact: str) -> None:
    assert apply_error(SELDON, patch) == (
        f"error applying patch: failed to convert patch object to typed object: {fact}"
    )


@pytest.mark.parametrize("spec", [{"replicas": 1.0}, {"unknown": 1}])
def test_what_the_schema_leaves_open_is_taken(spec: Any) -> None:
    assert apply_configuration(SELDON, {"spec": spec})[0] == {**SELDON, "spec": spec}


def test_types_of_other_objects_are_not_checked() -> None:
    assert apply_configuration(POD, {"spec": 1})[0] == {**POD, "spec": 1}
