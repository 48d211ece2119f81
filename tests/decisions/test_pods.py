"""Pods judged before they exist: the vectors of the specification, and whose word counts."""

import json
from dataclasses import replace

import pytest

from tests.defaults.test_vectors import VECTORS, facts_of, options_of
from tests.documents_of import minimal, with_pod, with_predictor
from tests.seeds import EXAMPLES
from webhook.decisions.decide import decide
from webhook.decisions.explain import explain
from webhook.decisions.judge import judge
from webhook.decisions.pod_security import PodSecurity
from webhook.decisions.settings import Settings, read_settings
from webhook.documents import read
from webhook.graph.facts import NOTHING_KNOWN, Facts, Namespace
from webhook.graph.parse import parse
from webhook.podsecurity import LEVELS, Pod, Standard, evaluate, parse_version
from webhook.workloads.render import render


def settings_of(vector):
    cfg = vector["cfg"]
    options = PodSecurity(
        mode=cfg.get("psaMode", "warn"),
        level=cfg.get("psaLevel"),
        version=parse_version(cfg["psaVersion"]) if "psaVersion" in cfg else None,
    )
    return Settings(defaults=options_of(vector), pod_security=options)


def told(findings):
    """Pod security findings, those of one standard joined as the API server joins them."""
    joined: dict[str, list[str]] = {}
    for finding in findings:
        if finding.rule.startswith("pod-security/") or finding.rule == "defaulting":
            head, colon, detail = finding.fact.partition('": ')
            joined.setdefault(f'{head}": ' if colon else head, []).append(detail)
    return sorted(head + ", ".join(details) for head, details in joined.items())


def expected(sentences):
    return sorted(
        words.split(": ", 1)[-1] if words.startswith("spec.") else words for words in sentences
    )


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_a_vector_is_denied_or_warned_of_as_expected(vector):
    decision = decide(
        vector["sdep"],
        settings_of(vector),
        facts_of(vector),
        namespace="ds",
        old_document=vector["old"],
    )
    assert decision.failures == ()
    assert told(decision.denials) == expected(vector["expectErrors"])
    assert told(decision.warnings) == expected(vector["expectWarnings"])


RESTRICTED = Facts(
    namespaces={"models": Namespace({"pod-security.kubernetes.io/enforce": "restricted"})}
)


def rules(decision):
    return [finding.rule for finding in (*decision.denials, *decision.warnings)]


def test_the_namespace_s_label_says_which_level_holds():
    assert rules(decide(minimal(), read_settings(), RESTRICTED)) == [
        "pod-security/allowPrivilegeEscalation",
        "pod-security/capabilities_restricted",
        "pod-security/runAsNonRoot",
        "pod-security/seccompProfile_restricted",
    ]


def test_nothing_is_demanded_where_nothing_is_known():
    assert rules(decide(minimal(), read_settings(), NOTHING_KNOWN)) == []


def settings(**keys):
    return read_settings({"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings", **keys})


def test_the_mode_decides_what_a_departure_means():
    for mode, counts in (("off", (0, 0)), ("warn", (0, 4)), ("enforce", (4, 0))):
        decision = decide(minimal(), settings(podSecurity={"mode": mode}), RESTRICTED)
        assert (len(decision.denials), len(decision.warnings)) == counts


def test_a_bare_manifest_is_fit_for_restricted_with_the_hardened_profile():
    hardened = settings(profile="hardened", podSecurity={"mode": "enforce"})
    assert rules(decide(minimal(), hardened, RESTRICTED)) == []


def test_what_can_never_run_denies_in_any_mode():
    pod = {"securityContext": {"runAsNonRoot": True, "runAsUser": 0}}
    decision = decide(with_pod(**pod), settings(podSecurity={"mode": "off"}), NOTHING_KNOWN)
    assert [f.rule for f in decision.denials] == ["pod-security/root-against-non-root"]


def test_restrictions_carried_over_from_a_policy_are_held():
    demands = {"runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 1000, "max": 1999}]}}
    own = settings(podSecurity={"mode": "enforce", "restrictions": demands})
    denied = decide(minimal(), own, NOTHING_KNOWN).denials
    assert [f.rule for f in denied] == ["pod-security/restrictions/runAsUser"]
    fits = with_pod(securityContext={"runAsUser": 1500})
    assert rules(decide(fits, own, NOTHING_KNOWN)) == []


def test_an_explainer_s_container_is_judged_at_its_own_place():
    explainer = {
        "type": "AnchorTabular",
        "containerSpec": {"name": "e", "image": "i", "securityContext": {"privileged": True}},
    }
    own = replace(read_settings(), pod_security=PodSecurity("enforce", "baseline"))
    denied = decide(with_predictor(explainer=explainer), own, NOTHING_KNOWN).denials
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
    own = replace(settings(profile="hardened"), pod_security=PodSecurity("enforce", level))
    decision = decide(document, own, NOTHING_KNOWN)
    departures = {f.rule for f in decision.denials if "would violate" in f.fact}
    from webhook import defaults

    filled = defaults.apply(document, defaults.fill(document, own.defaults).operations)
    rendered = {
        f"pod-security/{violation.check}"
        for made in render(parse(filled))
        if made.kind == "Deployment"
        for template in [made.object["spec"]["template"]]
        for violation in evaluate(Pod(template["spec"], template["metadata"]), level)
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
    assert own.pod_security == PodSecurity("enforce", "restricted", 30)


def test_explain_tells_who_set_each_value():
    document = with_pod(securityContext={"fsGroup": 5})
    document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"].append(
        {"name": "own", "image": "i", "securityContext": {"runAsUser": 1000, "runAsNonRoot": True}}
    )
    first, second = explain(document, read_settings(), NOTHING_KNOWN)
    rights = {right.field: (right.value, right.origin) for right in first.rights}
    assert rights["runAsUser"] == ("8888", "default")
    assert rights["privileged"] == ("no", "")
    rights = {right.field: (right.value, right.origin) for right in second.rights}
    assert rights["runAsUser"] == ("1000", "author, at the container")
    assert rights["runAsNonRoot"] == ("true", "author, at the container")
    assert dict(second.levels) == {"privileged": True, "baseline": True, "restricted": False}


def test_explain_says_when_the_namespace_decides():
    override = json.dumps({"runAsUser": 1234})
    facts = Facts(
        namespaces={"models": Namespace({}, {"graphgate.io/pod-security-defaults": override})}
    )
    (container,) = explain(minimal(), read_settings(), facts)
    assert ("1234", "namespace") in [(r.value, r.origin) for r in container.rights]


def test_explain_says_when_openshift_decides():
    facts = Facts(
        namespaces={"models": Namespace({}, {"openshift.io/sa.scc.uid-range": "1000620000/10000"})},
        openshift=True,
    )
    (container,) = explain(minimal(), read_settings(), facts)
    assert {r.field for r in container.rights if r.origin == "SCC"} == {
        "runAsUser",
        "runAsNonRoot",
        "seccompProfile",
        "capabilities",
    }


def test_every_report_shows_pod_security_at_a_line_of_the_file():
    text = (EXAMPLES / "seed" / "minimal.yaml").read_text()
    own = replace(read_settings(), pod_security=PodSecurity("enforce", "restricted"))
    (result,) = judge("f", text, own, NOTHING_KNOWN).results
    assert {(p.line, p.column) for p in result.findings} == {(11, 11)}
