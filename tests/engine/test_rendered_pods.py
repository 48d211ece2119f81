"""What is said of the pods that a document stands for, where the template alone does not tell."""

from typing import Any

import pytest

from tests.documents_of import minimal, with_pod, with_predictor
from tests.engine.pods_of_all_kinds import CHOICES, example_cases, generated_cases
from tests.soundness.judging import FACTS
from webhook.defaulting import apply_add_operations, default_object
from webhook.engine.evaluate import evaluate
from webhook.engine.evaluated_object import read_object
from webhook.engine.pod_checks import find_pod_templates
from webhook.engine.rendered_pods import needs_rendering, render_pods
from webhook.graph.cluster_facts import NO_FACTS, Facts, Namespace
from webhook.graph.parse import parse
from webhook.podsecurity import Standard, evaluate_pod, parse_standard
from webhook.rendering.once import RenderInputs, render_deployments, render_once
from webhook.report.security_context import explain_security
from webhook.settings.model import Settings, read_settings

SERVER = {"name": "classifier", "implementation": "SKLEARN_SERVER", "modelUri": "gs://models/iris"}
OPT_OUT = {"graphgate.io/security-defaults": "disabled"}
APPARMOR = "container.apparmor.security.beta.kubernetes.io/classifier"
NON_ROOT = "pod-security/runAsNonRoot"


def namespace_with(**fields: Any) -> Facts:
    """Facts about the namespace of the minimal document."""
    return Facts(namespaces={"models": Namespace(**fields)})


def enforcing(level: str, **keys: Any) -> Settings:
    section = {"podSecurity": {"mode": "enforce", "level": level}, "profile": "hardened", **keys}
    head = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings", "operator": "graphgate"}
    return read_settings({**head, **section})


def denied(document: Any, settings: Settings, facts: Facts = NO_FACTS, **more: Any) -> Any:
    decision = evaluate(document, settings, facts, **more)
    assert decision.rule_errors == ()
    return [(f.rule_id, str(f.path)) for f in decision.denials if "would violate" in f.message]


def test_a_model_server_that_nobody_wrote_is_evaluated_too() -> None:
    document = with_predictor(graph=SERVER, componentSpecs=[], annotations=OPT_OUT)
    assert denied(document, enforcing("restricted")) == [(NON_ROOT, "spec.predictors[0]")]
    del document["spec"]["predictors"][0]["annotations"]
    assert denied(document, enforcing("restricted")) == []
    assert denied(document, enforcing("restricted", defaults={"runAsUser": None})) == [
        (NON_ROOT, "spec.predictors[0]")
    ]


def test_what_renders_beside_an_authors_container_is_named_with_it() -> None:
    other = {"name": "other", "image": "registry.example/other:1"}
    document = with_predictor(graph=SERVER, componentSpecs=[{"spec": {"containers": [other]}}])
    settings = enforcing("restricted", defaults={"runAsUser": None})
    (finding,) = evaluate(document, settings, NO_FACTS).denials
    assert (
        'containers "other", "classifier" must set securityContext.runAsNonRoot' in finding.message
    )
    path = "spec.predictors[0].componentSpecs[0].spec"
    assert str(finding.path).startswith(path)


@pytest.mark.parametrize("where", ["predictor", "spec"])
def test_an_annotation_that_the_pods_get_is_found_where_it_stands(where: str) -> None:
    def change(document: dict[str, Any]) -> None:
        spec = document["spec"]
        (spec if where == "spec" else spec["predictors"][0])["annotations"] = {
            APPARMOR: "unconfined"
        }

    path = "spec" if where == "spec" else "spec.predictors[0]"
    assert denied(minimal(change), enforcing("baseline")) == [
        ("pod-security/appArmorProfile", f'{path}.annotations["{APPARMOR}"]')
    ]


def test_a_privileged_explainer_is_not_blamed_for_what_its_pod_gets() -> None:
    written = {"name": "e", "image": "i", "securityContext": {"privileged": True}}
    document = with_predictor(explainer={"type": "AnchorTabular", "containerSpec": written})
    rules = [rule for rule, _ in denied(document, enforcing("restricted"))]
    assert "pod-security/privileged" in rules
    assert "pod-security/seccompProfile_restricted" not in rules


