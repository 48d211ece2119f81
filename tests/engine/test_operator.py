"""Whose pods are judged, and what follows from it."""

from typing import Any

import pytest

from tests.documents_of import minimal, with_predictor
from webhook.engine.evaluate import evaluate
from webhook.engine.evaluated_object import read_object
from webhook.engine.operator import resolve_operator, with_operator
from webhook.engine.pod_checks import SELDON_ORCHESTRATOR_WAYS_OUT
from webhook.graph.cluster_facts import NO_FACTS, Facts, Namespace
from webhook.settings.model import Settings, read_settings

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


def settings(**section: Any) -> Settings:
    return read_settings(
        {
            "apiVersion": "graphgate.io/v1alpha1",
            "kind": "Settings",
            "profile": "hardened",
            "podSecurity": {"mode": "enforce"},
            **section,
        }
    )


def facts(**more: Any) -> Facts:
    return Facts(namespaces={"models": Namespace(RESTRICTED)}, **more)


def written_by(*managers: tuple[str, str]) -> dict[str, Any]:
    document = minimal()
    document["metadata"]["managedFields"] = [
        {"manager": manager, "operation": "Update", "subresource": "status", "time": time}
        for manager, time in managers
    ]
    return document


def with_id(controller_id: str, document: dict[str, Any] | None = None) -> dict[str, Any]:
    document = document or minimal()
    document["metadata"]["labels"] = {"seldon.io/controller-id": controller_id}
    return document


def test_an_object_given_back_to_seldon_s_operator_has_no_right_to_its_new_pods_faults():
    """What its own reconciler made was right: the fault is new, and no ratchet lets it pass."""
    hardened = settings()
    old = with_id("graphgate")
    known = facts(operator="seldon")
    assert evaluate(old, hardened, known).denials == ()
    (finding,) = evaluate(minimal(), hardened, known, old_document=old).denials
    assert finding.rule_id == "pod-security/capabilities_restricted"


def test_each_of_two_objects_has_its_own_operator():
    evaluated = read_object(
        minimal(), settings(), facts(operator="seldon"), old_document=with_id("graphgate")
    )
    assert (evaluated.operator, evaluated.facts.operator) == ("seldon", "seldon")
    assert evaluated.old is not None
    assert (evaluated.old.operator, evaluated.old.facts.operator) == ("graphgate", "graphgate")


@pytest.mark.parametrize(
    ("document", "section", "known", "expected"),
    [
        (minimal(), {}, NO_FACTS, "seldon"),
        (minimal(), {}, Facts(operator="graphgate"), "graphgate"),
        (minimal(), {"operator": "graphgate"}, Facts(operator="seldon"), "graphgate"),
        (written_by(("graphgate", "2026-01-01T00:00:00Z")), {}, NO_FACTS, "graphgate"),
        (
            written_by(("graphgate", "2026-01-01T00:00:00Z"), ("manager", "2026-01-02T00:00:00Z")),
            {},
            Facts(operator="graphgate"),
            "seldon",
        ),
        (
            written_by(("graphgate", "2026-01-01T00:00:00Z")),
            {},
            Facts(operator="seldon"),
            "seldon",
        ),
        (with_id("graphgate"), {}, Facts(operator="seldon"), "graphgate"),
        (with_id("ml"), {"controllerID": "ml"}, NO_FACTS, "graphgate"),
        (with_id("graphgate"), {"controllerID": "ml"}, NO_FACTS, "seldon"),
        (
            with_id("other", written_by(("graphgate", ""))),
            {},
            Facts(operator="seldon"),
            "seldon",
        ),
        (with_id("other", written_by(("graphgate", ""))), {}, NO_FACTS, "graphgate"),
        (with_id("other"), {}, Facts(operator="seldon"), "seldon"),
        (written_by(("kubectl", "2026-01-01T00:00:00Z")), {}, NO_FACTS, "seldon"),
        (None, {}, NO_FACTS, "seldon"),
    ],
)
def test_setting_label_status_and_cluster_decide_in_this_order(document, section, known, expected):
    assert resolve_operator(document, settings(**section), known).name == expected


def test_a_hardened_template_is_refused_where_seldon_s_orchestrator_would_be():
    decision = evaluate(minimal(), settings(), facts())
    (finding,) = decision.denials
    assert finding.rule_id == "pod-security/capabilities_restricted"
    assert 'container "seldon-container-engine" must set' in finding.message
    assert finding.remediation == SELDON_ORCHESTRATOR_WAYS_OUT


@pytest.mark.parametrize(
    ("section", "known"),
    [({"operator": "graphgate"}, facts()), ({}, facts(operator="graphgate"))],
)
def test_and_admitted_where_graphgate_reconciles(section, known):
    assert evaluate(minimal(), settings(**section), known).denials == ()


def test_and_admitted_without_an_orchestrator():
    document = with_predictor(annotations={"seldon.io/no-engine": "true"})
    assert evaluate(document, settings(), facts()).denials == ()


