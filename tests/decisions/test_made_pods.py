"""What is said of the pods that a document stands for, where the template alone does not tell."""

from typing import Any

import pytest

from tests.decisions.pods_of_all_kinds import CHOICES, from_files, made_up
from tests.documents_of import minimal, with_pod, with_predictor
from tests.soundness.judging import FACTS
from webhook.decisions.decide import decide
from webhook.decisions.explain import explain
from webhook.decisions.made_pods import made_pods, only_rendering_tells
from webhook.decisions.pods import templates
from webhook.decisions.settings import Settings, read_settings
from webhook.defaults import apply, fill
from webhook.graph.facts import NOTHING_KNOWN, Facts, Namespace
from webhook.graph.parse import parse
from webhook.podsecurity import Standard, evaluate, parse_standard

SERVER = {"name": "classifier", "implementation": "SKLEARN_SERVER", "modelUri": "gs://models/iris"}
OPT_OUT = {"graphgate.io/pod-security-defaults": "disabled"}
APPARMOR = "container.apparmor.security.beta.kubernetes.io/classifier"
NON_ROOT = "pod-security/runAsNonRoot"


def namespace_with(**fields: Any) -> Facts:
    """Facts about the namespace of the minimal document."""
    return Facts(namespaces={"models": Namespace(**fields)})


def enforcing(level: str, **keys: Any) -> Settings:
    section = {"podSecurity": {"mode": "enforce", "level": level}, "profile": "hardened", **keys}
    return read_settings({"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings", **section})


def denied(document: Any, settings: Settings, facts: Facts = NOTHING_KNOWN, **more: Any) -> Any:
    decision = decide(document, settings, facts, **more)
    assert decision.failures == ()
    return [(f.rule, str(f.path)) for f in decision.denials if "would violate" in f.fact]


def test_a_model_server_that_nobody_wrote_is_judged_too() -> None:
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
    (finding,) = decide(document, settings, NOTHING_KNOWN).denials
    assert 'containers "other", "classifier" must set securityContext.runAsNonRoot' in finding.fact
    place = "spec.predictors[0].componentSpecs[0].spec"
    assert str(finding.path).startswith(place)


@pytest.mark.parametrize("where", ["predictor", "spec"])
def test_an_annotation_that_the_pods_get_is_found_where_it_stands(where: str) -> None:
    def change(document: dict[str, Any]) -> None:
        spec = document["spec"]
        (spec if where == "spec" else spec["predictors"][0])["annotations"] = {
            APPARMOR: "unconfined"
        }

    place = "spec" if where == "spec" else "spec.predictors[0]"
    assert denied(minimal(change), enforcing("baseline")) == [
        ("pod-security/appArmorProfile", f'{place}.annotations["{APPARMOR}"]')
    ]


def test_a_privileged_explainer_is_not_blamed_for_what_its_pod_gets() -> None:
    written = {"name": "e", "image": "i", "securityContext": {"privileged": True}}
    document = with_predictor(explainer={"type": "AnchorTabular", "containerSpec": written})
    rules = [rule for rule, _ in denied(document, enforcing("restricted"))]
    assert "pod-security/privileged" in rules
    assert "pod-security/seccompProfile_restricted" not in rules


def test_what_was_wrong_before_an_update_with_a_pod_that_nobody_wrote_is_not_told_again() -> None:
    old = with_predictor(graph=SERVER, componentSpecs=[], annotations=OPT_OUT)
    new = with_predictor(graph=SERVER, componentSpecs=[], annotations=OPT_OUT, replicas=2)
    decision = decide(new, enforcing("restricted"), NOTHING_KNOWN, old_document=old)
    told = [f.rule for f in (*decision.denials, *decision.warnings)]
    assert NON_ROOT not in told
    fine = with_predictor(graph=SERVER, componentSpecs=[])
    assert denied(new, enforcing("restricted"), old_document=fine) == [
        (NON_ROOT, "spec.predictors[0]")
    ]


def test_an_update_that_reaches_the_pods_from_outside_of_the_template_is_judged() -> None:
    settings = enforcing("baseline")

    def stored(document: Any) -> Any:
        return apply(document, fill(document, settings.defaults).operations)

    changed = stored(with_predictor(annotations={APPARMOR: "unconfined"}))
    rules = [rule for rule, _ in denied(changed, settings, old_document=stored(minimal()))]
    assert rules == ["pod-security/appArmorProfile"]
    again = stored(with_predictor(annotations={APPARMOR: "unconfined"}, replicas=2))
    decision = decide(again, settings, NOTHING_KNOWN, old_document=changed)
    assert [f.rule for f in (*decision.denials, *decision.warnings)] == []