def test_what_was_wrong_before_an_update_with_a_pod_that_nobody_wrote_is_not_reported_again() -> (
    None
):
    old = with_predictor(graph=SERVER, componentSpecs=[], annotations=OPT_OUT)
    new = with_predictor(graph=SERVER, componentSpecs=[], annotations=OPT_OUT, replicas=2)
    decision = evaluate(new, enforcing("restricted"), NO_FACTS, old_document=old)
    reported = [f.rule_id for f in (*decision.denials, *decision.warnings)]
    assert NON_ROOT not in reported
    fine = with_predictor(graph=SERVER, componentSpecs=[])
    assert denied(new, enforcing("restricted"), old_document=fine) == [
        (NON_ROOT, "spec.predictors[0]")
    ]


def test_an_update_that_reaches_the_pods_from_outside_of_the_template_is_evaluated() -> None:
    settings = enforcing("baseline")

    def stored(document: Any) -> Any:
        return apply_add_operations(
            document, default_object(document, settings.defaults).operations
        )

    changed = stored(with_predictor(annotations={APPARMOR: "unconfined"}))
    rules = [rule for rule, _ in denied(changed, settings, old_document=stored(minimal()))]
    assert rules == ["pod-security/appArmorProfile"]
    again = stored(with_predictor(annotations={APPARMOR: "unconfined"}, replicas=2))
    decision = evaluate(again, settings, NO_FACTS, old_document=changed)
    assert [f.rule_id for f in (*decision.denials, *decision.warnings)] == []


def test_the_same_fault_in_a_further_predictor_is_a_new_one() -> None:
    old = with_predictor(graph=SERVER, componentSpecs=[], annotations=OPT_OUT, traffic=50)
    new = with_predictor(graph=SERVER, componentSpecs=[], annotations=OPT_OUT, traffic=50)
    new["spec"]["predictors"].append({**new["spec"]["predictors"][0], "name": "other"})
    decision = evaluate(new, enforcing("restricted"), NO_FACTS, old_document=old)
    reported = [
        str(f.path) for f in (*decision.denials, *decision.warnings) if f.rule_id == NON_ROOT
    ]
    assert reported == ["spec.predictors[1]"]


def test_pods_are_made_for_the_namespace_of_the_review() -> None:
    document = with_predictor(graph=SERVER, componentSpecs=[])
    del document["metadata"]["namespace"]
    root = '{"runAsUser": null}'
    facts = Facts(
        namespaces={
            "plain": Namespace(),
            "own": Namespace({}, {"graphgate.io/security-defaults": root}),
        }
    )
    settings = enforcing("restricted")
    assert denied(document, settings, facts, namespace="plain") == []
    assert denied(document, settings, facts, namespace="own") != []


def test_only_rendering_decides_where_documented() -> None:
    """Elsewhere a pod departs only where a template does; so judging passes rendering over."""
    passed_over = 0
    for case in (*example_cases(), *generated_cases()):
        settings = CHOICES[case.choice]
        document = {**case.document, "metadata": {**case.document["metadata"], "namespace": "n"}}
        defaulted = apply_add_operations(
            document, default_object(document, settings.defaults, FACTS).operations
        )
        view, standard = parse(defaulted), parse_standard(":".join(case.standard))
        assert standard is not None
        level, version = standard.level, standard.version
        if any(evaluate_pod(template.pod, level, version) for template in find_pod_templates(view)):
            continue
        if needs_rendering(view, standard, settings.defaults, FACTS, None):
            continue
        passed_over += 1
        for made in render_pods(view, settings.defaults, FACTS, None).values():
            assert evaluate_pod(made.pod, level, version) == (), case
    assert passed_over > 500


@pytest.mark.parametrize(
    ("changes", "defaults", "facts"),
    [
        ({}, {}, namespace_with(labels={})),
        ({"replicas": 3}, {"scope": "container"}, NO_FACTS),
        ({"annotations": {"seldon.io/no-engine": "true"}}, {}, NO_FACTS),
        ({"componentSpecs": [{"metadata": {"annotations": {"team": "a"}}}]}, {}, NO_FACTS),
        ({"componentSpecs": [{"spec": {"hostUsers": True}}]}, {}, NO_FACTS),
        ({}, {}, namespace_with(annotations={"team": "a"})),
    ],
)
def test_an_ordinary_object_needs_no_rendering(
    changes: dict[str, Any], defaults: dict[str, Any], facts: Facts
) -> None:
    options = enforcing("restricted", defaults=defaults).defaults
    view = parse(with_predictor(**changes))
    known = facts.namespaces.get("models")
    assert not needs_rendering(view, Standard("restricted"), options, facts, known)


