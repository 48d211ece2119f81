"""Pods judged before they exist: the vectors of the specification, and whose word counts."""

from dataclasses import replace

import pytest

from tests.defaulting.test_vectors import VECTORS, read_vector_facts, read_vector_options
from tests.documents_of import minimal, with_pod, with_predictor
from tests.seeds import EXAMPLES
from webhook.engine.evaluate import evaluate
from webhook.engine.pod_checks import check_pods
from webhook.engine.rendered_pods import Rendering
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


BASELINE = replace(read_settings(), pod_security=PodSecurityOptions("enforce", "baseline"))
PRIVILEGED = {"securityContext": {"privileged": True}}


POD = "spec.predictors[0].componentSpecs[0].spec"


def containers(*more):
    names = ("classifier", "a", "b")
    return [
        {"name": name, "image": "i", **fields} for name, fields in zip(names, more, strict=False)
    ]


@pytest.mark.parametrize(
    ("pod", "path", "evidence"),
    [
        pytest.param(
            {"containers": containers(PRIVILEGED, {})},
            f"{POD}.containers[0].securityContext.privileged",
            1,
            id="one container",
        ),
        pytest.param(
            {"containers": containers(PRIVILEGED, {}, PRIVILEGED)},
            f"{POD}.containers",
            2,
            id="two containers",
        ),
        pytest.param(
            {"containers": containers(PRIVILEGED), "initContainers": containers(PRIVILEGED)},
            POD,
            2,
            id="containers of two lists",
        ),
        pytest.param({"hostNetwork": True}, f"{POD}.hostNetwork", 1, id="the pod"),
    ],
)
def test_a_departure_stands_at_the_nearest_place_that_holds_all_of_it(pod, path, evidence):
    decision = evaluate(with_pod(**pod), BASELINE, NO_FACTS)
    (finding,) = [f for f in decision.denials if f.rule_id.startswith("pod-security/")]
    assert (str(finding.path), len(finding.evidence)) == (path, evidence)
    assert finding.message.startswith('would violate PodSecurity "baseline:v')
    assert finding.remediation == ""


def with_orchestrator(**fields):
    document = with_predictor(**fields)
    graph = document["spec"]["predictors"][0]["graph"]
    graph["children"] = [{"name": "other", "type": "MODEL"}]
    pod = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
    pod["containers"].append({"name": "other", "image": "i"})
    return document


WAYS_OUT = (
    "Seldon's operator adds this container without it: enforce the level baseline, exempt the "
    "pods, run graphgate's reconciler (operator: graphgate), or annotate a predictor of one node "
    'with seldon.io/no-engine: "true"'
)


@pytest.mark.parametrize(("operator", "is_told"), [("seldon", True), ("graphgate", False)])
def test_what_can_be_done_about_seldon_s_orchestrator_is_told(operator, is_told):
    own = replace(
        read_settings(),
        pod_security=PodSecurityOptions("enforce", "restricted"),
        operator=operator,
    )
    denied = evaluate(with_orchestrator(), own, NO_FACTS).denials
    assert denied
    assert any("seldon.io/no-engine" in f.remediation for f in denied) is is_told
    blamed = [f for f in denied if f.remediation]
    assert {f.remediation for f in blamed} == ({WAYS_OUT} if is_told else set())
    assert all("seldon-container-engine" in f.message for f in blamed)


def test_a_container_that_is_no_mapping_is_judged_beside_the_orchestrator():
    own = replace(
        read_settings(),
        pod_security=PodSecurityOptions("enforce", "restricted"),
        operator="seldon",
    )
    decision = evaluate(with_pod(containers=["classifier", *containers({})]), own, NO_FACTS)
    assert decision.rule_errors == ()
    remediations = {f.rule_id: f.remediation for f in decision.denials}
    assert remediations["pod-security/runAsNonRoot"] == WAYS_OUT


def test_an_author_s_own_fault_is_not_the_orchestrator_s():
    own = replace(BASELINE, operator="seldon")
    document = with_orchestrator()
    pod = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
    pod["containers"][0].update(PRIVILEGED)
    (finding,) = evaluate(document, own, NO_FACTS).denials
    assert finding.remediation == ""


@pytest.mark.parametrize("operator", ["graphgate", "seldon"])
def test_a_component_of_which_no_pod_is_made_is_judged_as_it_is_written(operator):
    document = with_predictor()
    components = document["spec"]["predictors"][0]["componentSpecs"]
    components.append({"spec": {"hostNetwork": True, "containers": []}})
    decision = evaluate(document, replace(BASELINE, operator=operator), NO_FACTS)
    assert decision.rule_errors == ()
    assert [(f.rule_id, str(f.path), f.remediation) for f in decision.denials] == [
        ("pod-security/hostNamespaces", "spec.predictors[0].componentSpecs[1].spec.hostNetwork", "")
    ]


@pytest.mark.parametrize("operator", ["graphgate", "seldon"])
def test_an_author_s_container_of_the_orchestrator_s_name_is_not_seldon_s(operator):
    own = replace(BASELINE, operator=operator)
    engine = {"name": "seldon-container-engine", "image": "i", **PRIVILEGED}
    denials = evaluate(with_pod(containers=[*containers({}), engine]), own, NO_FACTS).denials
    (finding,) = [f for f in denials if f.rule_id.startswith("pod-security/")]
    assert finding.remediation == ""


