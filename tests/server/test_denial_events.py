"""Events on denials: few, once, and never on a dry run."""

import json
import threading

import pytest

from tests import patience
from webhook.admission import ReviewResult
from webhook.errors import KubeApiUnavailableError
from webhook.kube import Response
from webhook.runtime.event_writer import MAX_MESSAGE_LENGTH
from webhook.server.denial_events import (
    EVENTS_PER_MINUTE,
    EVENTS_PER_NAMESPACE,
    REPEAT_SECONDS,
    DenialEvents,
)


class ApiServer:
    """Takes Events."""

    server = "https://fake"

    def __init__(self) -> None:
        self.events: list[tuple[str, str, dict[str, object]]] = []
        self.is_down = False
        self.arrived = threading.Semaphore(0)

    def request(self, method, path, *, query=None, body=None, headers=None, timeout=0.0):
        if self.is_down:
            self.arrived.release()
            raise KubeApiUnavailableError("down")
        self.events.append((method, path, json.loads(body)))
        self.arrived.release()
        return Response(201, body, {})

    def stream(self, path, *, query, read_timeout):
        raise AssertionError(path)


@pytest.fixture
def api():
    return ApiServer()


@pytest.fixture
def clock():
    return [1000.0]


@pytest.fixture
def recorder(api, clock):
    with DenialEvents(api, clock=lambda: clock[0]) as events:
        yield events


def test_an_event_is_small_however_long_a_name_is(recorder, api):
    recorder.record(denied(name="a" * 1_000_000))
    assert api.arrived.acquire(timeout=patience.SECONDS)
    ((_, _, event),) = api.events
    assert event["involvedObject"]["name"] == "a" * 253
    assert len(json.dumps(event)) < 2000


def denied(name="iris", namespace="models", **fields):
    return ReviewResult(
        body=b"", uid="u", operation="CREATE", namespace=namespace, name=name,
        verdict="denied", denial=f"{name} has 1 error", **fields,
    )  # fmt: skip


def told(api, recorder, *results):
    """Record; return what the API server got by the end."""
    for result in results:
        recorder.record(result)
    recorder.__exit__()
    return [event for _, _, event in api.events]


def test_an_event_is_about_the_object_that_was_denied(api, recorder):
    (event,) = told(api, recorder, denied(object_uid="abc"))
    assert api.events[0][:2] == ("POST", "/api/v1/namespaces/models/events")
    assert event["involvedObject"] == {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "name": "iris",
        "namespace": "models",
        "uid": "abc",
    }
    assert (event["type"], event["reason"]) == ("Warning", "Denied")
    assert event["message"] == "iris has 1 error"


def test_nothing_is_written_on_a_dry_run(api, recorder):
    assert told(api, recorder, denied(dry_run=True)) == []


def test_a_denial_without_a_namespace_is_about_nothing_that_could_be_named(api, recorder):
    assert told(api, recorder, denied(namespace="")) == []


def test_what_is_allowed_makes_no_event(api, recorder):
    allowed = ReviewResult(b"", "u", "CREATE", "models", "iris", "allowed")
    assert recorder.around(lambda *_: allowed)(b"", "mutate") is allowed
    assert told(api, recorder) == []


def test_the_same_denial_is_told_again_only_after_a_while(api, recorder, clock):
    recorder.record(denied())
    clock[0] += REPEAT_SECONDS - 1
    recorder.record(denied())
    clock[0] += 2
    assert len(told(api, recorder, denied())) == 2


def test_one_namespace_does_not_crowd_out_the_others(api, recorder):
    results = [denied(f"m-{number}") for number in range(EVENTS_PER_NAMESPACE + 5)]
    events = told(api, recorder, *results, denied(namespace="other"))
    namespaces = [event["metadata"]["namespace"] for event in events]
    assert namespaces == ["models"] * EVENTS_PER_NAMESPACE + ["other"]
    assert recorder.dropped == 5


def test_all_namespaces_together_are_bounded(api, recorder, clock):
    results = [denied(namespace=f"n-{number}") for number in range(EVENTS_PER_MINUTE + 5)]
    for result in results:
        recorder.record(result)
    assert recorder.dropped == 5
    clock[0] += 61
    recorder.record(denied("late"))
    assert recorder.dropped == 5


def test_a_message_is_as_long_as_an_event_takes(api, recorder):
    result = denied()._replace(denial="x" * 5000)
    (event,) = told(api, recorder, result)
    assert len(event["message"]) == MAX_MESSAGE_LENGTH


def test_an_api_server_that_is_down_costs_an_event_and_no_more(api, recorder):
    api.is_down = True
    recorder.record(denied())
    assert api.arrived.acquire(timeout=10)
    api.is_down = False
    (event,) = told(api, recorder, denied("next"))
    assert event["involvedObject"]["name"] == "next"
    assert recorder.dropped == 1


@pytest.mark.parametrize("name", ["Not_A_Name", "x" * 300, "\udcff"])
def test_the_name_of_an_event_is_valid_whatever_the_object_is_called(api, recorder, name):
    (event,) = told(api, recorder, denied(name))
    assert event["metadata"]["name"].startswith("graphgate-denied.")
    assert len(event["metadata"]["name"]) < 100