@pytest.mark.parametrize(
    ("changes", "defaults", "facts"),
    [
        ({"annotations": OPT_OUT}, {}, NO_FACTS),
        ({"annotations": {APPARMOR: "unconfined"}}, {}, NO_FACTS),
        ({"componentSpecs": [{"metadata": {"annotations": OPT_OUT}}]}, {}, NO_FACTS),
        ({"componentSpecs": [{"spec": {"hostUsers": False}}]}, {}, NO_FACTS),
        ({}, {"runAsUser": None}, NO_FACTS),
        ({}, {"scope": "off"}, NO_FACTS),
        ({}, {}, Facts(openshift=True)),
        ({}, {}, namespace_with(annotations={**OPT_OUT})),
        ({}, {}, namespace_with(annotations={"openshift.io/sa.scc.uid-range": "1000/10"})),
    ],
)
def test_an_unknown_user_needs_rendering(
    changes: dict[str, Any], defaults: dict[str, Any], facts: Facts
) -> None:
    options = enforcing("restricted", defaults=defaults).defaults
    view = parse(with_predictor(**changes))
    known = facts.namespaces.get("models")
    assert needs_rendering(view, Standard("restricted"), options, facts, known)


SYSCTL = {"name": "net.ipv4.tcp_slow_start_after_idle", "value": "0"}
"""Safe since 1.37."""


@pytest.mark.parametrize(
    ("asked", "minor", "version"),
    [
        ("latest", None, None),
        ("latest", 37, None),
        ("latest", 38, None),
        ("latest", 36, 36),
        ("v1.37", 36, 36),
        ("v1.30", 36, 30),
        ("v1.30", None, 30),
        (None, 36, 36),
    ],
)
def test_no_version_is_newer_than_the_clusters(
    asked: str | None, minor: int | None, version: int | None
) -> None:
    document = with_pod(securityContext={"sysctls": [SYSCTL]})
    labels = {"pod-security.kubernetes.io/enforce": "baseline"}
    if asked is not None:
        labels["pod-security.kubernetes.io/enforce-version"] = asked
    by_label = Facts(namespaces={"models": Namespace(labels)}, kubernetes_minor=minor)
    section = {"mode": "enforce", "level": "baseline", "version": asked}
    for settings, facts in (
        (enforcing("x", podSecurity={"mode": "enforce"}), by_label),
        (enforcing("x", podSecurity=section), Facts(kubernetes_minor=minor)),
    ):
        heads = [
            f.message.partition(":v")[2][:4] for f in evaluate(document, settings, facts).denials
        ]
        assert heads == ([] if version is None else [f"1.{version}"])


def test_security_uses_the_version_that_holds() -> None:
    document = with_pod(securityContext={"sysctls": [SYSCTL]})
    for minor, passes in ((None, True), (36, False)):
        facts = Facts(kubernetes_minor=minor)
        reported, *_ = explain_security(read_object(document, enforcing("baseline"), facts))
        assert dict(reported.levels)["baseline"] is passes


def test_security_checks_the_pod_and_not_the_template_alone() -> None:
    other = {"name": "other", "image": "registry.example/other:1"}
    document = with_predictor(graph=SERVER, componentSpecs=[{"spec": {"containers": [other]}}])
    other["securityContext"] = {"runAsNonRoot": True}  # type: ignore[assignment]
    settings = enforcing("restricted", defaults={"runAsUser": None})
    reported, *_ = explain_security(read_object(document, settings, NO_FACTS))
    assert dict(reported.levels) == {"privileged": True, "baseline": True, "restricted": False}


@pytest.mark.parametrize("operator", ["graphgate", "seldon"])
def test_for_the_pods_nothing_but_deployments_is_rendered_and_nothing_twice(operator: Any) -> None:
    facts, inputs = Facts(operator=operator), RenderInputs(read_settings().defaults, None)
    document = with_predictor(explainer={"type": "AnchorTabular"})
    document["spec"]["annotations"] = {"seldon.io/engine-separate-pod": "true"}
    first, fresh = parse(document), parse(document)
    pods = render_deployments(first, facts, inputs)
    assert len(pods) > 1
    assert {each.kind for each in pods} == {"Deployment"}
    every = render_once(first, facts, inputs)
    assert {each.kind for each in every} == {"Deployment", "Service"}
    assert [id(each) for each in every if each.kind == "Deployment"] == [*map(id, pods)]
    assert [each.object for each in render_once(fresh, facts, inputs)] == [
        each.object for each in every
    ]
    assert render_deployments(fresh, facts, inputs) == pods
