"""The wire contract: whole requests, whole responses."""

import base64
import json
from copy import deepcopy
from dataclasses import replace

import orjson
import pytest

from tests.documents_of import minimal, with_graph, with_predictor
from webhook.admission import handle_review
from webhook.engine.allow_cache import MAX_CACHED_REVIEW_BYTES, AllowCache
from webhook.errors import MalformedReviewError
from webhook.graph.cluster_facts import NO_FACTS
from webhook.graph.limits import MAX_REVIEW_VALUES
from webhook.settings.model import read_settings
from webhook.settings.rule_set import RuleSet

SETTINGS = read_settings()
POD = "/spec/predictors/0/componentSpecs/0/spec"
DEFAULTED = with_predictor(
    componentSpecs=[
        {
            "spec": {
                "securityContext": {"runAsUser": 8888},
                "containers": [{"name": "classifier", "image": "registry.example/iris:1"}],
            }
        }
    ]
)


def encoded_review(document, operation="CREATE", **request):
    return json.dumps(
        {
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": {
                "uid": "0b4f-1",
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
                "namespace": "models",
                "name": "iris",
                "operation": operation,
                "object": document,
                "oldObject": None,
                "dryRun": False,
                **request,
            },
        }
    ).encode()


def send_review(body, endpoint="mutate", settings=SETTINGS):
    return json.loads(handle_review(body, endpoint, settings, NO_FACTS).body)


def encoded_response(response):
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": "0b4f-1", **response},
    }


def test_mutate_allows_a_valid_object_and_adds_the_user():
    response = send_review(encoded_review(minimal()))
    patch = json.loads(base64.b64decode(response["response"].pop("patch")))
    assert response == encoded_response({"allowed": True, "patchType": "JSONPatch"})
    assert patch == [{"op": "add", "path": f"{POD}/securityContext", "value": {"runAsUser": 8888}}]


def test_validate_allows_a_defaulted_object_and_says_nothing():
    assert send_review(encoded_review(DEFAULTED), "validate") == encoded_response({"allowed": True})


def test_mutate_adds_nothing_to_an_object_that_has_its_defaults():
    assert send_review(encoded_review(DEFAULTED)) == encoded_response({"allowed": True})


def test_validate_warns_of_an_object_that_mutate_did_not_see():
    assert send_review(encoded_review(minimal()), "validate") == encoded_response(
        {
            "allowed": True,
            "warnings": [
                "spec.predictors[0].componentSpecs[0].spec: 1 default is missing: the mutating "
                "webhook did not process this object; check that the mutating webhook of graphgate "
                "is registered [not-defaulted]"
            ],
        }
    )


@pytest.mark.parametrize("endpoint", ["mutate", "validate"])
def test_both_endpoints_deny_with_every_finding(endpoint):
    document = json.loads(json.dumps(DEFAULTED))
    document["spec"]["predictors"][0]["graph"] = {"name": "clasifier", "type": "MODLE"}
    name = (
        'no container named "clasifier" in this predictor; '
        'rename the container "classifier" to "clasifier", or the node to "classifier" '
        "[missing-container]"
    )
    kind = (
        'unknown node type "MODLE"; allowed: UNKNOWN_TYPE, ROUTER, COMBINER, MODEL, TRANSFORMER, '
        'OUTPUT_TRANSFORMER; did you mean "MODEL"? [unknown-node-type]'
    )
    assert send_review(encoded_review(document), endpoint) == encoded_response(
        {
            "allowed": False,
            "status": {
                "code": 403,
                "reason": "Forbidden",
                "message": 'SeldonDeployment "iris" has 2 errors:\n'
                f"* spec.predictors[0].graph.name: {name}\n"
                f"* spec.predictors[0].graph.type: {kind}",
                "details": {
                    "causes": [
                        {
                            "reason": "FieldValueInvalid",
                            "field": "spec.predictors[0].graph.name",
                            "message": name,
                        },
                        {
                            "reason": "FieldValueInvalid",
                            "field": "spec.predictors[0].graph.type",
                            "message": kind,
                        },
                    ]
                },
            },
        }
    )


