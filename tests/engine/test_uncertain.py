"""What is not certain never denies, and keeps a milder action that was asked for."""

import pytest

from tests.documents_of import minimal, with_predictor
from tests.policy.documents import (
    MATCH_CONSTRAINTS,
    binding_text,
    load_texts,
    policy_text,
)
from webhook.engine.evaluate import evaluate
from webhook.engine.overrides import override_actions
from webhook.engine.policy_context import PolicyContext
from webhook.graph.cluster_facts import NO_FACTS, Facts, Namespace
from webhook.graph.finding import Finding
from webhook.graph.path import ROOT
from webhook.settings.model import read_settings

NAMESPACE_SELECTOR = "    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: models}}\n"
ABOUT_PODS = (
    "  matchConstraints:\n    resourceRules:\n"
    "    - {apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}\n"
)
KNOWN = Facts(namespaces={"models": Namespace()})


def settings_with(**keys):
    return read_settings({"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings", **keys})


def actions_of(decision, rule_id):
    by_action = {"deny": decision.denials, "warn": decision.warnings, "audit": decision.audits}
    return [action for action, found in by_action.items() for f in found if f.rule_id == rule_id]


@pytest.mark.parametrize("match", [MATCH_CONSTRAINTS, ABOUT_PODS], ids=["stored", "rendered"])
@pytest.mark.parametrize(
    ("asked", "facts", "action"),
    [
        ("Deny", NO_FACTS, "warn"),
        ("Warn", NO_FACTS, "warn"),
        ("Audit", NO_FACTS, "audit"),
        ("Deny", KNOWN, "deny"),
        ("Audit", KNOWN, "audit"),
    ],
)
def test_a_policy_on_a_namespace_that_is_not_known(match, asked, facts, action):
    policies = load_texts(
        policy_text("- expression: 'false'\n", match_constraints=match + NAMESPACE_SELECTOR),
        binding_text(actions=f"[{asked}]"),
    )
    decision = evaluate(
        minimal(),
        settings_with(policies={"rendered": "deny"}),
        facts,
        namespace="models",
        policy_context=PolicyContext(policies, 0),
    )
    assert actions_of(decision, "policy/p/0") == [action]


@pytest.mark.parametrize("action", ["deny", "warn", "audit", "off"])
def test_a_rule_that_is_not_sure(action):
    rule_id = "node-without-type-or-methods"
    document = with_predictor(graph={"name": "classifier", "methods": []})
    settings = settings_with(rules={rule_id: {"action": action}})
    decision = evaluate(document, settings, NO_FACTS)
    milder = {"deny": ["warn"], "off": []}
    assert actions_of(decision, rule_id) == milder.get(action, [action])


@pytest.mark.parametrize("certain", [True, False])
@pytest.mark.parametrize("chosen", ["deny", "warn", "audit", "off"])
def test_an_id_that_is_no_rule(chosen, certain):
    finding = Finding(ROOT, "a fact", rule_id="pod-security/privileged", certain=certain)
    actions = [a for a, _ in override_actions([("deny", finding)], {finding.rule_id: chosen})]
    milder = {"off": [], "deny": ["deny" if certain else "warn"]}
    assert actions == milder.get(chosen, [chosen])


def test_an_id_without_a_setting_keeps_its_action():
    finding = Finding(ROOT, "a fact", rule_id="pod-security/privileged")
    assert list(override_actions([("audit", finding)], {"engine": "deny"})) == [("audit", finding)]
