"""What is remembered: only what is faultless, only the same, only under the same settings."""

from copy import deepcopy
from dataclasses import replace

import pytest

from tests.documents_of import minimal
from webhook.decisions.decide import decide
from webhook.decisions.decision import Decision
from webhook.decisions.demands import Demands
from webhook.decisions.memory import Memory
from webhook.decisions.plan import Plan
from webhook.decisions.settings import read_settings
from webhook.graph.facts import NOTHING_KNOWN, Facts
from webhook.policy import load

SETTINGS = read_settings()


class Counting:
    """A plan that counts how often it is asked."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.asked = 0

    def select(self, there, *, update):
        self.asked += 1
        return self.plan.select(there, update=update)


@pytest.fixture
def settings():
    settings = replace(SETTINGS)
    settings.__dict__["plan"] = Counting(SETTINGS.plan)
    return settings


def ask(document, settings, memory, facts=NOTHING_KNOWN, **more):
    return decide(document, settings, facts, memory=memory, **more)


def test_the_same_object_is_judged_once_and_gets_the_same_patch(settings):
    memory = Memory()
    first = ask(minimal(), settings, memory)
    again = ask(minimal(), settings, memory)
    assert first == again == decide(minimal(), SETTINGS, NOTHING_KNOWN)
    assert again.patch
    assert settings.plan.asked == 1


def test_what_mutate_judged_filled_is_what_validate_gets(settings):
    memory = Memory()
    patch = ask(minimal(), settings, memory).patch
    stored = minimal()
    stored["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["securityContext"] = {
        "runAsUser": 8888
    }
    assert [operation["value"] for operation in patch] == [{"runAsUser": 8888}]
    # the API server sorts the fields, and adds its own
    metadata = {"uid": "0b4f", "generation": 1, "managedFields": [{"manager": "kubectl"}]}
    stored["metadata"] = metadata | stored["metadata"]
    stored = dict(sorted(stored.items())) | {"status": {"state": "Creating"}}
    assert ask(stored, settings, memory, fill=False) == Decision()
    assert settings.plan.asked == 1


@pytest.mark.parametrize("field", ["name", "labels", "annotations"])
def test_metadata_of_the_author_tells_objects_apart(settings, field):
    memory = Memory()
    ask(minimal(), settings, memory)
    other = minimal()
    other["metadata"][field] = "other" if field == "name" else {"other": "other"}
    ask(other, settings, memory)
    assert settings.plan.asked == 2


@pytest.mark.parametrize(
    "asked",
    [
        {"namespace": "elsewhere"},
        {"old_document": minimal()},
        {"facts": Facts(minor=30)},
        {"settings": replace(SETTINGS)},
    ],
    ids=lambda asked: next(iter(asked)),
)
def test_another_question_is_answered_anew(settings, asked):
    memory = Memory()
    ask(minimal(), settings, memory)
    asked_before = settings.plan.asked
    given = {"settings": settings, **asked}
    answer = ask(minimal(), memory=memory, **given)
    assert answer == decide(minimal(), **{"settings": settings, "facts": NOTHING_KNOWN, **asked})
    if "settings" not in asked:  # else it is another plan
        assert settings.plan.asked == asked_before + 2  # the second is the line above
    if not answer.warnings:
        assert ask(minimal(), memory=memory, **given) == answer
        assert settings.plan.asked <= asked_before + 2


def test_what_has_findings_or_failures_is_not_remembered():
    memory = Memory()
    denied = minimal()
    denied["spec"]["predictors"][0]["graph"]["type"] = "MODLE"
    for _ in range(2):
        assert ask(denied, SETTINGS, memory).denied
    assert len(memory) == 0
    crashing = replace(SETTINGS.plan.rules[0], load=lambda: _crash, wants=(), needs=frozenset())
    settings = replace(SETTINGS, on_internal_failure="allow")
    settings.__dict__["plan"] = Plan((crashing,))
    assert ask(minimal(), settings, memory).failures
    assert len(memory) == 0


def _crash(_):
    yield from ()
    raise ZeroDivisionError


def test_policies_are_asked_each_time(settings):
    memory = Memory()
    for _ in range(2):
        ask(minimal(), settings, memory, demands=Demands(load([]), 0))
    assert settings.plan.asked == 2
    assert len(memory) == 0


def test_the_oldest_are_forgotten(settings):
    memory = Memory(most_bytes=20_000)
    for number in range(200):
        ask(named(f"model-{number}"), settings, memory)
    assert 0 < len(memory) < 100
    asked = settings.plan.asked
    ask(named("model-199"), settings, memory)
    assert settings.plan.asked == asked
    ask(named("model-0"), settings, memory)
    assert settings.plan.asked == asked + 1


def named(name):
    document = deepcopy(minimal())
    document["metadata"]["name"] = name
    return document


def test_what_cannot_be_written_is_not_remembered(settings):
    memory = Memory()
    document = minimal()
    document["metadata"]["annotations"] = {"number": 2**70}
    assert ask(document, settings, memory) == ask(document, settings, memory)
    assert len(memory) == 0
