import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.documents_of import minimal, with_graph, with_pod, with_predictor
from webhook.graph.limits import MAX_GRAPH_DEPTH
from webhook.graph.parse import parse
from webhook.graph.path import Path, nearest_existing_path

GRAPH = Path(("spec", "predictors", 0, "graph"))


def node_names(document):
    return [(node.name, str(node.path)) for p in parse(document).predictors for node in p.nodes]


def test_a_valid_document_has_no_faults():
    assert parse(minimal()).schema_errors == ()


def test_nodes_stand_in_the_order_of_the_document():
    document = with_graph(
        children=[
            {"name": "a", "children": [{"name": "b"}]},
            {"name": "c"},
        ]
    )
    assert node_names(document) == [
        ("classifier", "spec.predictors[0].graph"),
        ("a", "spec.predictors[0].graph.children[0]"),
        ("b", "spec.predictors[0].graph.children[0].children[0]"),
        ("c", "spec.predictors[0].graph.children[1]"),
    ]


def test_a_mapping_under_children_is_read_as_the_one_child_at_a_path_without_index():
    document = with_graph(children={"name": "a", "children": {"name": "b"}})
    assert node_names(document)[1:] == [
        ("a", "spec.predictors[0].graph.children"),
        ("b", "spec.predictors[0].graph.children.children"),
    ]
    assert {
        (schema_error.kind, schema_error.path) for schema_error in parse(document).schema_errors
    } == {
        ("type", GRAPH / "children"),
        ("type", GRAPH.join(("children", "children"))),
    }


def test_a_mapping_without_node_fields_is_not_read_and_not_held_against_the_schema():
    document = with_graph(children={"left": {"typo": 1}})
    assert len(node_names(document)) == 1
    assert parse(document).schema_errors == ()


def test_faults_inside_a_mapping_under_children_are_found_in_the_same_pass():
    document = with_graph(children={"name": 1, "tpye": "MODEL"})
    assert {
        (schema_error.kind, str(schema_error.path))
        for schema_error in parse(document).schema_errors
    } == {
        ("type", "spec.predictors[0].graph.children"),
        ("type", "spec.predictors[0].graph.children.name"),
        ("unknown", "spec.predictors[0].graph.children.tpye"),
    }


def build_deep_graph(levels):
    graph: Any = None
    for _ in range(levels):
        graph = {"name": "n", "children": [graph] if graph else []}
    return with_predictor(graph=graph)


def test_a_graph_of_a_hundred_levels_is_read_whole():
    view = parse(build_deep_graph(MAX_GRAPH_DEPTH))
    assert (len(view.predictors[0].nodes), view.schema_errors) == (MAX_GRAPH_DEPTH, ())


@pytest.mark.parametrize("levels", [MAX_GRAPH_DEPTH + 1, 400])
def test_a_deeper_graph_is_read_to_the_hundredth_level_and_reported(levels):
    view = parse(build_deep_graph(levels))
    assert len(view.predictors[0].nodes) == MAX_GRAPH_DEPTH
    assert [schema_error.kind for schema_error in view.schema_errors] == ["depth"]
    assert len(view.schema_errors[0].path) == len(GRAPH) + 2 * (MAX_GRAPH_DEPTH - 1) + 1


@pytest.mark.parametrize(
    "document",
    [
        minimal(lambda d: d["metadata"].update(creationTimestamp=None)),
        with_predictor(componentSpecs=None, replicas=None, traffic=None, labels=None),
        with_graph(children=None, endpoint=None, parameters=None, methods=None),
        with_pod(volumes=None, securityContext=None),
        minimal(lambda d: d.update(status={"state": "Available", "replicas": 1})),
    ],
)
def test_null_is_absent_wherever_a_field_is_optional(document):
    assert parse(document).schema_errors == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_value_gives_a_view(value):
    parse(value)


@st.composite
def mutated_documents(draw):
    """Return a valid document in which up to three places hold something else."""
    document = with_graph(
        children=[{"name": "a", "type": "ROUTER", "children": [{"name": "b"}, {"name": "c"}]}],
        parameters=[{"name": "p", "type": "INT", "value": "1"}],
        endpoint={"type": "REST"},
    )
    for _ in range(draw(st.integers(1, 3))):
        here = document
        while True:
            keys = list(here) if isinstance(here, dict) else list(range(len(here)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(here[key], (dict, list)) and here[key] and draw(st.integers(0, 4)):
                here = here[key]
                continue
            here[key] = draw(JSON)
            break
    return document


@settings(max_examples=200)
@given(mutated_documents())
def test_every_fault_of_a_mutated_document_lies_at_a_place_that_it_has(document):
    before = json.dumps(document)
    for schema_error in parse(document).schema_errors:
        assert nearest_existing_path(document, schema_error.path) == schema_error.path
    assert json.dumps(document) == before


def test_a_predictor_in_two_items_is_read_as_one_if_both_have_a_field_of_a_predictor():
    document = minimal()
    (whole,) = document["spec"]["predictors"]
    graph = {"graph": whole.pop("graph")}
    document["spec"]["predictors"] = [whole, graph]
    (predictor,) = parse(document).predictors
    assert (predictor.name, [node.name for node in predictor.nodes]) == ("main", ["classifier"])
    assert str(predictor.nodes[0].path) == "spec.predictors[1].graph"

    document["spec"]["predictors"] = [{"spec": None}, {**whole, **graph}]
    assert [(p.name, str(p.path)) for p in parse(document).predictors] == [
        ("", "spec.predictors[0]"),
        ("main", "spec.predictors[1]"),
    ]
