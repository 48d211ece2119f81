"""What lies beyond the bounds is cut off, and said; what is within them is read as it is."""

from typing import Any

import pytest

from tests.documents_of import minimal, with_graph, with_predictor
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import NO_FACTS
from webhook.graph.limits import MAX_NESTING, MAX_VALUES, truncate_to_limits
from webhook.graph.model import SchemaError
from webhook.graph.path import ROOT, Path
from webhook.settings.model import read_settings

SETTINGS = read_settings()


def evaluate_rule_ids(document):
    decision = evaluate(document, SETTINGS, NO_FACTS)
    assert decision.rule_errors == ()
    return [finding.rule_id for finding in decision.denials]


def build_nested(levels):
    value: Any = None
    for _ in range(levels):
        value = [value]
    return value


def test_a_document_within_the_bounds_is_the_same_object():
    document = minimal()
    assert truncate_to_limits(document) == (document, ())
    assert truncate_to_limits(document)[0] is document


def test_commas_in_texts_are_no_values():
    document = {"a": "," * MAX_VALUES}
    assert truncate_to_limits(document) == (document, ())


def test_numbers_that_json_libraries_do_not_write_are_no_reason_to_cut():
    document = {"a": 2**70}
    assert truncate_to_limits(document) == (document, ())


def test_a_list_is_cut_where_the_bound_is_reached_and_the_frame_stays():
    document = {"kind": "SeldonDeployment", "list": [0] * (MAX_VALUES + 5), "last": {"x": 1}}
    kept, schema_errors = truncate_to_limits(document)
    assert schema_errors == (
        SchemaError("size", Path(("list",)), limit=MAX_VALUES, noun="values"),
        SchemaError("size", Path(("last",)), limit=MAX_VALUES, noun="values"),
    )
    assert list(kept) == list(document)
    assert len(kept["list"]) == MAX_VALUES - len(document)


@pytest.mark.parametrize("levels", [MAX_NESTING, 900])
def test_nesting_is_cut_at_its_bound(levels):
    kept, schema_errors = truncate_to_limits(build_nested(levels))
    assert [schema_error.kind for schema_error in schema_errors] == (
        ["nesting"] if levels > MAX_NESTING else []
    )
    depth = 0
    while kept:
        kept, depth = kept[0], depth + 1
    assert depth == min(levels, MAX_NESTING)


def test_nesting_that_is_a_graph_is_reported_as_a_graph():
    graph: Any = None
    for _ in range(300):
        graph = {"name": "n", "children": [graph] if graph else []}
    found = evaluate_rule_ids(with_predictor(graph=graph))
    assert "graph-too-deep" in found
    assert "object-too-large" not in found


@pytest.mark.parametrize("junk", [0, "", {}, None, [], True])
@pytest.mark.parametrize("place", ["predictors", "children", "containers", "componentSpecs"])
def test_a_flood_of_junk_is_denied_with_a_bounded_number_of_findings(junk, place):
    flood = [junk] * 40_000
    document = {
        "predictors": lambda: minimal(lambda d: d["spec"].update(predictors=flood)),
        "children": lambda: with_graph(children=flood),
        "containers": lambda: with_predictor(componentSpecs=[{"spec": {"containers": flood}}]),
        "componentSpecs": lambda: with_predictor(componentSpecs=flood),
    }[place]()
    found = evaluate_rule_ids(document)
    assert "object-too-large" in found
    assert len(found) < 5_000


def test_deep_nesting_outside_of_the_graph_is_reported_at_its_place():
    document = minimal(lambda d: d["metadata"].update(annotations={"a": build_nested(400)}))
    decision = evaluate(document, SETTINGS, NO_FACTS)
    assert decision.rule_errors == ()
    deep = next(f for f in decision.denials if f.rule_id == "object-too-large")
    assert deep.path[:3] == ROOT.join(("metadata", "annotations", "a"))
    assert len(deep.path) == MAX_NESTING


def test_a_key_of_digits_is_a_key_and_no_index():
    labels = {"01": 1, "0": {}, "x": 3}
    document = minimal(lambda d: d["metadata"].update(labels=labels))
    decision = evaluate(document, SETTINGS, NO_FACTS)
    assert decision.rule_errors == ()
    assert {f.path for f in decision.denials} == {
        ROOT.join(("metadata", "labels", key)) for key in labels
    }
