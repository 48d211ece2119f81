"""What is said of a departure from the schema, compared with what jsonschema-rs finds."""

from copy import deepcopy
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.documents_of import minimal, with_predictor
from tests.rules.graphs import build_document
from tests.rules.test_graphs import DEPTH, SIZE, VALUES, iter_locations
from webhook.graph.model import SchemaError
from webhook.graph.path import Path
from webhook.graph.schema import get_validator
from webhook.graph.schema.explain import explain


def explained(document: Any) -> list[SchemaError]:
    errors: list[SchemaError] = []

    def report(error: SchemaError) -> bool:
        errors.append(error)
        return True

    explain(document, report)
    return errors


def theirs(document: Any) -> set[SchemaError]:
    errors: set[SchemaError] = set()
    for error in get_validator(bounded=True).iter_errors(document):
        path = Path(error.instance_path)
        kind: Any = error.kind
        match kind.name:
            case "type":
                errors.add(SchemaError("type", path, expected_types=tuple(sorted(kind.types))))
            case "required":
                errors.add(SchemaError("required", path, missing_field=kind.property))
            case "additionalProperties":
                errors.update(SchemaError("unknown", path / name) for name in kind.unexpected)
            case "minimum" | "maximum":
                errors.add(SchemaError("range", path, limit=kind.limit))
            case other:
                raise AssertionError(other)
    return errors


def assert_same(document: Any) -> None:
    ours = explained(document)
    assert set(ours) == theirs(document)
    assert len(ours) == len(set(ours))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcxyz", min_size=1, max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)  # fmt: skip


@given(JSON)
def test_any_value_departs_as_jsonschema_says(value: Any) -> None:
    assert_same(value)


@given(seed=st.integers(0, 2**32), times=st.integers(0, 8))
@settings(max_examples=300, deadline=None)
def test_a_document_with_anything_anywhere_departs_as_jsonschema_says(
    seed: int, times: int
) -> None:
    random = Random(seed)
    document = build_document(seed, SIZE, DEPTH)
    for _ in range(times):
        holder, key = random.choice(list(iter_locations(document)))
        if isinstance(holder, dict) and random.random() < 1 / 3:
            key = random.choice(["x", "containers", "children", "graph", "replicas", "ports"])
        holder[key] = deepcopy(random.choice([*VALUES, 2**31, -(2**63) - 1, 1.0, 1.5]))
    assert_same(document)


def test_errors_stand_in_the_order_of_the_document_and_parents_first() -> None:
    document = with_predictor(shadwo=True, replicas="1", graph={"children": [{"x": 1}]})
    places = [
        (error.kind, str(error.path.join(filter(None, [error.missing_field]))))
        for error in explained(document)
    ]
    graph = "spec.predictors[0].graph"
    assert places == [
        ("unknown", "spec.predictors[0].shadwo"),
        ("required", f"{graph}.name"),
        ("required", f"{graph}.children[0].name"),
        ("unknown", f"{graph}.children[0].x"),
        ("type", "spec.predictors[0].replicas"),
    ]


def test_what_is_unread_is_passed_over() -> None:
    document = minimal()
    graph = document["spec"]["predictors"][0]["graph"]
    graph.clear()
    explain(document, lambda _: pytest.fail("nothing else is wrong"), {id(graph)})


@pytest.mark.parametrize("levels", [50, 20_000])
def test_no_depth_ends_the_interpreter(levels: int) -> None:
    graph: dict[str, Any] = {"name": "a"}
    for _ in range(levels):
        graph = {"name": "a", "children": [graph]}
    assert explained(with_predictor(graph=graph)) == []
    while graph:  # or its deallocation recurses
        graph = graph.pop("children", [{}])[0]
