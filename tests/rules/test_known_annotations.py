"""Each annotation that Seldon reads is known, and one letter less of it is a misspelling."""

import pytest

from tests.documents_of import minimal
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import NO_FACTS
from webhook.settings.model import read_settings

# Seldon's documentation of annotations, and constants.go of its operator.
READ_BY_SELDON = [
    *("engine-separate-pod", "no-engine", "no-storage-initializer", "headless-svc", "svc-name"),
    *("ambassador-config", "ambassador-service-name", "ambassador-header"),
    *("ambassador-regex-header", "ambassador-id", "ambassador-shadow", "ambassador-retries"),
    "ambassador-circuit-breakers-max-connections",
    "ambassador-circuit-breakers-max-pending-requests",
    "ambassador-circuit-breakers-max-requests",
    "ambassador-circuit-breakers-max-retries",
    *("istio-gateway", "istio-host", "istio-retries", "istio-retries-timeout"),
    *("rest-timeout", "grpc-timeout", "grpc-max-message-size"),
    *("executor", "executor-logger-queue-size", "executor-logger-write-timeout-ms"),
    *("engine-log-requests", "engine-log-responses", "engine-log-messages-externally"),
    *("ambassador-ssl-context", "ambassador-timeout", "ambassador-enable-websockets"),
    *("rest-connection-timeout", "rest-read-timeout", "rest-connect-retries"),
    *("grpc-read-timeout", "engine-log-level", "engine-log-message-type", "engine-java-opts"),
    *("shadow", "explainer", "controller-id", "last-applied"),
    *("model", "router", "combiner", "transformer", "output-transformer"),
]


def misspelled(key):
    document = minimal()
    document["spec"]["annotations"] = {key: "5000"}
    decision = evaluate(document, read_settings(), NO_FACTS)
    return [f.remediation for f in decision.warnings if f.rule_id == "misspelled-annotation"]


@pytest.mark.parametrize("name", READ_BY_SELDON)
def test_an_annotation_is_known(name):
    assert misspelled(f"seldon.io/{name}") == []


@pytest.mark.parametrize("name", READ_BY_SELDON)
def test_an_annotation_is_offered_for_a_slip(name):
    assert misspelled(f"seldon.io/{name[:3]}{name[4:]}") == [f"did you mean seldon.io/{name}?"]