def test_at_the_level_baseline_seldon_s_orchestrator_is_admitted():
    baseline = Facts(
        namespaces={"models": Namespace({"pod-security.kubernetes.io/enforce": "baseline"})}
    )
    assert evaluate(minimal(), settings(), baseline).denials == ()


def test_a_flag_goes_before_the_settings_file():
    section = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings", "operator": "seldon"}
    assert read_settings(section, operator="graphgate").operator == "graphgate"
    assert read_settings(section).operator == "seldon"


def labelled(**labels: str) -> dict[str, Any]:
    document = with_predictor(labels=labels)
    component = document["spec"]["predictors"][0]["componentSpecs"][0]
    component["metadata"] = {"labels": labels}
    return document


def test_the_label_that_our_deployments_select_by_is_refused():
    (first, second) = evaluate(
        labelled(app="mine"), Settings(operator="graphgate"), NO_FACTS
    ).denials
    assert {first.rule_id, second.rule_id} == {"reserved-app-label"}
    assert sorted([str(first.path), str(second.path)]) == [
        "spec.predictors[0].componentSpecs[0].metadata.labels.app",
        "spec.predictors[0].labels.app",
    ]


def test_and_free_under_seldon_s_operator():
    assert evaluate(labelled(app="mine"), Settings(), NO_FACTS).denials == ()


def test_another_label_is_nobody_s():
    assert evaluate(labelled(x="y"), Settings(operator="graphgate"), NO_FACTS).denials == ()


def with_models_volume() -> dict[str, Any]:
    document = minimal()
    predictor = document["spec"]["predictors"][0]
    predictor["graph"]["modelUri"] = "gs://models.example/iris"
    pod = predictor["componentSpecs"][0]["spec"]
    pod["containers"][0]["volumeMounts"] = [{"name": "models", "mountPath": "/mnt/models"}]
    pod["volumes"] = [{"name": "models", "emptyDir": {}}]
    return document


def test_an_author_s_mount_is_the_model_under_our_reconciler_and_one_too_many_under_seldon_s():
    (finding,) = evaluate(with_models_volume(), Settings(), NO_FACTS).denials
    assert finding.rule_id == "mount-beside-model-uri"
    assert evaluate(with_models_volume(), Settings(operator="graphgate"), NO_FACTS).denials == ()


def test_a_triton_server_without_protocol_has_no_image_under_seldon_s_operator():
    document = with_predictor(
        graph={"name": "m", "implementation": "TRITON_SERVER", "modelUri": "gs://b/m"},
        componentSpecs=[],
    )
    known = Facts(model_servers={"TRITON_SERVER": {"protocols": {"v2": {"image": "triton"}}}})
    (finding,) = evaluate(document, Settings(), known).denials
    assert finding.rule_id == "server-lacks-protocol"
    assert evaluate(document, Settings(operator="graphgate"), known).denials == ()


@pytest.mark.parametrize(
    ("document", "section", "known", "evidence"),
    [
        (minimal(), {"operator": "seldon"}, NO_FACTS, "the setting operator"),
        (
            with_id("graphgate"),
            {},
            NO_FACTS,
            "the label seldon.io/controller-id=graphgate",
        ),
        (minimal(), {}, Facts(operator="seldon"), "Seldon's operator runs in the cluster"),
        (
            written_by(("manager", "2026-01-01T00:00:00Z")),
            {},
            Facts(operator="graphgate"),
            "the object's status",
        ),
        (minimal(), {}, Facts(operator="graphgate"), "the facts of the cluster"),
        (minimal(), {}, NO_FACTS, "the default, because the operator is unknown"),
    ],
)
def test_the_evidence_is_told(document, section, known, evidence):
    assert resolve_operator(document, settings(**section), known).evidence == evidence


def test_who_writes_another_part_does_not_reconcile():
    document = written_by(("graphgate", "2026-01-01T00:00:00Z"))
    document["metadata"]["managedFields"][0]["subresource"] = "scale"
    assert resolve_operator(document, settings(), NO_FACTS).name == "seldon"


def test_the_same_facts_with_the_same_operator_are_one_object():
    """What rules remember is kept under their facts."""
    known = Facts(operator="seldon")
    assert with_operator(known, "seldon") is known
    derived = with_operator(known, "graphgate")
    assert (derived.operator, with_operator(known, "graphgate") is derived) == ("graphgate", True)
    assert with_operator(Facts(operator="seldon"), "graphgate") is not derived
    newer = with_operator(known, "seldon", "1.18.2")
    assert (newer.operator_version, with_operator(known, "seldon", "1.18.2") is newer) == (
        "1.18.2",
        True,
    )
    assert with_operator(newer, "seldon") is newer
    for _ in range(8):
        with_operator(Facts(), "graphgate")
    assert with_operator(known, "graphgate") is not derived
