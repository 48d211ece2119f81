"""What a review was busy with is told by the module that was at work."""

from types import FunctionType

import pytest

from webhook.engine.stages import stage_of

STAGES = {
    "webhook.admission.request": "parsing the review",
    "webhook.graph.limits": "counting the values of the object",
    "webhook.defaulting.defaulter": "filling in defaults",
    "webhook.graph.parse": "reading the object",
    "webhook.graph.schema.explain": "checking the object against the schema",
    "webhook.engine.rule_runner": "running the rules",
    "webhook.engine.ratchet": "comparing with the object before the update",
    "webhook.engine.dedupe": "ordering the findings",
}


def call_next(*following):
    if not following:
        raise KeyError("a")
    following[0](*following[1:])


def in_module(name):
    return FunctionType(call_next.__code__, {"__name__": name, "KeyError": KeyError})


def stage_in(*modules):
    with pytest.raises(KeyError) as raised:
        call_next(*map(in_module, modules))
    return stage_of(raised.value)


@pytest.mark.parametrize("module", STAGES)
def test_a_module_is_a_stage(module):
    assert stage_in(module) == stage_in(module, "another.module") == STAGES[module]


def test_the_innermost_counts():
    assert stage_in("webhook.graph.parse", "webhook.graph.schema.explain") == (
        "checking the object against the schema"
    )


def test_elsewhere_the_object_is_evaluated():
    assert stage_in() == stage_in("another.module") == "evaluating the object"