@pytest.mark.parametrize("level", ["privileged", None])
def test_where_everything_is_allowed_nothing_is_found(level):
    own = replace(read_settings(), pod_security=PodSecurityOptions("enforce", level))
    decision = evaluate(with_pod(containers=containers(PRIVILEGED)), own, NO_FACTS)
    assert rules(decision) == []


@pytest.mark.parametrize(
    "explainer",
    [
        {"containerSpec": {"name": "e", "image": "i", **PRIVILEGED}},
        {"type": "", "containerSpec": {"name": "e", "image": "i", **PRIVILEGED}},
        {"type": "AnchorTabular", "containerSpec": [PRIVILEGED]},
        {"type": "AnchorTabular"},
        None,
    ],
    ids=["no type", "an empty type", "no mapping", "no container", "null"],
)
def test_an_explainer_that_is_not_made_has_no_pod(explainer):
    decision = evaluate(with_predictor(explainer=explainer), BASELINE, NO_FACTS)
    assert [f for f in decision.denials if f.rule_id.startswith("pod-security/")] == []


ROOT_AGAINST = {"securityContext": {"runAsNonRoot": True, "runAsUser": 0}}


def test_a_pod_that_an_update_leaves_alone_is_not_spoken_of():
    old = with_pod(**ROOT_AGAINST)
    new = with_pod(**ROOT_AGAINST)
    new["metadata"]["labels"] = {"team": "a"}
    assert rules(evaluate(new, BASELINE, NO_FACTS, old_document=old)) == []
    new = with_pod(**ROOT_AGAINST, terminationGracePeriodSeconds=1)
    assert rules(evaluate(new, BASELINE, NO_FACTS, old_document=old)) == [
        "pod-security/root-against-non-root"
    ]
    assert evaluate(new, BASELINE, NO_FACTS, old_document=old).denials == ()


def test_the_pod_of_another_predictor_is_another_pod():
    old = with_pod(**ROOT_AGAINST)
    new = with_pod(**ROOT_AGAINST)
    new["spec"]["predictors"][0]["name"] = "other"
    decision = evaluate(new, BASELINE, NO_FACTS, old_document=old)
    assert "pod-security/root-against-non-root" in rules(decision)


@pytest.mark.parametrize(
    ("mode", "denials", "warnings"),
    [("enforce", 2, 0), ("warn", 0, 2), ("off", 0, 0)],
)
def test_restrictions_do_what_the_mode_says(mode, denials, warnings):
    restrictions = {"runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 1000, "max": 1999}]}}
    own = settings(podSecurity={"mode": mode, "restrictions": restrictions})
    pod = {"containers": containers(*({"securityContext": {"runAsUser": u}} for u in (1, 1000, 2)))}
    decision = evaluate(with_pod(**pod), own, NO_FACTS)
    rule = "pod-security/restrictions/runAsUser"
    denied, warned = (
        [f for f in found if f.rule_id == rule] for found in (decision.denials, decision.warnings)
    )
    assert (len(denied), len(warned)) == (denials, warnings)
    for number, finding in zip((0, 2), (*denied, *warned), strict=bool(denied or warned)):
        place = f"{POD}.containers[{number}].securityContext.runAsUser"
        assert [str(finding.path), *map(str, finding.evidence)] == [place, place]
        assert finding.message.startswith("is forbidden by podSecurity.restrictions: ")


RANGE = {"openshift.io/sa.scc.uid-range": "1000620000/10000"}


@pytest.mark.parametrize(
    ("annotations", "openshift", "section", "count"),
    [
        pytest.param(RANGE, True, {}, 1, id="OpenShift assigns a range"),
        pytest.param(RANGE, True, {"defaults": {"openshift": "ignore"}}, 0, id="it is ignored"),
        pytest.param({}, True, {}, 0, id="no range"),
        pytest.param(None, True, {}, 0, id="an unknown namespace"),
        pytest.param(
            RANGE, True, {"podSecurity": {"mode": "off"}}, 1, id="whatever standard is checked"
        ),
    ],
)
def test_a_user_out_of_the_namespaces_range_is_warned_of(annotations, openshift, section, count):
    facts = Facts(
        namespaces={} if annotations is None else {"models": Namespace({}, annotations)},
        openshift=openshift,
    )
    document = with_pod(containers=containers({"securityContext": {"runAsUser": 5}}))
    decision = evaluate(document, settings(**section), facts)
    warned = [f for f in decision.warnings if f.rule_id == "pod-security/outside-namespace-range"]
    assert [str(f.path) for f in warned] == [
        f"{POD}.containers[0].securityContext.runAsUser"
    ] * count


def test_an_id_beyond_a_user_namespace_is_warned_of():
    pod = {"hostUsers": False, "securityContext": {"runAsUser": 70000}}
    decision = evaluate(with_pod(**pod), settings(podSecurity={"mode": "off"}), NO_FACTS)
    warned = [f for f in decision.warnings if f.rule_id == "pod-security/id-beyond-user-namespace"]
    assert [str(f.path) for f in warned] == [f"{POD}.securityContext.runAsUser"]


def test_a_template_whose_fields_are_in_another_order_is_the_same() -> None:
    root = {"runAsNonRoot": True, "runAsUser": 0}
    new = with_pod(securityContext=root)
    old = with_pod(securityContext=dict(reversed(root.items())))
    settings = read_settings()
    rendered, before = (Rendering(parse(each), settings.defaults, None) for each in (new, old))
    assert list(check_pods(rendered, settings.pod_security, NO_FACTS))
    assert not list(check_pods(rendered, settings.pod_security, NO_FACTS, old=before))
