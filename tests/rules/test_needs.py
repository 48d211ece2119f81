"""A rule that is passed over, because none of its NEEDS is there, would have found nothing."""

from copy import deepcopy
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.graphs import document, documents
from tests.rules.mutants import MUTANTS
from tests.rules.test_fixtures import FILES
from tests.rules.test_graphs import DEPTH, SIZE, VALUES, places, with_fault
from webhook import defaults
from webhook.decisions.decision import Failure
from webhook.decisions.plan import Plan
from webhook.decisions.run import run
from webhook.decisions.settings import read_settings
from webhook.documents import read
from webhook.graph.facts import NOTHING_KNOWN, Facts
from webhook.graph.parse import parse
from webhook.graph.usual import unusual_parts
from webhook.rules import overridden_variable

SETTINGS = read_settings()
EVERY_RULE = Plan(tuple(replace(rule, needs=frozenset()) for rule in SETTINGS.plan.rules))
MUCH_KNOWN = Facts(servers={"SKLEARN_SERVER": {}}, minor=31, crd_depth=2)


def found(plan, deployment, facts):
    failures: list[Failure] = []
    told = list(run(plan, deployment, deployment, facts, failures))
    assert failures == []
    return told


def assert_nothing_is_missed(value):
    filling = defaults.fill(value, SETTINGS.defaults, NOTHING_KNOWN, "models")
    for each in (value, defaults.apply(value, filling.operations)):
        deployment = parse(each)
        for facts in (NOTHING_KNOWN, MUCH_KNOWN):
            in_short = found(SETTINGS.plan, deployment, facts)
            assert in_short == found(EVERY_RULE, deployment, facts)


def test_most_rules_say_what_they_need():
    rules = SETTINGS.plan.rules
    assert sum(bool(rule.needs) for rule in rules) > len(rules) / 2


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_nothing_is_missed_in_a_fixture(file):
    for each in read(file.read_text()).documents:
        assert_nothing_is_missed(each.value)


@given(documents(nodes=100, depth=10))
@settings(max_examples=100, deadline=None)
def test_nothing_is_missed_in_a_valid_graph(value):
    assert_nothing_is_missed(value)


@pytest.mark.parametrize("name", MUTANTS)
@given(seed=st.integers(0, 2**32), size=st.integers(1, SIZE))
@settings(max_examples=10, deadline=None)
def test_nothing_is_missed_in_a_graph_with_a_fault(name, seed, size):
    faulty, _ = with_fault(MUTANTS[name][1], seed, size)
    assert_nothing_is_missed(faulty)


@pytest.mark.parametrize("name", sorted(overridden_variable.SET_BY_SELDON))
def test_a_variable_that_seldon_sets_is_looked_at_closely(name):
    assert unusual_parts({"image": "a", "env": [{"name": name, "value": "1"}]}) == ["env"]


WORDS = sorted(set().union(*(rule.needs for rule in SETTINGS.plan.rules)))
"""Among them each field that a rule asks for; the signs that are no fields do no harm."""


@given(seed=st.integers(0, 2**32), times=st.integers(1, 5))
@settings(max_examples=500, deadline=None)
def test_nothing_is_missed_where_any_value_stands_at_any_place(seed, times):
    random = Random(seed)
    spoilt = document(seed, SIZE, DEPTH)
    for _ in range(times):
        holder, key = random.choice(list(places(spoilt)))
        if isinstance(holder, dict) and random.random() < 1 / 2:
            key = random.choice(WORDS)
        holder[key] = deepcopy(random.choice(VALUES))
    assert_nothing_is_missed(spoilt)
