"""A rule that looks for words is called where one of them occurs, and nowhere else."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.documents_of import minimal
from webhook.engine.rule_runner import run_rules
from webhook.graph.cluster_facts import NO_FACTS
from webhook.graph.finding import Finding
from webhook.graph.parse import parse
from webhook.rules import Subject
from webhook.settings.model import read_settings
from webhook.settings.rule_set import EnabledRule, RuleSet

ALL_RULES = read_settings().rule_set.rules


class Called:
    """A rule set with one more rule, that notes what it is called with."""

    def __init__(self, subject: Subject, *words: str) -> None:
        self.things: list[Any] = []
        guarded = EnabledRule(
            "guarded", "deny", lambda: self._check, subject, words=frozenset(words)
        )
        self.rules = RuleSet((*ALL_RULES, guarded))

    def _check(self, thing: Any) -> Iterator[Finding]:
        self.things.append(thing)
        return iter(())

    def count(self, document: Any) -> int:
        """Return how often it is called for a document."""
        self.things.clear()
        assert run_rules(self.rules, parse(document), None, NO_FACTS, []) == []
        return len(self.things)


def with_variable(name: str, value: dict[str, Any]) -> Any:
    document = minimal()
    component = document["spec"]["predictors"][0]["componentSpecs"][0]
    component["spec"]["containers"][0]["env"] = [{"name": name, **value}]
    return document


def test_a_rule_is_called_where_a_word_is_a_key_or_a_text() -> None:
    for subject in ("container", "pod", "component", "predictor", "deployment"):
        rule = Called(subject, "configMapKeyRef", "PORT")
        assert rule.count(minimal()) == 0, subject
        assert rule.count(with_variable("HOST", {"value": "x"})) == 0, subject
        assert rule.count(with_variable("PORT", {"value": "x"})) == 1, subject
        source = {"valueFrom": {"configMapKeyRef": {"name": "a", "key": "b"}}}
        assert rule.count(with_variable("HOST", source)) == 1, subject


def test_the_words_of_a_remembered_content_are_remembered() -> None:
    rule = Called("predictor", "PORT")
    document = with_variable("PORT", {"value": "x"})
    assert [rule.count(document) for _ in range(3)] == [1, 1, 1]
    assert rule.count(with_variable("HOST", {"value": "x"})) == 0


def test_a_key_of_the_container_itself_is_a_word() -> None:
    rule = Called("deployment", "container.tty")
    document = minimal()
    assert rule.count(document) == 0
    document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"][0]["tty"] = True
    assert rule.count(document) == 1


def test_a_word_behind_a_field_is_a_key_in_it_or_in_its_items() -> None:
    rule = Called("container", "valueFrom.configMapKeyRef", "env.value")
    source = {"valueFrom": {"configMapKeyRef": {"name": "a", "key": "b"}}}
    assert rule.count(with_variable("HOST", source)) == 1
    assert rule.count(with_variable("HOST", {"value": "valueFrom"})) == 1
    assert rule.count(with_variable("value", {})) == 0


def test_a_word_of_another_rule_does_not_count() -> None:
    document = minimal()
    document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["hostUsers"] = True
    assert Called("pod", "pod.hostUsers").count(document) == 1
    assert Called("pod", "pod.hostname").count(document) == 0


def test_words_are_found_where_no_other_rule_looks() -> None:
    rule = Called("deployment", "PORT", "pod.hostname", "container.tty")
    alone = RuleSet((next(each for each in rule.rules if each.id == "guarded"),))
    document = with_variable("PORT", {"value": "x"})
    run_rules(alone, parse(document), None, NO_FACTS, [])
    assert len(rule.things) == 1


def test_a_large_content_is_not_remembered_and_its_words_are_found() -> None:
    rule = Called("predictor", "PORT")
    document = with_variable("PORT", {"value": "x" * 5_000})
    assert [rule.count(document) for _ in range(2)] == [1, 1]


@pytest.mark.parametrize("field", ["predictors", "componentSpecs", "containers"])
def test_no_word_is_waited_for_where_a_mapping_stands_for_a_list(field: str) -> None:
    document = minimal()
    predictor = document["spec"]["predictors"][0]
    holder = {
        "predictors": document["spec"],
        "componentSpecs": predictor,
        "containers": predictor["componentSpecs"][0]["spec"],
    }[field]
    holder[field] = holder[field][0]
    rule = Called("deployment", "PORT")
    run_rules(rule.rules, parse(document), None, NO_FACTS, [])
    assert len(rule.things) == 1
