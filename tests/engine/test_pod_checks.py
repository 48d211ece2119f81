"""Pods judged before they exist: the vectors of the specification, and whose word counts."""

from dataclasses import replace

import pytest

from tests.defaulting.test_vectors import VECTORS, read_vector_facts, read_vector_options
from tests.documents_of import minimal, with_pod, with_predictor
from tests.seeds import EXAMPLES
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import NO_FACTS, Facts, Namespace
from webhook.graph.parse import parse
from webhook.lint.lint import lint_text
from webhook.podsecurity import LEVELS, Pod, Standard, evaluate_pod, parse_version
from webhook.rendering.render import render
from webhook.settings.model import Settings, read_settings
from webhook.settings.pod_security import PodSecurityOptions
from webhook.yamldoc import read


def settings_from_vector(vector):
    cfg = vector["cfg"]
    options = PodSecurityOptions(
        mode=cfg.get("psaMode", "warn"),
        level=cfg.get("psaLevel"),
        version=parse_version(cfg["psaVersion"]) if "psaVersion" in cfg else None,
    )
    return Settings(
        defaults=read_vector_options(vector), pod_security=options, operator="graphgate"
    )


def format_like_api_server(findings):
    """Pod security findings, those of one standard joined as the API server joins them."""
    joined: dict[str, list[str]] = {}
    for finding in findings:
        if finding.rule_id.startswith("pod-security/") or finding.rule_id == "defaulting":
            head, colon, detail = finding.message.partition('": ')
            joined.setdefault(f'{head}": ' if colon else head, []).append(detail)
    return sorted(head + ", ".join(details) for head, details in joined.items())


def expected_messages(sentences):
    return sorted(
        words.split(": ", 1)[-1] if words.startswith("spec.") else words for words in sentences
    )


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_a_vector_is_denied_or_warned_of_as_expected(vector):
    decision = evaluate(
        vector["sdep"],
        settings_from_vector(vector),
        read_vector_facts(vector),
        namespace="ds",
        old_document=vector["old"],
    )
    assert decision.rule_errors == ()
    assert format_like_api_server(decision.denials) == expected_messages(vector["expectErrors"])
    assert format_like_api_server(decision.warnings) == expected_messages(vector["expectWarnings"])


RESTRICTED = Facts(
    namespaces={"models": Namespace({"pod-security.kubernetes.io/enforce": "restricted"})}
)


def rules(decision):
    return [finding.rule_id for finding in (*decision.denials, *decision.warnings)]


def test_the_namespace_s_label_says_which_level_holds():
    assert rules(evaluate(minimal(), read_settings(), RESTRICTED)) == [
        "pod-security/allowPrivilegeEscalation",
        "pod-security/capabilities_restricted",
        "pod-security/runAsNonRoot",
        "pod-security/seccompProfile_restricted",
    ]


def test_nothing_is_demanded_where_nothing_is_known():
    assert rules(evaluate(minimal(), read_settings(), NO_FACTS)) == []


def settings(**keys):
    head = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings", "operator": "graphgate"}
    return read_settings({**head, **keys})


def test_the_mode_decides_what_a_departure_means():
    for mode, counts in (("off", (0, 0)), ("warn", (0, 4)), ("enforce", (4, 0))):
        decision = evaluate(minimal(), settings(podSecurity={"mode": mode}), RESTRICTED)
        assert (len(decision.denials), len(decision.warnings)) == counts


def test_a_bare_manifest_is_fit_for_restricted_with_the_hardened_profile():
    hardened = settings(profile="hardened", podSecurity={"mode": "enforce"})
    assert rules(evaluate(minimal(), hardened, RESTRICTED)) == []


def test_what_can_never_run_denies_in_any_mode():
    pod = {"securityContext": {"runAsNonRoot": True, "runAsUser": 0}}
    decision = evaluate(with_pod(**pod), settings(podSecurity={"mode": "off"}), NO_FACTS)
    assert [f.rule_id for f in decision.denials] == ["pod-security/root-against-non-root"]


def test_restrictions_carried_over_from_a_policy_are_held():
    restrictions = {"runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 1000, "max": 1999}]}}
    own = settings(podSecurity={"mode": "enforce", "restrictions": restrictions})
    denied = evaluate(minimal(), own, NO_FACTS).denials
    assert [f.rule_id for f in denied] == ["pod-security/restrictions/runAsUser"]
    fits = with_pod(securityContext={"runAsUser": 1500})
    assert rules(evaluate(fits, own, NO_FACTS)) == []


def test_an_explainer_s_container_is_evaluated_at_its_own_place():
    explainer = {
        "type": "AnchorTabular",
        "containerSpec": {"name": "e", "image": "i", "securityContext": {"privileged": True}},
    }
    own = replace(read_settings(), pod_security=PodSecurityOptions("enforce", "baseline"))
    denied = evaluate(with_predictor(explainer=explainer), own, NO_FACTS).denials
    assert [str(f.path) for f in denied] == [
        "spec.predictors[0].explainer.containerSpec.securityContext.privileged"
    ]


DOCUMENTS = [
    document.value
    for file in sorted(EXAMPLES.glob("*.yaml"))
    for document in read(file.read_bytes()).documents
]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["metadata"]["name"])
def test_a_template_and_the_pods_rendered_from_it_have_the_same_verdict(document, level):
    own = replace(settings(profile="hardened"), pod_security=PodSecurityOptions("enforce", level))
    decision = evaluate(document, own, NO_FACTS)
    departures = {f.rule_id for f in decision.denials if "would violate" in f.message}
    from webhook import defaulting

    defaulted = defaulting.apply_add_operations(
        document, defaulting.default_object(document, own.defaults).operations
    )
    rendered = {
        f"pod-security/{violation.check_id}"
        for made in render(parse(defaulted))
        if made.kind == "Deployment"
        for template in [made.object["spec"]["template"]]
        for violation in evaluate_pod(Pod(template["spec"], template["metadata"]), level)
    }
    assert rendered == departures


def test_pod_security_from_the_command_line_goes_before_the_file():
    own = read_settings(
        {
            "apiVersion": "graphgate.io/v1alpha1",
            "kind": "Settings",
            "podSecurity": {"mode": "enforce", "level": "privileged"},
        },
        pod_security=Standard("restricted", 30),
    )
    assert own.pod_security == PodSecurityOptions("enforce", "restricted", 30)


def test_every_report_shows_pod_security_at_a_line_of_the_file():
    text = (EXAMPLES / "seed" / "minimal.yaml").read_text()
    own = replace(read_settings(), pod_security=PodSecurityOptions("enforce", "restricted"))
    (result,) = lint_text("f", text, own, NO_FACTS).results
    assert {(p.line, p.column) for p in result.findings} == {(11, 11)}


def test_openshift_refuses_a_privileged_container_and_its_user_and_both_are_warned_of():
    context = {"privileged": True, "runAsUser": 0}
    document = with_pod(
        containers=[{"name": "classifier", "image": "i", "securityContext": context}]
    )
    namespace = Namespace({}, {"openshift.io/sa.scc.uid-range": "1000620000/10000"})
    decision = evaluate(
        document,
        read_settings(),
        Facts(namespaces={"ds": namespace}, openshift=True),
        namespace="ds",
    )
    found = [f for f in decision.warnings if f.rule_id.startswith("pod-security/")]
    assert decision.denials == ()
    assert [(f.rule_id, str(f.path).rpartition(".")[2]) for f in found] == [
        ("pod-security/refused-by-restricted-v2", "privileged"),
        ("pod-security/outside-namespace-range", "runAsUser"),
    ]
