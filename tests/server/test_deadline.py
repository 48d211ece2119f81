"""A judgement that takes too long ends from inside, and the rule that was slow is named."""

import asyncio
import signal
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
import uvloop

from tests.documents_of import minimal, with_predictor
from tests.policy.documents import binding, loaded, policy
from tests.policy.test_mutate import mutating
from webhook.admission import Answer, Endpoint, answer
from webhook.decisions.demands import Demands
from webhook.decisions.plan import Plan
from webhook.decisions.settings import Settings, read_settings
from webhook.graph.facts import NOTHING_KNOWN
from webhook.graph.finding import Finding
from webhook.server.deadline import Deadline, OutOfTime


@pytest.fixture(autouse=True)
def _the_alarm_of_others() -> Iterator[None]:
    """pytest-timeout uses the same alarm: given back as it was."""
    previous, left = signal.getsignal(signal.SIGALRM), signal.setitimer(signal.ITIMER_REAL, 0.0)
    yield
    signal.signal(signal.SIGALRM, previous)
    signal.setitimer(signal.ITIMER_REAL, *left)


def for_ever() -> None:
    while True:
        pass


def test_what_is_quick_is_returned() -> None:
    deadline = Deadline(60.0)
    assert deadline.within(lambda: 7) == 7
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_what_raises_raises_and_the_alarm_is_off() -> None:
    deadline = Deadline(60.0)
    with pytest.raises(ZeroDivisionError):
        deadline.within(lambda: 1 // 0)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_what_runs_for_ever_is_ended() -> None:
    with pytest.raises(OutOfTime, match=r"^the 0.05 s for one judgement are over$"):
        Deadline(0.05).within(for_ever)


def test_whoever_goes_on_is_ended_again() -> None:
    ended = []

    def stubborn() -> None:
        for _ in range(3):
            try:
                for_ever()
            except OutOfTime as error:
                ended.append(error)

    Deadline(0.05).within(stubborn)
    assert len(ended) == 3


def test_it_ends_a_judgement_in_the_server_s_loop() -> None:
    async def judge() -> None:
        Deadline(0.05).within(for_ever)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, pytest.raises(OutOfTime):
        runner.run(judge())


def test_an_alarm_of_somebody_else_is_nothing_to_it() -> None:
    Deadline(60.0)
    signal.raise_signal(signal.SIGALRM)


def with_slow_rule(rule: str) -> Settings:
    """Return settings in which one rule never ends."""
    settings = read_settings(None, {})
    endless: dict[str, Any] = {"load": lambda: _endless, "wants": (), "needs": frozenset()}
    plan = [replace(one, **endless) if one.id == rule else one for one in settings.plan]
    vars(settings)["plan"] = Plan(tuple(plan))  # a cached property
    return settings


def _endless(*_: object, **__: object) -> Iterator[Finding]:
    for_ever()
    yield from ()


def judged(document: dict[str, object], settings: Settings) -> Answer:
    body = orjson.dumps(_review(document))
    return Deadline(0.1).within(lambda: answer(body, "validate", settings, NOTHING_KNOWN))


def _review(document: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "u-1",
            "kind": {
                "group": "machinelearning.seldon.io",
                "version": "v1",
                "kind": "SeldonDeployment",
            },
            "resource": {
                "group": "machinelearning.seldon.io",
                "version": "v1",
                "resource": "seldondeployments",
            },
            "name": "iris",
            "namespace": "models",
            "operation": "CREATE",
            "object": document,
        },
    }


def test_the_author_is_told_that_it_is_our_fault_and_everything_else_that_was_found() -> None:
    document = with_predictor(replicas="1")
    found = judged(document, with_slow_rule("traffic-not-100"))
    assert [failure.rule for failure in found.failures] == ["traffic-not-100"]
    assert isinstance(found.failures[0].error, OutOfTime)
    assert ("wrong-type", "deny") in found.findings
    response = orjson.loads(found.body)["response"]
    assert response["allowed"] is False
    assert "[wrong-type]" in response["status"]["message"]


def test_an_object_without_a_fault_meets_on_internal_failure() -> None:
    found = judged(minimal(), with_slow_rule("traffic-not-100"))
    response = orjson.loads(found.body)["response"]
    assert response["allowed"] is False
    assert "rule traffic-not-100 could not be evaluated" in response["status"]["message"]
    lenient = replace(with_slow_rule("traffic-not-100"), on_internal_failure="allow")
    vars(lenient)["plan"] = with_slow_rule("traffic-not-100").plan
    assert orjson.loads(judged(minimal(), lenient).body)["response"]["allowed"] is True


LONG = "object.metadata.annotations.long.split('').size() > 0"
"""Milliseconds on a text of a hundred thousand letters; a policy is not asked in between."""

ENDLESS = f"lists.range(300).all(x, lists.range(300).all(y, {LONG}))"


def judged_by(text: str, endpoint: Endpoint) -> Answer:
    deadline = Deadline(0.5)
    document = minimal()
    document["metadata"]["annotations"] = {"long": "x" * 100_000}
    demands = Demands(loaded(text), 0, deadline.expired)
    body = orjson.dumps(_review(document))
    return deadline.within(
        lambda: answer(body, endpoint, read_settings(None, {}), NOTHING_KNOWN, demands)
    )


def test_a_slow_policy_is_named_and_the_others_answer() -> None:
    found = judged_by(
        "---\n".join(
            one
            for name, expression in (
                ("a-quick", "false"),
                ("m-slow", ENDLESS),
                ("z-quick", "false"),
            )
            for one in (
                policy(f'- expression: "{expression}"\n', name=name),
                binding(name, policy=name),
            )
        ),
        "validate",
    )
    assert found.failures == ()
    denied = {rule for rule, action in found.findings if action == "deny"}
    # on a busy machine the alarm comes before the engine looks at the time, and names a validation
    assert denied - {"policy/m-slow", "policy/m-slow/0"} == {"policy/a-quick/0", "policy/z-quick/0"}
    assert len(denied) == 3
    message = orjson.loads(found.body)["response"]["status"]["message"]
    assert "could not be evaluated: the time for this review is up" in message


def test_a_slow_mutation_is_named_and_the_others_are_made() -> None:
    label = '[JSONPatch{op: "add", path: "/metadata/labels", value: {"a": "b"}}]'
    slow = mutating(f"{ENDLESS} ? [] : []", name="a-slow", more="  failurePolicy: Ignore\n")
    found = judged_by(slow + "---\n" + mutating(label, name="b-quick"), "mutate")
    # as above
    assert {("policy/a-slow", "warn"), ("policy/a-slow/0", "warn")} & {*found.findings}
    response = orjson.loads(found.body)["response"]
    assert response["allowed"] is True
    patch = orjson.loads(b64decode(response["patch"]))
    assert {"op": "add", "path": "/metadata/labels", "value": {"a": "b"}} in patch
