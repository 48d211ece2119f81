"""Laws of the engine, over mutated documents."""

import json

import jsonpatch
from hypothesis import given, settings

from tests.documents_of import minimal, with_graph, with_pod
from tests.graph.test_parse import JSON, mutated
from webhook.decisions.decide import decide
from webhook.decisions.settings import read_settings
from webhook.graph.facts import NOTHING_KNOWN
from webhook.graph.path import nearest

SETTINGS = read_settings()


def judged(document, **options):
    decision = decide(document, SETTINGS, NOTHING_KNOWN, **options)
    assert decision.failures == ()
    return decision


@given(JSON)
def test_any_json_value_is_judged(value):
    judged(value)
    judged(value, fill=False)


@settings(max_examples=300)
@given(mutated())
def test_every_path_lies_in_the_submitted_document_which_is_not_changed(document):
    before = json.dumps(document)
    decision = judged(document)
    assert json.dumps(document) == before
    for finding in (*decision.denials, *decision.warnings, *decision.audits):
        assert nearest(document, finding.path) == finding.path
        assert finding.rule
        assert finding.fact
        assert not finding.fact.endswith(".")


@settings(max_examples=300)
@given(mutated())
def test_the_patch_is_applied_once_and_then_has_nothing_left_to_do(document):
    decision = judged(document)
    filled = jsonpatch.apply_patch(document, list(decision.patch))
    if not decision.denied:
        again = judged(filled)
        assert (again.patch, again.denied) == ((), False)
        assert judged(filled, fill=False).denied is False


@settings(max_examples=300)
@given(mutated())
def test_a_verdict_is_the_same_each_time(document):
    assert judged(document) == judged(document)


def test_findings_stand_in_the_order_of_the_document():
    document = with_graph(type="x", name="y", children=[{"name": "Z"}])
    paths = [finding.path for finding in judged(document).denials]
    order = list(document["spec"]["predictors"][0]["graph"])
    assert [path[4] for path in paths if len(path) > 4] == sorted(
        [path[4] for path in paths if len(path) > 4], key=order.index
    )


def test_an_object_that_is_being_deleted_is_allowed_whatever_it_holds():
    document = with_graph(children="x")
    document["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert judged(document) == judged(document, fill=False)
    assert judged(document).denied is False


def test_a_container_whose_author_asked_for_root_is_not_pulled_along():
    pod = {
        "containers": [
            {"name": "classifier", "image": "i", "securityContext": {"privileged": True}},
            {"name": "other", "image": "i"},
        ]
    }
    assert judged(with_pod(**pod)).patch == (
        {
            "op": "add",
            "path": "/spec/predictors/0/componentSpecs/0/spec/containers/1/securityContext",
            "value": {"runAsUser": 8888},
        },
    )


def test_a_denied_object_gets_no_patch():
    assert judged(with_graph(name="x")).patch == ()


def test_a_valid_document_is_allowed_without_a_word():
    decision = judged(minimal())
    assert (decision.denials, decision.warnings, decision.audits) == ((), (), ())


def test_defaults_at_rendering_leave_the_stored_object_as_it_is():
    own = read_settings(
        {
            "apiVersion": "graphgate.io/v1alpha1",
            "kind": "Settings",
            "profile": "hardened",
            "defaults": {"at": "render"},
            "podSecurity": {"mode": "enforce", "level": "restricted"},
        }
    )
    for fill in (True, False):
        decision = decide(minimal(), own, NOTHING_KNOWN, fill=fill)
        assert (decision.denied, decision.warnings, decision.patch) == (False, (), ())
