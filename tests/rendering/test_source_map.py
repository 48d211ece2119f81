"""The tree that leads from rendered places back to written ones."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.documents_of import with_predictor
from tests.rendering.cases import load_case
from webhook.graph.cluster_facts import Facts
from webhook.graph.parse import parse
from webhook.graph.path import Path
from webhook.rendering.options import OrchestratorOptions, RenderOptions
from webhook.rendering.render import render
from webhook.rendering.source_map import (
    SourceMap,
    from_user,
    get_item,
    injected,
    list_items,
    list_of,
    mapping_of,
    merge_mappings,
    with_fields,
    with_items,
)

A = Path(("a",))
B = Path(("b",))


def test_a_copy_leads_to_the_same_place_below_its_origin() -> None:
    assert from_user({"x": [1, {"y": 2}]}, A).source_map.trace(("x", 1, "y")) == Path(
        ("a", "x", 1, "y")
    )


def test_a_copy_without_shifts_has_one_node() -> None:
    assert from_user({"x": [1, {"y": 2}]}, A).source_map == SourceMap(A, is_copied=True)


def test_dropped_nulls_do_not_move_the_origins_of_what_follows() -> None:
    traced = from_user({"x": [None, {"y": [None, 3]}], "z": None}, A)
    assert traced.value == {"x": [{"y": [3]}]}
    assert traced.source_map.trace(("x", 0, "y", 0)) == Path(("a", "x", 1, "y", 1))


def test_what_is_ours_leads_to_what_called_for_it_however_deep() -> None:
    assert injected({"x": [1]}, A).source_map.trace(("x", 0)) == A


def test_appended_items_have_origins_of_their_own() -> None:
    whole = with_items(from_user([1], A), [injected(2, B)])
    assert whole.value == [1, 2]
    assert [whole.source_map.trace((place,)) for place in (0, 1)] == [Path(("a", 0)), B]


def test_put_changes_one_field_and_leaves_the_rest_a_copy() -> None:
    whole = with_fields(from_user({"x": 1, "y": 2}, A), {"y": injected(3, B), "z": None})
    assert whole.value == {"x": 1, "y": 3}
    assert [whole.source_map.trace((key,)) for key in ("x", "y")] == [Path(("a", "x")), B]


def test_a_later_mapping_wins_with_its_origin() -> None:
    whole = merge_mappings(A, mapping_of(A, {"x": 1, "y": 1}), from_user({"y": 2}, B))
    assert whole.value == {"x": 1, "y": 2}
    assert [whole.source_map.trace((key,)) for key in ("x", "y")] == [A, Path(("b", "y"))]


def test_picked_values_keep_their_origin() -> None:
    assert get_item(from_user({"x": 1}, A), "x") == from_user(1, Path(("a", "x")))
    assert get_item(mapping_of(A, {"x": injected(1, B)}), "x") == injected(1, B)


def test_entries_are_the_mappings_of_a_list_with_their_own_places() -> None:
    whole = list_items({"env": ["odd", {"name": "A"}]}, "env", A)
    assert whole.value == [{"name": "A"}]
    assert whole.source_map.trace((0, "name")) == Path(("a", "env", 1, "name"))


def test_entries_of_no_list_are_none() -> None:
    assert list_items({"env": "odd"}, "env", A) == list_of(A, [])


def test_a_copy_does_not_share_with_what_it_was_made_of() -> None:
    original = {"x": [{"y": 1}]}
    copied = from_user(original, A).value
    copied["x"][0]["y"] = 2
    assert original == {"x": [{"y": 1}]}


@pytest.mark.parametrize(
    ("level", "bracket"), [(lambda inner: [inner], "["), (lambda inner: {"x": inner}, "{")]
)
def test_levels_too_deep_for_any_type_are_left_out(
    level: Callable[[Any], Any], bracket: str
) -> None:
    deep: Any = level(1)
    for _ in range(900):
        deep = level(deep)
    assert str(from_user(deep, A).value).count(bracket) == 61


def traced(name: str, kind: str, path: tuple[str | int, ...]) -> str:
    """Return where a place in the fixture's first object of a kind comes from."""
    objects = load_case(name).rendered()
    return str(next(o for o in objects if o.kind == kind).trace(path))


