"""Valid graphs give no finding; one fault gives that finding alone, at its place."""

from contextlib import suppress
from copy import deepcopy
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.graphs import build_document, documents
from tests.rules.mutants import MUTANTS, NotApplicableError
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import Facts
from webhook.settings.model import read_settings

SETTINGS = read_settings()
FACTS = Facts(operator="seldon", operator_version="1.19.0")
"""Of an operator that reads the names of KEDA's autoscalers."""

SIZE, DEPTH = 24, 6
"""Of a graph that is given a fault: large enough for every kind of node."""

ATTEMPTS = 200
"""Documents in which a place for a fault is looked for; the rarest is in one of ten."""


def evaluate_findings(document):
    decision = evaluate(document, SETTINGS, FACTS)
    assert decision.rule_errors == ()
    return [(f.rule_id, str(f.path)) for f in (*decision.denials, *decision.warnings)]


@given(documents(max_nodes=300, max_depth=30))
@settings(max_examples=400, deadline=None)
def test_a_valid_graph_gives_no_finding(document):
    assert evaluate_findings(document) == []


@pytest.mark.parametrize("name", MUTANTS)
@given(seed=st.integers(0, 2**32), size=st.integers(1, SIZE))
@settings(max_examples=60, deadline=None)
def test_one_fault_gives_that_finding_alone(name, seed, size):
    rule, mutate = MUTANTS[name]
    mutated, path = mutate_until_applicable(mutate, seed, size)
    assert evaluate_findings(mutated) == [(rule, path)]


def mutate_until_applicable(mutate, seed, size):
    """Return the first document from this seed on that has a place for the fault, and the place."""
    for attempt in range(ATTEMPTS):
        mutated = build_document(seed + attempt, size + attempt, DEPTH)
        with suppress(NotApplicableError):
            return mutated, mutate(mutated, Random(seed))
    raise AssertionError(f"no document of {ATTEMPTS} has a place for the fault")


TEXTS = ("", "x" * 300, "é b/c:d")
LISTS: tuple[Any, ...] = ([], [[]], [None, 1, {}], [{"name": [], "value": {}, "type": 1}])
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    *TEXTS,
    *LISTS,
    {},
    {"a": {}},
    {"name": ["x"]},
)


@given(seed=st.integers(0, 2**32), value=st.sampled_from(VALUES), times=st.integers(1, 5))
@settings(max_examples=1_000, deadline=None)
def test_no_value_at_any_place_makes_a_rule_crash(seed, value, times):
    random = Random(seed)
    mutated = build_document(seed, SIZE, DEPTH)
    for _ in range(times):
        holder, key = random.choice(list(iter_locations(mutated)))
        holder[key] = deepcopy(value)
    evaluate_findings(mutated)


def iter_locations(value):
    """Yield each mapping and list with each of its keys, and keys that rules ask for."""
    if isinstance(value, dict):
        for key, below in [*value.items()]:
            yield value, key
            yield from iter_locations(below)
        yield from ((value, key) for key in WITHOUT_MUTANT)
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield value, index
            yield from iter_locations(below)


WITHOUT_MUTANT = ("endpoint", "parameters", "env", "annotations", "explainer", "labels", "metadata")
