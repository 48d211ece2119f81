"""An evaluation that takes too long ends from inside, and the rule that was slow is named."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import orjson
import pytest
import uvloop

from tests.documents_of import minimal, with_predictor
from tests.policy.documents import binding_text, load_texts, policy_text
from tests.policy.test_mutator import mutating_policy_text
from webhook.admission import Endpoint, ReviewResult, handle_review
from webhook.engine.policy_context import PolicyContext
from webhook.errors import ReviewTimeoutError
from webhook.graph.cluster_facts import NO_FACTS
from webhook.graph.finding import Finding
from webhook.server.timeout import ReviewTimeout
from webhook.settings.model import Settings, read_settings
from webhook.settings.rule_set import RuleSet

pytestmark = pytest.mark.usefixtures("restored_alarm")

T = TypeVar("T")


def loop_forever() -> None:
    while True:
        pass


def let_the_time_be_over() -> None:
    """Do what the kernel does when the time is over: at once, however busy the machine is."""
    signal.raise_signal(signal.SIGALRM)


def run(timeout: ReviewTimeout, work: Callable[[], T]) -> T:
    """Return what `work` returns, within a time, as `handle_review` does it."""
    timeout.start()
    try:
        return work()
    finally:
        timeout.is_running = False
        timeout.stop()


def test_what_is_quick_is_returned() -> None:
    assert run(ReviewTimeout(60.0), lambda: 7) == 7
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_what_raises_raises_and_the_alarm_is_off() -> None:
    with pytest.raises(ZeroDivisionError):
        run(ReviewTimeout(60.0), lambda: 1 // 0)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_what_runs_for_ever_is_ended() -> None:
    with pytest.raises(
        ReviewTimeoutError, match=r"^the time limit of 0.05 s for one evaluation is exceeded$"
    ):
        run(ReviewTimeout(0.05), loop_forever)


def test_whoever_goes_on_is_ended_again() -> None:
    ended = []

    def stubborn() -> float:
        for _ in range(3):
            try:
                let_the_time_be_over()
            except ReviewTimeoutError as error:
                ended.append(error)
        return signal.getitimer(signal.ITIMER_REAL)[1]

    assert run(ReviewTimeout(3600.0), stubborn) > 0.0  # the kernel repeats it
    assert len(ended) == 3


def test_it_ends_a_review_in_the_server_s_loop() -> None:
    async def judge() -> None:
        run(ReviewTimeout(0.05), loop_forever)

    with (
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        pytest.raises(ReviewTimeoutError),
    ):
        runner.run(judge())


def test_an_alarm_of_somebody_else_is_nothing_to_it() -> None:
    ReviewTimeout(60.0)
    signal.raise_signal(signal.SIGALRM)


def with_slow_rule(rule: str) -> Settings:
    """Return settings in which the time is over when one rule has begun."""
    settings = read_settings(None, {})
    slow: dict[str, Any] = {
        "load": lambda: _slow,
        "subject": "deployment",
        "fields": frozenset(),
        "inputs": (),
    }
    plan = [replace(one, **slow) if one.id == rule else one for one in settings.rule_set]
    vars(settings)["rule_set"] = RuleSet(tuple(plan))  # a cached property
    return settings


def _slow(*_: object, **__: object) -> Iterator[Finding]:
    let_the_time_be_over()
    yield from ()


def review_within_timeout(document: dict[str, object], settings: Settings) -> ReviewResult:
    body = orjson.dumps(_review(document))
    limit = ReviewTimeout(3600.0)
    return handle_review(body, "validate", settings, NO_FACTS, time_limit=limit)


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


def test_the_author_sees_that_it_is_our_fault_and_everything_else_that_was_found() -> None:
    document = with_predictor(replicas="1")
    found = review_within_timeout(document, with_slow_rule("traffic-not-100"))
    assert [failure.rule_id for failure in found.rule_errors] == ["traffic-not-100"]
    assert isinstance(found.rule_errors[0].error, ReviewTimeoutError)
    assert ("wrong-type", "deny") in found.findings
    response = orjson.loads(found.body)["response"]
    assert response["allowed"] is False
    assert "[wrong-type]" in response["status"]["message"]


def test_a_time_out_denies_whatever_on_rule_error_says() -> None:
    found = review_within_timeout(minimal(), with_slow_rule("traffic-not-100"))
    response = orjson.loads(found.body)["response"]
    assert response["allowed"] is False
    slow = (
        "rule traffic-not-100 was too slow: the time limit of 3600 s for one evaluation is exceeded"
    )
    assert slow in response["status"]["message"]
    lenient = replace(with_slow_rule("traffic-not-100"), on_rule_error="allow")
    vars(lenient)["rule_set"] = with_slow_rule("traffic-not-100").rule_set
    response = orjson.loads(review_within_timeout(minimal(), lenient).body)["response"]
    assert response["allowed"] is False
    assert slow in response["status"]["message"]


@pytest.mark.parametrize(
    ("slow", "stage"),
    [
        ("webhook.admission.request.read_request", "parsing the review"),
        ("webhook.graph.parse._validate_schema", "reading the object"),
        ("webhook.graph.schema.explain.build_trail_path", "checking the object against the schema"),
    ],
)
def test_what_is_slow_is_named_where_no_rule_runs(
    monkeypatch: pytest.MonkeyPatch, slow: str, stage: str
) -> None:
    document = with_predictor(replicas="1")
    handle_review(orjson.dumps(_review(document)), "validate", read_settings(None, {}), NO_FACTS)
    monkeypatch.setattr(slow, lambda *_, **__: let_the_time_be_over())
    found = review_within_timeout(document, read_settings(None, {}))
    response = orjson.loads(found.body)["response"]
    assert response["allowed"] is False
    assert f"{stage} was too slow: the " in response["status"]["message"]


SLOW = "lists.range(100).all(x, lists.range(100).all(y, x + y >= 0))"
"""So many steps that the engine looks at the time in between, and fewer than a policy may take."""


def handle_review_with(text: str, endpoint: Endpoint) -> ReviewResult:
    """Return the answer of a review whose time is up when the engine first looks."""
    policy_context = PolicyContext(load_texts(text), 0, lambda: True)
    body, settings = orjson.dumps(_review(minimal())), read_settings(None, {})
    return handle_review(body, endpoint, settings, NO_FACTS, policy_context)


def test_a_slow_policy_is_named_and_the_others_answer() -> None:
    found = handle_review_with(
        "---\n".join(
            one
            for name, expression in (
                ("a-quick", "false"),
                ("m-slow", SLOW),
                ("z-quick", "false"),
            )
            for one in (
                policy_text(f'- expression: "{expression}"\n', name=name),
                binding_text(name, policy=name),
            )
        ),
        "validate",
    )
    assert found.rule_errors == ()
    denied = {rule for rule, action in found.findings if action == "deny"}
    assert denied == {"policy/a-quick/0", "policy/m-slow", "policy/z-quick/0"}
    message = orjson.loads(found.body)["response"]["status"]["message"]
    assert "could not be evaluated: the time limit of this review is exceeded" in message


def test_a_slow_mutation_is_named_and_denies_though_its_failure_would_be_ignored() -> None:
    label = '[JSONPatch{op: "add", path: "/metadata/labels", value: {"a": "b"}}]'
    slow = mutating_policy_text(
        f"{SLOW} ? {label} : {label}", name="a-slow", extra_spec="  failurePolicy: Ignore\n"
    )
    found = handle_review_with(
        slow + "---\n" + mutating_policy_text(label, name="b-quick"), "mutate"
    )
    assert found.findings == (("policy/a-slow/0", "deny"),)
    response = orjson.loads(found.body)["response"]
    assert response["allowed"] is False
    assert "patch" not in response