def test_a_finding_that_only_warns_does_not_deny():
    response = send_review(encoded_review(with_graph(modelURI="gs://models.example/iris")))
    assert response["response"]["allowed"] is True
    assert response["response"]["warnings"] == [
        'spec.predictors[0].graph.modelURI: unknown field "modelURI"; '
        'did you mean "modelUri"? [unknown-field]'
    ]


def test_a_finding_that_is_only_recorded_goes_to_the_audit_log():
    settings = read_settings(
        {
            "apiVersion": "graphgate.io/v1alpha1",
            "kind": "Settings",
            "rules": {"unknown-field": {"action": "audit"}},
        }
    )
    response = send_review(encoded_review(with_graph(zzz=1)), settings=settings)
    assert response["response"]["auditAnnotations"] == {
        "findings": 'spec.predictors[0].graph.zzz: unknown field "zzz"; '
        "remove it, or check its name and level [unknown-field]"
    }
    assert "warnings" not in response["response"]


BROKEN = with_graph(children={"name": "x"})


def ended(document):
    metadata = {**document["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}
    return {**document, "metadata": metadata}


ENDING = ended(BROKEN)


@pytest.mark.parametrize(
    "body",
    [
        encoded_review(None, "DELETE", oldObject=BROKEN),
        encoded_review(BROKEN, "CONNECT"),
        encoded_review(BROKEN, "UPDATE", subResource="status"),
        encoded_review(BROKEN, "UPDATE", subResource="scale"),  # no Scale has a graph
        encoded_review(ENDING, "UPDATE", oldObject=ENDING),
        encoded_review(
            {"kind": "Pod"}, resource={"group": "", "version": "v1", "resource": "pods"}
        ),
    ],
    ids=["delete", "connect", "status", "scale", "being deleted", "another kind"],
)
@pytest.mark.parametrize("endpoint", ["mutate", "validate"])
def test_what_must_never_be_blocked_is_allowed_as_it_is(body, endpoint):
    assert send_review(body, endpoint) == encoded_response({"allowed": True})


@pytest.mark.parametrize(
    "body",
    [
        encoded_review(ENDING),
        encoded_review(ENDING, "UPDATE", oldObject=minimal()),
        encoded_review(BROKEN, "UPDATE", oldObject=ended(minimal())),
    ],
    ids=["created", "updated", "no more"],
)
@pytest.mark.parametrize("endpoint", ["mutate", "validate"])
def test_an_object_that_only_says_of_itself_that_it_is_being_deleted_is_evaluated(body, endpoint):
    assert send_review(body, endpoint)["response"]["allowed"] is False


@pytest.mark.parametrize("document", [None, [], "text", 3, True, {}])
def test_an_object_that_is_none_is_denied_and_explained(document):
    response = send_review(encoded_review(document))
    assert response["response"]["allowed"] is False
    assert "[" in response["response"]["status"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"kind":"AdmissionReview"}',
        b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1","request":{"uid":"x"}}',
        b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}',
        b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":""}}',
        b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":1}}',
        b"\xff\xfe",
    ],
)
def test_a_body_that_cannot_be_answered_is_malformed(body):
    with pytest.raises(MalformedReviewError):
        send_review(body)


def _nested(head):
    return head + b"[" * 3000 + b"]" * 3000 + b"}}"


def test_a_review_nested_too_deeply_is_denied_by_the_uid_at_its_head():
    body = _nested(
        b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1",'
        b'"request":{"uid":"0b4f-1","object":'
    )
    response = send_review(body)["response"]
    assert (response["uid"], response["allowed"]) == ("0b4f-1", False)
    assert response["status"]["message"] == (
        "the SeldonDeployment has 1 error:\n* (document): the object is nested more than 1,000 "
        "levels deep and was not read; split the object into several [nested-too-deep]"
    )


