"""What is remembered: only what is faultless, only the same, only under the same settings."""

from collections import OrderedDict
from copy import deepcopy
from dataclasses import replace

import pytest

from tests.documents_of import minimal
from webhook.engine.allow_cache import AllowCache, CacheKey
from webhook.engine.decision import Decision
from webhook.engine.evaluate import evaluate
from webhook.engine.policy_context import PolicyContext
from webhook.errors import ReviewTimeoutError
from webhook.graph.cluster_facts import NO_FACTS, Facts
from webhook.policy import load_policy_set
from webhook.settings.model import read_settings
from webhook.settings.rule_set import RuleSet

SETTINGS = read_settings()


class CountingRuleSet:
    """A rule set that counts for how many deployments it is asked."""

    def __init__(self, rule_set: RuleSet) -> None:
        self.rule_set = rule_set
        self.table = rule_set.table
        self.known_parts = rule_set.known_parts
        self.asked = 0

    @property
    def by_subject(self):
        self.asked += 1
        return self.rule_set.by_subject


@pytest.fixture
def settings():
    settings = replace(SETTINGS)
    settings.__dict__["rule_set"] = CountingRuleSet(SETTINGS.rule_set)
    return settings


def evaluate_twice(document, settings, memory, facts=NO_FACTS, **more):
    return evaluate(document, settings, facts, allow_cache=memory, **more)


def test_the_same_object_is_evaluated_once_and_gets_the_same_patch(settings):
    memory = AllowCache()
    first = evaluate_twice(minimal(), settings, memory)
    again = evaluate_twice(minimal(), settings, memory)
    assert first == again == evaluate(minimal(), SETTINGS, NO_FACTS)
    assert again.patch
    assert settings.rule_set.asked == 1


def test_what_mutate_evaluated_filled_is_what_validate_gets(settings):
    memory = AllowCache()
    patch = evaluate_twice(minimal(), settings, memory).patch
    stored = minimal()
    stored["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["securityContext"] = {
        "runAsUser": 8888
    }
    assert [operation["value"] for operation in patch] == [{"runAsUser": 8888}]
    # the API server sorts the fields, and adds its own
    metadata = {"uid": "0b4f", "generation": 1, "managedFields": [{"manager": "kubectl"}]}
    stored["metadata"] = metadata | stored["metadata"]
    stored = sorted_fields(stored) | {"status": {"state": "Creating"}}
    assert evaluate_twice(stored, settings, memory, apply_defaults=False) == Decision()
    assert settings.rule_set.asked == 1


@pytest.mark.parametrize("field", ["name", "labels", "annotations"])
def test_metadata_of_the_author_tells_objects_apart(settings, field):
    memory = AllowCache()
    evaluate_twice(minimal(), settings, memory)
    other = minimal()
    other["metadata"][field] = "other" if field == "name" else {"other": "other"}
    evaluate_twice(other, settings, memory)
    assert settings.rule_set.asked == 2


@pytest.mark.parametrize(
    "asked",
    [
        {"namespace": "elsewhere"},
        {"old_document": minimal()},
        {"facts": Facts(kubernetes_minor=30)},
        {"settings": replace(SETTINGS)},
    ],
    ids=lambda asked: next(iter(asked)),
)
def test_another_question_is_answered_again(settings, asked):
    memory = AllowCache()
    evaluate_twice(minimal(), settings, memory)
    asked_before = settings.rule_set.asked
    given = {"settings": settings, **asked}
    answer = evaluate_twice(minimal(), memory=memory, **given)
    assert answer == evaluate(minimal(), **{"settings": settings, "facts": NO_FACTS, **asked})
    if "settings" not in asked:  # else it is another plan
        assert settings.rule_set.asked == asked_before + 2  # the second is the line above
    if not answer.warnings:
        assert evaluate_twice(minimal(), memory=memory, **given) == answer
        assert settings.rule_set.asked <= asked_before + 2


