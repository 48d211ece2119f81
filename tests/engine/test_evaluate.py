"""Laws of the engine, over mutated documents."""

import json
from dataclasses import replace

import jsonpatch
import pytest
from hypothesis import given, settings

from tests.documents_of import minimal, with_graph, with_pod
from tests.graph.test_parse import JSON, mutated_documents
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import NO_FACTS
from webhook.graph.path import nearest_existing_path
from webhook.settings.model import read_settings

SETTINGS = read_settings()


def evaluate_filled(document, **options):
    decision = evaluate(document, SETTINGS, NO_FACTS, **options)
    assert decision.rule_errors == ()
    return decision


@given(JSON)
def test_any_json_value_is_evaluated(value):
    evaluate_filled(value)
    evaluate_filled(value, apply_defaults=False)


@settings(max_examples=300, deadline=None)
@given(mutated_documents())
def test_every_path_lies_in_the_submitted_document_which_is_not_changed(document):
    before = json.dumps(document)
    decision = evaluate_filled(document)
    assert json.dumps(document) == before
    for finding in (*decision.denials, *decision.warnings, *decision.audits):
        assert nearest_existing_path(document, finding.path) == finding.path
        assert finding.rule_id
        assert finding.message
        assert not finding.message.endswith(".")


def test_a_finding_says_what_to_do_and_else_what_the_page_of_its_rule_says():
    decision = evaluate_filled(with_graph(type="FOO", name="other"))
    assert {f.rule_id: f.remediation for f in decision.denials} == {
        "unknown-node-type": "use one of the allowed types, in upper case",
        "missing-container": 'did you mean the container "classifier"?',
    }


@settings(max_examples=300, deadline=None)
@given(mutated_documents())
def test_the_patch_is_applied_once_and_then_has_nothing_left_to_do(document):
    decision = evaluate_filled(document)
    defaulted = jsonpatch.apply_patch(document, list(decision.patch))
    if not decision.denied:
        again = evaluate_filled(defaulted)
        assert (again.patch, again.denied) == ((), False)
        assert evaluate_filled(defaulted, apply_defaults=False).denied is False


@settings(max_examples=300, deadline=None)
@given(mutated_documents())
def test_a_verdict_is_the_same_each_time(document):
    assert evaluate_filled(document) == evaluate_filled(document)


def test_findings_stand_in_the_order_of_the_document():
    document = with_graph(type="x", name="y", children=[{"name": "Z"}])
    paths = [finding.path for finding in evaluate_filled(document).denials]
    order = list(document["spec"]["predictors"][0]["graph"])
    assert [path[4] for path in paths if len(path) > 4] == sorted(
        [path[4] for path in paths if len(path) > 4], key=order.index
    )


