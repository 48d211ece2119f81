"""What lies beyond the bounds is cut off, and said; what is within them is read as it is."""

from typing import Any

import pytest

from tests.documents_of import minimal, with_graph, with_predictor
from webhook.decisions.decide import decide
from webhook.decisions.settings import read_settings
from webhook.graph.bounds import DEEPEST_VALUE, MOST_VALUES, within_bounds
from webhook.graph.facts import NOTHING_KNOWN
from webhook.graph.model import Fault
from webhook.graph.path import ROOT, Path

SETTINGS = read_settings()


def rules(document):
    decision = decide(document, SETTINGS, NOTHING_KNOWN)
    assert decision.failures == ()
    return [finding.rule for finding in decision.denials]


def nested(levels):
    value: Any = None
    for _ in range(levels):
        value = [value]
    return value


def test_a_document_within_the_bounds_is_the_same_object():
    document = minimal()
    assert within_bounds(document) == (document, ())
    assert within_bounds(document)[0] is document


def test_commas_in_texts_are_no_values():
    document = {"a": "," * MOST_VALUES}
    assert within_bounds(document) == (document, ())


def test_numbers_that_json_libraries_do_not_write_are_no_reason_to_cut():
    document = {"a": 2**70}
    assert within_bounds(document) == (document, ())


def test_a_list_is_cut_where_the_bound_is_reached_and_the_frame_stays():
    document = {"kind": "SeldonDeployment", "list": [0] * (MOST_VALUES + 5), "last": {"x": 1}}
    kept, faults = within_bounds(document)
    assert faults == (
        Fault("size", Path(("list",)), limit=MOST_VALUES),
        Fault("size", Path(("last",)), limit=MOST_VALUES),
    )
    assert list(kept) == list(document)
    assert len(kept["list"]) == MOST_VALUES - len(document)


@pytest.mark.parametrize("levels", [DEEPEST_VALUE, 900])
def test_nesting_is_cut_at_its_bound(levels):
    kept, faults = within_bounds(nested(levels))
    assert [fault.kind for fault in faults] == (["nesting"] if levels > DEEPEST_VALUE else [])
    depth = 0
    while kept:
        kept, depth = kept[0], depth + 1
    assert depth == min(levels, DEEPEST_VALUE)


def test_nesting_that_is_a_graph_is_reported_as_a_graph():
    graph: Any = None
    for _ in range(300):
        graph = {"name": "n", "children": [graph] if graph else []}
    found = rules(with_predictor(graph=graph))
    assert "graph-too-deep" in found
    assert "too-large" not in found


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
    found = rules(document)
    assert "too-large" in found
    assert len(found) < 5_000


def test_deep_nesting_outside_of_the_graph_is_said_at_its_place():
    document = minimal(lambda d: d["metadata"].update(annotations={"a": nested(400)}))
    decision = decide(document, SETTINGS, NOTHING_KNOWN)
    assert decision.failures == ()
    deep = next(f for f in decision.denials if f.rule == "too-large")
    assert deep.path[:3] == ROOT.join(("metadata", "annotations", "a"))
    assert len(deep.path) == DEEPEST_VALUE


def test_a_key_of_digits_is_a_key_and_no_index():
    labels = {"01": 1, "0": {}, "x": 3}
    document = minimal(lambda d: d["metadata"].update(labels=labels))
    decision = decide(document, SETTINGS, NOTHING_KNOWN)
    assert decision.failures == ()
    assert {f.path for f in decision.denials} == {
        ROOT.join(("metadata", "labels", key)) for key in labels
    }
