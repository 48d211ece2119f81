"""What Seldon's operator alone stops at or replaces: graphgate's reconciler runs it as written."""

import pytest
import yaml

from tests.seeds import ROOT
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import Facts
from webhook.settings.model import Settings

FIXTURES = ROOT / "tests" / "rules" / "fixtures"
ONLY_SELDON = (
    ("explainer-name-too-long", "generated", "written"),
    ("field-newer-than-operator", "keda"),
    ("first-component-without-node", "built-in-at-localhost", "overtaken"),
    ("unread-orchestrator-annotations", "own-pod"),
    ("injected-name-taken", "certificate"),
    ("label-overrides-selector", "orchestrator"),
    ("mount-beside-injected", "podinfo", "certificate"),
    ("multi-node-graph-without-orchestrator", "false"),
    ("overwritten-endpoint", "built-in"),
    ("overwritten-field", "mlserver", "triton", "tensorflow", "explainer-variables"),
    ("port-collision", "service-assigned", "service-grpc", "service-both"),
    ("removed-podinfo-mount", "own-volume"),
    ("service-name-not-a-dns-label", "empty"),
    ("unknown-port-name", "replaced-ports", "replaced-ports-of-triton"),
    ("unmounted-certificate", "root-without-container", "orchestrator-elsewhere", "variable"),
    ("unreachable-explainer", "other-port", "other-endpoint"),
)


@pytest.mark.parametrize(
    ("rule", "name"), [(rule, name) for rule, *names in ONLY_SELDON for name in names]
)
def test_it_is_found_under_seldon_s_operator_and_not_under_graphgate_s(rule, name):
    document = yaml.safe_load((FIXTURES / rule / f"{name}.yaml").read_text())
    found = {}
    for operator in ("seldon", "graphgate"):
        decision = evaluate(document, Settings(operator=operator), Facts(operator=operator))
        findings = (*decision.denials, *decision.warnings)
        found[operator] = any(finding.rule_id == rule for finding in findings)
    assert found == {"seldon": True, "graphgate": False}


@pytest.mark.parametrize(
    ("operator", "denied"), [("seldon", ["server-lacks-protocol"]), ("graphgate", [])]
)
def test_an_image_of_the_author_s_helps_a_server_for_v2_under_graphgate_alone(operator, denied):
    path = FIXTURES / "overwritten-field" / "ok.yaml"
    document = yaml.safe_load(path.read_text())
    component = document["spec"]["predictors"][0]["componentSpecs"][0]
    component["spec"]["containers"][0]["image"] = "registry.example/iris:1"
    servers = {"SKLEARN_SERVER": {"protocols": {"seldon": {"image": "registry.example/sk"}}}}
    facts = Facts(operator=operator, model_servers=servers)
    decision = evaluate(document, Settings(operator=operator), facts)
    assert [one.rule_id for one in decision.denials] == denied