def test_what_has_findings_or_failures_is_not_remembered():
    memory = AllowCache()
    denied = minimal()
    denied["spec"]["predictors"][0]["graph"]["type"] = "MODLE"
    for _ in range(2):
        assert evaluate_twice(denied, SETTINGS, memory).denied
    assert len(memory) == 0
    crashing = replace(
        SETTINGS.rule_set.rules[0],
        load=lambda: _crash,
        subject="deployment",
        fields=frozenset(),
        inputs=(),
    )
    settings = replace(SETTINGS, on_rule_error="allow")
    settings.__dict__["rule_set"] = RuleSet((crashing,))
    assert evaluate_twice(minimal(), settings, memory).rule_errors
    assert len(memory) == 0


def _crash(_):
    yield from ()
    raise ZeroDivisionError


def test_policies_are_asked_each_time(settings):
    memory = AllowCache()
    for _ in range(2):
        evaluate_twice(
            minimal(), settings, memory, policy_context=PolicyContext(load_policy_set([]), 0)
        )
    assert settings.rule_set.asked == 2
    assert len(memory) == 0


def test_the_oldest_are_forgotten(settings):
    memory = AllowCache(max_bytes=20_000)
    for number in range(200):
        evaluate_twice(named(f"model-{number}"), settings, memory)
    assert 0 < len(memory) < 100
    asked = settings.rule_set.asked
    evaluate_twice(named("model-199"), settings, memory)
    assert settings.rule_set.asked == asked
    evaluate_twice(named("model-0"), settings, memory)
    assert settings.rule_set.asked == asked + 1


def sorted_fields(value):
    if isinstance(value, list):
        return [sorted_fields(item) for item in value]
    if isinstance(value, dict):
        return {key: sorted_fields(value[key]) for key in sorted(value)}
    return value


def test_a_memory_of_exactly_two_objects_holds_two():
    keys = [("models", name.encode()) for name in ("one", "two", "six")]
    size = len(keys[0][1])
    memory = AllowCache(max_bytes=2 * size)
    lengths = []
    for key in keys:
        memory.add(key)
        lengths.append(len(memory))
    assert lengths == [1, 2, 2]
    # forgetting leaves room for as many as before
    other = replace(SETTINGS)
    assert not memory.contains(keys[0], other, NO_FACTS)
    for key in keys[:2]:
        memory.add(key)
    assert [memory.contains(key, other, NO_FACTS) for key in keys] == [True, True, False]


def named(name):
    document = deepcopy(minimal())
    document["metadata"]["name"] = name
    return document


def test_what_cannot_be_written_is_not_remembered(settings):
    memory = AllowCache()
    document = minimal()
    document["metadata"]["annotations"] = {"number": 2**70}
    assert memory.key(document, None, "models") is None
    assert evaluate_twice(document, settings, memory) == evaluate_twice(document, settings, memory)
    assert len(memory) == 0


def test_other_facts_or_other_settings_alone_are_a_reason_to_look_again():
    memory = AllowCache()
    key = memory.key(minimal(), None, "models")
    assert key is not None
    facts, settings = Facts(kubernetes_minor=30), replace(SETTINGS)
    for changed in ((SETTINGS, facts), (settings, facts), (settings, NO_FACTS)):
        assert not memory.contains(key, *changed)
        memory.add(key)
        assert memory.contains(key, *changed)


def test_a_review_that_ends_while_old_objects_are_forgotten_leaves_none_of_them():
    memory, other = AllowCache(), Facts(kubernetes_minor=30)
    evaluate(minimal(), SETTINGS, NO_FACTS, allow_cache=memory)

    class OutOfTime(OrderedDict[CacheKey, None]):
        def clear(self):
            super().clear()
            raise ReviewTimeoutError("the time is over")

    memory._keys = OutOfTime(memory._keys)
    with pytest.raises(ReviewTimeoutError):
        evaluate(minimal(), SETTINGS, other, allow_cache=memory)
    memory._keys = OrderedDict(memory._keys)
    evaluate(minimal(), SETTINGS, NO_FACTS, allow_cache=memory)
    assert memory._bytes == sum(len(content) for _, content in memory._keys)