@pytest.mark.parametrize("value", ["{}", "[]", '{"a":1}', "0", '[[{"a":[]}]]'])
def test_a_review_of_too_many_values_is_denied_unread(value, monkeypatch):
    body = (
        b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"0b4f-1",'
        b'"object":{"a":[' + b",".join([value.encode()] * (MAX_REVIEW_VALUES + 1)) + b"]}}}"
    )
    monkeypatch.setattr(orjson, "loads", lambda _: pytest.fail("it was parsed"))
    result = handle_review(body, "validate", SETTINGS, NO_FACTS)
    monkeypatch.undo()
    response = orjson.loads(result.body)["response"]
    assert (response["uid"], response["allowed"]) == ("0b4f-1", False)
    assert "the review has more than 200,000 values and was not read" in str(response)


def test_brackets_and_commas_in_texts_are_no_values():
    text = '[{,"' * (MAX_REVIEW_VALUES // 8)
    environment = [{"name": f"TEXT_{index}", "value": text} for index in range(10)]
    document = deepcopy(DEFAULTED)
    pod = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
    pod["containers"][0]["env"] = environment
    assert send_review(encoded_review(document))["response"]["allowed"] is True


def test_one_nested_too_deeply_without_a_uid_is_malformed():
    with pytest.raises(MalformedReviewError):
        send_review(_nested(b'{"request":{"object":'))


def test_a_denial_spells_out_a_hundred_faults_and_counts_the_rest():
    children = [{"name": f"n{i}"} for i in range(150)]
    response = send_review(encoded_review(with_graph(type="COMBINER", children=children)))
    lines = response["response"]["status"]["message"].splitlines()
    assert lines[0] == 'SeldonDeployment "iris" has 150 errors:'
    assert lines[-1] == "* … and 50 more; graphgate check shows them all"
    assert len(lines) == 102


def _crash(_):
    yield from ()
    raise ZeroDivisionError("secret detail")


@pytest.mark.parametrize(("direction", "allowed"), [("deny", False), ("allow", True)])
def test_a_rule_that_crashes_is_our_fault_and_its_direction_a_setting(direction, allowed):
    settings = replace(SETTINGS, on_rule_error=direction)
    first = settings.rule_set.rules[0]
    crashing = replace(
        first,
        load=lambda: _crash,
        subject="deployment",
        fields=frozenset(),
        inputs=(),
    )
    settings.__dict__["rule_set"] = RuleSet((crashing,))
    given = handle_review(encoded_review(minimal()), "mutate", settings, NO_FACTS)
    response = json.loads(given.body)["response"]
    message = response["warnings"][0] if allowed else response["status"]["message"]
    assert response["allowed"] is allowed
    assert f"rule {first.id} could not be evaluated; this is a failure of graphgate" in message
    assert "secret" not in given.body.decode()
    assert [type(failure.error) for failure in given.rule_errors] == [ZeroDivisionError]


def test_the_answer_tells_the_log_who_and_what_but_not_the_object():
    given = handle_review(encoded_review(with_graph(type="MODLE")), "mutate", SETTINGS, NO_FACTS)
    assert (given.uid, given.operation, given.namespace, given.name) == (
        "0b4f-1",
        "CREATE",
        "models",
        "iris",
    )
    assert (given.verdict, given.findings) == ("denied", (("unknown-node-type", "deny"),))


@pytest.mark.parametrize(("size", "kept"), [(0, 1), (MAX_CACHED_REVIEW_BYTES, 0)])
def test_the_objects_of_large_reviews_are_not_remembered(size, kept):
    memory = AllowCache()
    document = minimal()
    document["metadata"]["annotations"] = {"note": "x" * size}
    for _ in range(2):
        given = handle_review(
            encoded_review(document), "mutate", SETTINGS, NO_FACTS, allow_cache=memory
        )
        assert json.loads(given.body)["response"]["allowed"]
        assert len(memory) == kept
