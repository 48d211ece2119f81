"""A rule that is not called, for lack of its FIELDS or WORDS, would have found nothing."""

from copy import deepcopy
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.graphs import build_document, documents
from tests.rules.mutants import MUTANTS
from tests.rules.test_fixtures import FILES
from tests.rules.test_graphs import DEPTH, SIZE, VALUES, iter_locations, mutate_until_applicable
from webhook import defaulting as defaults
from webhook.engine.decision import RuleError
from webhook.engine.rule_runner import run_rules
from webhook.graph.cluster_facts import NO_FACTS, Facts
from webhook.graph.parse import parse
from webhook.rendering.routes.options import NO_ROUTING, RoutingOptions
from webhook.settings.model import read_settings
from webhook.settings.rule_set import RuleSet
from webhook.yamldoc import read

SETTINGS = read_settings()
EVERY_RULE = RuleSet(
    tuple(replace(rule, fields=frozenset(), words=frozenset()) for rule in SETTINGS.rule_set.rules)
)
ALL_FACTS = Facts(
    model_servers={"SKLEARN_SERVER": {}},
    kubernetes_minor=31,
    max_graph_depth=2,
    operator="graphgate",
    mirrors_percent=False,
)
ROUTING = RoutingOptions(kind="gateway-api", gateway="gateways/public")


def run_selected(plan, deployment, facts):
    failures: list[RuleError] = []
    findings = [
        each
        for routing in (NO_ROUTING, ROUTING)
        for each in run_rules(plan, deployment, deployment, facts, failures, routing=routing)
    ]
    assert failures == []
    # Things with the same fields are asked about together; `engine.dedupe` puts all in order.
    return sorted(findings, key=repr)


def assert_nothing_is_missed(value):
    defaulting = defaults.default_object(value, SETTINGS.defaults, NO_FACTS, "models")
    for each in (value, defaults.apply_add_operations(value, defaulting.operations)):
        deployment = parse(each)
        for facts in (NO_FACTS, ALL_FACTS):
            in_short = run_selected(SETTINGS.rule_set, deployment, facts)
            assert in_short == run_selected(EVERY_RULE, deployment, facts)


def test_most_rules_say_which_fields_they_are_about():
    rules = SETTINGS.rule_set.rules
    assert sum(bool(rule.fields) for rule in rules) > len(rules) / 2


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_nothing_is_missed_in_a_fixture(file):
    for each in read(file.read_text()).documents:
        assert_nothing_is_missed(each.value)


@given(documents(max_nodes=100, max_depth=10))
@settings(max_examples=100, deadline=None)
def test_nothing_is_missed_in_a_valid_graph(value):
    assert_nothing_is_missed(value)


@pytest.mark.parametrize("name", MUTANTS)
@given(seed=st.integers(0, 2**32), size=st.integers(1, SIZE))
@settings(max_examples=10, deadline=None)
def test_nothing_is_missed_in_a_graph_with_a_fault(name, seed, size):
    mutated, _ = mutate_until_applicable(MUTANTS[name][1], seed, size)
    assert_nothing_is_missed(mutated)


FIELDS = sorted(set().union(*(rule.fields for rule in SETTINGS.rule_set.rules)))
"""Each field that a rule asks for."""

WORDS = sorted({word.rpartition(".")[2] for rule in SETTINGS.rule_set.rules for word in rule.words})
"""Each word that a rule asks for, without where."""


@given(seed=st.integers(0, 2**32), times=st.integers(1, 5))
@settings(max_examples=500, deadline=None)
def test_nothing_is_missed_where_any_value_stands_at_any_place(seed, times):
    random = Random(seed)
    mutated = build_document(seed, SIZE, DEPTH)
    for _ in range(times):
        holder, key = random.choice(list(iter_locations(mutated)))
        if isinstance(holder, dict) and random.random() < 1 / 2:
            key = random.choice(random.choice((FIELDS, WORDS)))
        holder[key] = deepcopy(random.choice(random.choice((VALUES, WORDS))))
    assert_nothing_is_missed(mutated)


class _Reads(dict[str, Any]):
    """A mapping that notes which of its keys are asked for."""

    def __init__(self, raw):
        super().__init__(raw)
        self.keys_read = set()

    def get(self, key, default=None):
        self.keys_read.add(key)
        return super().get(key, default)

    def __getitem__(self, key):
        self.keys_read.add(key)
        return super().__getitem__(key)

    def __contains__(self, key):
        self.keys_read.add(key)
        return super().__contains__(key)

    def __iter__(self):
        raise AssertionError("a local rule reads its fields alone")


@pytest.mark.parametrize(
    "rule", [rule for rule in SETTINGS.rule_set if rule.local], ids=lambda rule: rule.id
)
def test_a_local_rule_reads_its_fields_alone(rule):
    assert {*rule.inputs} <= {"facts"}
    inputs = {"facts": ALL_FACTS} if rule.inputs else {}
    read_fields = set()
    for file in FILES:
        for each in read(file.read_text()).documents:
            for predictor in parse(each.value).predictors:
                containers, nodes = predictor.all_containers, predictor.nodes
                for thing in containers if rule.subject == "container" else nodes:
                    raw = _Reads(thing.raw)
                    list(rule.check(replace(thing, raw=raw), **inputs))
                    read_fields |= raw.keys_read
    # A node's type and implementation are read from the view.
    assert read_fields <= rule.fields
    assert read_fields or rule.subject == "node"