def test_an_object_that_is_being_deleted_is_allowed_whatever_it_holds():
    document = with_graph(children="x")
    document["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert evaluate_filled(document) == evaluate_filled(document, apply_defaults=False)
    assert evaluate_filled(document).denied is False


def test_a_container_whose_author_asked_for_root_is_not_pulled_along():
    pod = {
        "containers": [
            {"name": "classifier", "image": "i", "securityContext": {"privileged": True}},
            {"name": "other", "image": "i"},
        ]
    }
    assert evaluate_filled(with_pod(**pod)).patch == (
        {
            "op": "add",
            "path": "/spec/predictors/0/componentSpecs/0/spec/containers/1/securityContext",
            "value": {"runAsUser": 8888},
        },
    )


def test_a_denied_object_gets_no_patch():
    assert evaluate_filled(with_graph(name="x")).patch == ()


def test_a_valid_document_is_allowed_without_a_word():
    decision = evaluate_filled(minimal())
    assert (decision.denials, decision.warnings, decision.audits) == ((), (), ())


def test_defaults_at_rendering_leave_the_stored_object_as_it_is():
    own = read_settings(
        {
            "apiVersion": "graphgate.io/v1alpha1",
            "kind": "Settings",
            "profile": "hardened",
            "operator": "graphgate",
            "defaults": {"applyAt": "render"},
            "podSecurity": {"mode": "enforce", "level": "restricted"},
        }
    )
    for fill in (True, False):
        decision = evaluate(minimal(), own, NO_FACTS, apply_defaults=fill)
        assert (decision.denied, decision.warnings, decision.patch) == (False, (), ())


@pytest.mark.parametrize("restart", [None, "Always"])
def test_an_init_container_is_looked_at_once(restart):
    init = {"name": "i", "image": "i", "imagePullPolicy": "Sometimes", "restartPolicy": restart}
    document = with_pod(initContainers=[{k: v for k, v in init.items() if v is not None}])
    decision = evaluate(document, read_settings(), NO_FACTS)
    assert [str(f.path).rpartition(".")[2] for f in decision.denials] == ["imagePullPolicy"]


def test_a_sidecar_is_looked_at_as_a_container_and_only_as_one():
    probe = {"tcpSocket": {"port": 8080}, "periodSeconds": 0, "failureThreshold": -1}
    init = {"name": "proxy", "image": "registry.example/p:1", "livenessProbe": probe}
    place = "spec.predictors[0].componentSpecs[0].spec.initContainers[0].livenessProbe"
    ending = {("init-container-probe", place)}
    staying = {("probe-value-out-of-range", f"{place}.failureThreshold")}
    assert _found(with_pod(initContainers=[init])) == ending
    assert _found(with_pod(initContainers=[init | {"restartPolicy": "Always"}])) == staying


@pytest.mark.parametrize("mode", ["enforce", "warn", "observe"])
@pytest.mark.parametrize("on_rule_error", ["deny", "allow"])
def test_checks_that_crash_deny_as_the_settings_say(monkeypatch, on_rule_error, mode):
    def crash(*_, **__):
        raise KeyError("a")

    monkeypatch.setattr("webhook.engine.evaluate.check_pods", crash)
    own = replace(SETTINGS, on_rule_error=on_rule_error, mode=mode)
    decision = evaluate(minimal(), own, NO_FACTS)
    assert [error.rule_id for error in decision.rule_errors] == ["pod-security"]
    assert decision.denied is (on_rule_error == "deny" and mode == "enforce")
    assert decision.would_be_denied is (on_rule_error == "deny" and mode != "enforce")


def test_a_row_on_an_object_as_a_whole_is_asked():
    document = minimal()
    (component,) = document["spec"]["predictors"][0]["componentSpecs"]
    component["hpaSpec"] = {"maxReplicas": 2, "metrics": [{"type": "Resource"}]}
    place = "spec.predictors[0].componentSpecs[0].hpaSpec.metrics[0]"
    assert _found(document) == {("malformed-hpa-metric", place)}


def _found(document):
    decision = evaluate(document, SETTINGS, NO_FACTS)
    return {(f.rule_id, str(f.path)) for f in decision.denials}


def test_what_was_not_read_before_either_does_not_keep_an_object_from_a_label():
    many = [{"name": f"classifier{n}", "image": "i"} for n in range(1000)]
    old, new = with_pod(containers=many), with_pod(containers=many)
    new["metadata"]["labels"] = {"team": "a"}
    assert any(f.incomplete for f in evaluate(new, SETTINGS, NO_FACTS).denials)
    decision = evaluate(new, SETTINGS, NO_FACTS, old_document=old)
    assert (decision.denials, [f.incomplete for f in decision.warnings][:1]) == ((), [True])
    # kubectl apply writes its own annotation with each of its updates, and nothing else may change.
    new["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    assert evaluate(new, SETTINGS, NO_FACTS, old_document=old).denials == ()
    new["metadata"]["annotations"]["example.com/a"] = "b"
    assert evaluate(new, SETTINGS, NO_FACTS, old_document=old).denied