def test_the_same_fault_in_a_further_predictor_is_a_new_one() -> None:
    old = with_predictor(graph=SERVER, componentSpecs=[], annotations=OPT_OUT, traffic=50)
    new = with_predictor(graph=SERVER, componentSpecs=[], annotations=OPT_OUT, traffic=50)
    new["spec"]["predictors"].append({**new["spec"]["predictors"][0], "name": "other"})
    decision = decide(new, enforcing("restricted"), NOTHING_KNOWN, old_document=old)
    told = [str(f.path) for f in (*decision.denials, *decision.warnings) if f.rule == NON_ROOT]
    assert told == ["spec.predictors[1]"]


def test_pods_are_made_for_the_namespace_of_the_review() -> None:
    document = with_predictor(graph=SERVER, componentSpecs=[])
    del document["metadata"]["namespace"]
    root = '{"runAsUser": null}'
    facts = Facts(
        namespaces={
            "plain": Namespace(),
            "own": Namespace({}, {"graphgate.io/pod-security-defaults": root}),
        }
    )
    settings = enforcing("restricted")
    assert denied(document, settings, facts, namespace="plain") == []
    assert denied(document, settings, facts, namespace="own") != []


def test_only_rendering_tells_where_it_is_said_to() -> None:
    """Elsewhere a pod departs only where a template does; so judging passes rendering over."""
    passed_over = 0
    for case in (*from_files(), *made_up()):
        settings = CHOICES[case.choice]
        document = {**case.document, "metadata": {**case.document["metadata"], "namespace": "n"}}
        filled = apply(document, fill(document, settings.defaults, FACTS).operations)
        view, standard = parse(filled), parse_standard(":".join(case.standard))
        assert standard is not None
        level, version = standard.level, standard.version
        if any(evaluate(template.pod, level, version) for template in templates(view)):
            continue
        if only_rendering_tells(view, standard, settings.defaults, FACTS, None):
            continue
        passed_over += 1
        for made in made_pods(view, settings.defaults, FACTS, None).values():
            assert evaluate(made.pod, level, version) == (), case
    assert passed_over > 500


@pytest.mark.parametrize(
    ("changes", "defaults", "facts"),
    [
        ({}, {}, namespace_with(labels={})),
        ({"replicas": 3}, {"level": "container"}, NOTHING_KNOWN),
    ],
)
def test_an_ordinary_object_needs_no_rendering(
    changes: dict[str, Any], defaults: dict[str, Any], facts: Facts
) -> None:
    options = enforcing("restricted", defaults=defaults).defaults
    view = parse(with_predictor(**changes))
    known = facts.namespaces.get("models")
    assert not only_rendering_tells(view, Standard("restricted"), options, facts, known)


@pytest.mark.parametrize(
    ("changes", "defaults", "facts"),
    [
        ({"annotations": OPT_OUT}, {}, NOTHING_KNOWN),
        ({"annotations": {APPARMOR: "unconfined"}}, {}, NOTHING_KNOWN),
        ({"componentSpecs": [{"metadata": {"annotations": OPT_OUT}}]}, {}, NOTHING_KNOWN),
        ({"componentSpecs": [{"spec": {"hostUsers": False}}]}, {}, NOTHING_KNOWN),
        ({}, {"runAsUser": None}, NOTHING_KNOWN),
        ({}, {"level": "off"}, NOTHING_KNOWN),
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
    assert only_rendering_tells(view, Standard("restricted"), options, facts, known)


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
    by_label = Facts(namespaces={"models": Namespace(labels)}, minor=minor)
    section = {"mode": "enforce", "level": "baseline", "version": asked}
    for settings, facts in (
        (enforcing("x", podSecurity={"mode": "enforce"}), by_label),
        (enforcing("x", podSecurity=section), Facts(minor=minor)),
    ):
        heads = [f.fact.partition(":v")[2][:4] for f in decide(document, settings, facts).denials]
        assert heads == ([] if version is None else [f"1.{version}"])


def test_explain_judges_by_the_version_that_holds() -> None:
    document = with_pod(securityContext={"sysctls": [SYSCTL]})
    for minor, passes in ((None, True), (36, False)):
        (told,) = explain(document, enforcing("baseline"), Facts(minor=minor))
        assert dict(told.levels)["baseline"] is passes


def test_explain_judges_the_pod_and_not_the_template_alone() -> None:
    other = {"name": "other", "image": "registry.example/other:1"}
    document = with_predictor(graph=SERVER, componentSpecs=[{"spec": {"containers": [other]}}])
    other["securityContext"] = {"runAsNonRoot": True}  # type: ignore[assignment]
    settings = enforcing("restricted", defaults={"runAsUser": None})
    (told,) = explain(document, settings, NOTHING_KNOWN)
    assert dict(told.levels) == {"privileged": True, "baseline": True, "restricted": False}
