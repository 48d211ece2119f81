"""What comes of a denial by mode: refused, a warning, or a record and nothing else."""

import base64
from functools import partial

import orjson
import pytest

from tests.admission.test_wire import DEFAULTED, encoded_review
from tests.documents_of import minimal, with_graph, with_predictor
from webhook.admission import handle_review
from webhook.errors import ReviewTimeoutError
from webhook.graph.cluster_facts import NO_FACTS
from webhook.settings.model import Settings, read_settings
from webhook.settings.rule_set import EnabledRule, RuleSet

BAD = with_graph(name="clasifier")
MESSAGE = "spec.predictors[0].graph.name: "


def review(document, mode, endpoint="mutate", settings=None, **request):
    settings = settings or read_settings(mode=mode)
    result = handle_review(encoded_review(document, **request), endpoint, settings, NO_FACTS)
    return result, orjson.loads(result.body)["response"]


def test_enforce_refuses():
    result, response = review(BAD, "enforce")
    assert (result.verdict, response["allowed"]) == ("denied", False)
    assert "warnings" not in response


def test_warn_lets_through_with_defaults_and_says_what_would_be_denied():
    result, response = review(BAD, "warn")
    assert (result.verdict, response["allowed"]) == ("would-be-denied", True)
    assert response["warnings"][0].startswith(f"would be denied: {MESSAGE}")
    assert response["auditAnnotations"]["findings"].startswith(f"would be denied: {MESSAGE}")
    patch = orjson.loads(base64.b64decode(response["patch"]))
    assert patch[-1]["value"] == {"runAsUser": 8888}


def test_observe_leaves_the_object_alone_and_records_everything():
    document = with_predictor(replicaz=3, graph={"name": "clasifier"})
    result, response = review(document, "observe")
    assert response.keys() == {"uid", "allowed", "auditAnnotations"}
    assert (result.verdict, response["allowed"]) == ("would-be-denied", True)
    recorded = response["auditAnnotations"]["findings"].splitlines()
    assert [line.rpartition(" ")[2] for line in recorded] == [
        "[missing-container]",
        "[unknown-field]",
    ]
    assert result.findings == (("missing-container", "deny"), ("unknown-field", "warn"))


@pytest.mark.parametrize("endpoint", ["mutate", "validate"])
def test_observe_says_nothing_of_a_faultless_object(endpoint):
    result, response = review(minimal(), "observe", endpoint)
    assert (result.verdict, response) == ("allowed", {"uid": "0b4f-1", "allowed": True})


def test_warn_is_silent_where_nothing_is_found():
    _, response = review(DEFAULTED, "warn", "validate")
    assert response == {"uid": "0b4f-1", "allowed": True}


@pytest.mark.parametrize("mode", ["warn", "observe"])
@pytest.mark.parametrize(
    "document",
    [
        {**minimal(), "spec": {"predictors": [{"name": "p", "graph": {"name": "c"}}] * 101}},
        with_predictor(**{f"field-{number}": 1 for number in range(1001)}),
        with_predictor(annotations=dict.fromkeys((f"k{n}" for n in range(200_001)), "")),
    ],
    ids=["predictors", "findings", "unparsed"],
)
def test_what_exceeds_a_bound_is_refused_in_every_mode(mode, document):
    result, response = review(document, mode)
    assert (result.verdict, response["allowed"]) == ("denied", False)


def failing(mode, error):
    def check(deployment):
        raise error
        yield  # type: ignore[unreachable]  # makes it a generator

    settings = Settings(mode=mode, on_rule_error="deny")
    rule = EnabledRule("traffic-not-100", "deny", lambda: check, "deployment")
    vars(settings)["rule_set"] = RuleSet((rule,))
    return settings


@pytest.mark.parametrize("mode", ["warn", "observe"])
def test_what_ran_out_of_time_is_refused_in_every_mode(mode):
    settings = failing(mode, ReviewTimeoutError("too slow"))
    result, _ = review(minimal(), mode, settings=settings)
    assert result.verdict == "denied"


@pytest.mark.parametrize("mode", ["warn", "observe"])
def test_a_crash_of_ours_is_recorded_and_refuses_nothing(mode):
    result, response = review(minimal(), mode, settings=failing(mode, ValueError()))
    assert result.verdict == "would-be-denied"
    said = response["warnings"][0] if mode == "warn" else response["auditAnnotations"]["findings"]
    assert said.startswith("rule traffic-not-100 could not be evaluated")


def test_a_namespace_has_its_own_mode():
    settings = read_settings(
        {
            "apiVersion": "graphgate.io/v1alpha1",
            "kind": "Settings",
            "namespaces": {"sandbox-*": {"mode": "observe"}},
        }
    )
    answer = partial(review, BAD, None, settings=settings)
    assert answer(namespace="sandbox-1")[1]["allowed"]
    assert not answer(namespace="shop")[1]["allowed"]


@pytest.mark.parametrize("mode", ["warn", "observe"])
def test_a_scale_is_let_through_as_an_object_is(mode):
    scale = {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "iris", "namespace": "models"},
        "spec": {"replicas": -1},
    }
    result, response = review(
        scale,
        mode,
        operation="UPDATE",
        subResource="scale",
        kind={"group": "autoscaling", "version": "v1", "kind": "Scale"},
        oldObject={**scale, "spec": {"replicas": 1}},
    )
    assert (result.verdict, response["allowed"]) == ("would-be-denied", True)