POD = ("spec", "template", "spec")


def test_a_written_port_leads_to_itself_and_an_added_one_to_the_predictor() -> None:
    ports = (*POD, "containers", 0, "ports")
    written = "spec.predictors[0].componentSpecs[0].spec.containers[0].ports[1].name"
    assert traced("author-wins", "Deployment", (*ports, 1, "name")) == written
    assert traced("author-wins", "Deployment", (*ports, 2, "name")) == "spec.predictors[0]"


def test_of_two_variables_of_one_name_the_last_one_is_the_origin() -> None:
    path = (*POD, "containers", 0, "env", 1, "value")
    expected = "spec.predictors[0].componentSpecs[0].spec.containers[0].env[2].value"
    assert traced("author-wins", "Deployment", path) == expected


def test_a_variable_of_the_orchestrator_leads_to_where_it_is_written() -> None:
    variable = {"name": "SELDON_LOG_LEVEL", "value": "DEBUG"}
    document = with_predictor(svcOrchSpec={"env": [variable]})
    options = RenderOptions(orchestrator=OrchestratorOptions("registry.example/executor:1"))
    deployment = next(iter(render(parse(document), options, Facts())))
    containers = deployment.object["spec"]["template"]["spec"]["containers"]
    at, env = next((n, c["env"]) for n, c in enumerate(containers) if variable in c["env"])
    path = (*POD, "containers", at, "env", env.index(variable), "value")
    assert str(deployment.trace(path)) == "spec.predictors[0].svcOrchSpec.env[0].value"


def test_a_container_behind_an_odd_item_leads_to_its_own_index() -> None:
    path = (*POD, "containers", 0, "args", 0)
    expected = "spec.predictors[0].componentSpecs[0].spec.containers[1].args[1]"
    assert traced("odd-items", "Deployment", path) == expected


def test_a_converted_metric_leads_to_the_old_field() -> None:
    path = ("spec", "metrics", 0, "resource", "target", "averageUtilization")
    assert traced("autoscaled", "HorizontalPodAutoscaler", path) == (
        "spec.predictors[0].componentSpecs[0].hpaSpec.metrics[0].resource.targetAverageUtilization"
    )


def test_replicas_lead_to_the_level_that_set_them() -> None:
    replicas = ("spec", "replicas")
    assert traced("author-wins", "Deployment", replicas) == (
        "spec.predictors[0].componentSpecs[0].replicas"
    )
    assert traced("one-node", "Deployment", replicas) == "spec.predictors[0].replicas"


def test_labels_lead_to_who_wrote_them() -> None:
    labels = ("spec", "template", "metadata", "labels")
    assert [traced("author-wins", "Deployment", (*labels, key)) for key in ("tier", "version")] == [
        "spec.predictors[0].componentSpecs[0].metadata.labels.tier",
        "spec.predictors[0].labels.version",
    ]
    assert traced("author-wins", "Deployment", (*labels, "app")) == "spec.predictors[0]"


def test_an_object_as_a_whole_and_its_name_lead_to_what_it_stands_for() -> None:
    assert traced("one-node", "Deployment", ()) == "spec.predictors[0].componentSpecs[0]"
    assert traced("one-node", "Service", ("metadata", "name")) == (
        "spec.predictors[0].componentSpecs[0].spec.containers[0].name"
    )
    assert traced("one-node", "Service", ("spec", "ports", 0)) == "spec.predictors[0]"


def test_a_list_of_containers_leads_to_that_of_the_author_and_else_to_what_they_are_made_for() -> (
    None
):
    containers = (*POD, "containers")
    assert traced("one-node", "Deployment", containers) == (
        "spec.predictors[0].componentSpecs[0].spec.containers"
    )
    assert traced("servers", "Deployment", containers) == "spec.predictors[0]"


def test_a_fetched_model_leads_to_its_uri() -> None:
    path = (*POD, "initContainers", 0, "args", 0)
    assert traced("servers", "Deployment", path) == "spec.predictors[0].graph.modelUri"
