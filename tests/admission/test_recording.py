"""What is kept of a review: everything that a verdict needs, and nothing that may be secret."""

import json

import orjson
import pytest

from tests.admission.test_wire import encoded_review
from tests.documents_of import minimal, with_graph
from webhook.admission.recording import (
    ENV_VALUE,
    LAST_APPLIED,
    USER_EXTRA,
    RecordedReview,
    read_recording,
    record_line,
    redact,
)

SECRET = "hunter2"


def line_of(document, verdict="allowed", **request):
    return record_line(
        encoded_review(document, **request), "validate", verdict, "2026-01-01T00:00:00Z"
    )


@pytest.mark.parametrize(
    ("value", "redacted"),
    [
        ({"env": [{"name": "A", "value": SECRET}]}, {"env": [{"name": "A", "value": ENV_VALUE}]}),
        ({"env": [{"name": "A", "value": ""}]}, {"env": [{"name": "A", "value": ""}]}),
        ({"env": {"value": SECRET}}, {"env": {"value": SECRET}}),
        ({"env": [{"valueFrom": {"a": 1}}, None]}, {"env": [{"valueFrom": {"a": 1}}, None]}),
        (
            {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": SECRET, "a": "b"}},
            {
                "annotations": {
                    "kubectl.kubernetes.io/last-applied-configuration": LAST_APPLIED,
                    "a": "b",
                }
            },
        ),
        (
            {"userInfo": {"username": "u", "extra": {"token": [SECRET]}}},
            {"userInfo": {"username": "u", "extra": {"token": [USER_EXTRA]}}},
        ),
        ({"userInfo": {"username": "u"}}, {"userInfo": {"username": "u"}}),
        ([{"a": [{"env": [{"value": SECRET}]}]}], [{"a": [{"env": [{"value": ENV_VALUE}]}]}]),
    ],
)
def test_what_may_be_secret_is_replaced(value, redacted):
    before = json.dumps(value)
    assert redact(value) == redacted
    assert json.dumps(value) == before


def test_a_record_is_read_as_it_was_written():
    document = with_graph(endpoint={"type": "REST"})
    (recorded,) = read_recording(line_of(document, "denied"))
    assert recorded == RecordedReview(
        orjson.dumps(orjson.loads(encoded_review(document))),
        "validate",
        allowed=False,
        time="2026-01-01T00:00:00Z",
    )


@pytest.mark.parametrize(
    ("verdict", "allowed"), [("allowed", True), ("would-be-denied", True), ("denied", False)]
)
def test_a_mode_that_lets_through_allowed(verdict, allowed):
    (recorded,) = read_recording(line_of(minimal(), verdict))
    assert isinstance(recorded, RecordedReview)
    assert recorded.allowed is allowed


def test_placeholders_are_counted():
    document = minimal()
    containers = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"]
    containers[0]["env"] = [{"name": "A", "value": SECRET}, {"name": "B", "value": SECRET}]
    line = line_of(document, userInfo={"username": "u", "extra": {"a": [SECRET]}})
    assert SECRET.encode() not in line
    (recorded,) = read_recording(line)
    assert isinstance(recorded, RecordedReview)
    assert recorded.placeholders == 3


def event(**fields):
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Event",
        "stage": "ResponseComplete",
        "verb": "create",
        "auditID": "a-1",
        "user": {"username": "u"},
        "objectRef": {
            "apiGroup": "machinelearning.seldon.io",
            "apiVersion": "v1",
            "resource": "seldondeployments",
            "namespace": "models",
            "name": "iris",
        },
        "requestObject": minimal(),
        "responseStatus": {"code": 201},
        "requestReceivedTimestamp": "2026-01-01T00:00:00Z",
        **fields,
    }


def read_event(**fields):
    return list(read_recording(orjson.dumps(event(**fields))))


def test_an_event_of_an_audit_log_is_a_review():
    (recorded,) = read_event()
    request = orjson.loads(recorded.body)["request"]
    assert (recorded.allowed, recorded.without_old) == (True, False)
    assert (request["operation"], request["namespace"]) == ("CREATE", "models")
    assert request["object"] == minimal()


@pytest.mark.parametrize(
    ("fields", "allowed", "without_old"),
    [
        ({"responseStatus": {"code": 403}}, False, False),
        ({"verb": "update", "responseStatus": {"code": 200}}, True, True),
        ({"verb": "patch", "responseObject": minimal()}, True, True),
    ],
)
def test_events_of_updates_and_denials(fields, allowed, without_old):
    (recorded,) = read_event(**fields)
    assert (recorded.allowed, recorded.without_old) == (allowed, without_old)


@pytest.mark.parametrize(
    "fields",
    [
        {"stage": "RequestReceived"},
        {"verb": "get"},
        {"verb": "delete"},
        {"objectRef": {"resource": "pods"}},
        {"objectRef": {**event()["objectRef"], "subresource": "status"}},
    ],
)
def test_events_of_anything_else_are_passed(fields):
    assert read_event(**fields) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{", "line 1 is not JSON"),
        (b"[]", "line 1 is neither a recorded review nor an audit event"),
        (orjson.dumps(event(requestObject=None)), "line 1: the object of this create is not in"),
        (
            orjson.dumps(event(verb="patch", responseObject={"kind": "Status"})),
            "line 1: the object of this patch is not in the log",
        ),
    ],
)
def test_what_cannot_be_replayed_is_a_sentence(content, sentence):
    (said,) = read_recording(content)
    assert isinstance(said, str)
    assert said.startswith(sentence)
