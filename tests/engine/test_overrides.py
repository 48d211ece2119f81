"""Settings change the action of ids that are no rules, as they change that of rules."""

import pytest

from tests.documents_of import minimal, with_pod
from webhook.engine.evaluate import evaluate
from webhook.errors import SettingsError
from webhook.graph.cluster_facts import Facts, Namespace
from webhook.lint.lint import lint_text
from webhook.rules.descriptors import configurable_ids, known_ids, other_descriptors
from webhook.settings.model import read_settings

HOST_PORT = with_pod(containers=[{"name": "classifier", "ports": [{"hostPort": 80}]}])
ID_OUT_OF_RANGE = with_pod(securityContext={"runAsUser": -1})


def settings_with(rules, **keys):
    return read_settings(
        {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings", "rules": rules, **keys}
    )


def actions_of(decision, rule_id):
    return [
        action
        for action, findings in (
            ("deny", decision.denials),
            ("warn", decision.warnings),
            ("audit", decision.audits),
        )
        for finding in findings
        if finding.rule_id == rule_id
    ]


@pytest.mark.parametrize("action", ["deny", "warn", "audit", "off"])
@pytest.mark.parametrize(
    ("document", "rule_id", "options"),
    [
        (HOST_PORT, "pod-security/hostPorts", {"podSecurity": {"level": "baseline"}}),
        (ID_OUT_OF_RANGE, "pod-security/id-out-of-range", {}),
    ],
)
@pytest.mark.parametrize("scope", ["cluster", "namespace"])
def test_a_pod_security_id_has_the_action_of_the_settings(
    document, rule_id, options, action, scope
):
    rules = {rule_id: {"action": action}}
    settings = (
        settings_with(rules, **options)
        if scope == "cluster"
        else settings_with({}, namespaces={"team": {"rules": rules}}, **options)
    )
    decision = evaluate(document, settings, Facts(), namespace="team")
    assert actions_of(decision, rule_id) == ([] if action == "off" else [action])


def test_an_old_fault_only_warns_whatever_the_settings_say():
    settings = settings_with(
        {"pod-security/hostPorts": {"action": "deny"}}, podSecurity={"level": "baseline"}
    )
    changed = with_pod(
        containers=[{"name": "classifier", "image": "i:2", "ports": [{"hostPort": 80}]}]
    )
    decision = evaluate(changed, settings, Facts(), old_document=HOST_PORT)
    assert actions_of(decision, "pod-security/hostPorts") == ["warn"]


@pytest.mark.parametrize("action", ["deny", "audit", "off"])
def test_missing_defaults_have_the_action_of_the_settings(action):
    settings = settings_with({"not-defaulted": {"action": action}})
    decision = evaluate(minimal(), settings, Facts(), apply_defaults=False)
    assert actions_of(decision, "not-defaulted") == ([] if action == "off" else [action])


@pytest.mark.parametrize("action", ["deny", "audit", "off"])
def test_an_annotation_that_defaulting_ignores_has_the_action_of_the_settings(action):
    namespace = Namespace(annotations={"graphgate.io/security-defaults": "{"})
    decision = evaluate(
        minimal(),
        settings_with({"defaulting": {"action": action}}),
        Facts(namespaces={"team": namespace}),
        namespace="team",
    )
    assert actions_of(decision, "defaulting") == ([] if action == "off" else [action])


@pytest.mark.parametrize(
    ("action", "verdict", "shown"),
    [
        ("deny", "denied", ["deny"]),
        ("warn", "allowed", ["warn"]),
        ("audit", "allowed", ["audit"]),
        ("off", "allowed", []),
    ],
)
def test_a_yaml_warning_has_the_action_of_the_settings(action, verdict, shown):
    text = (
        "apiVersion: machinelearning.seldon.io/v1\n"
        "kind: SeldonDeployment\n"
        "metadata: {name: a, namespace: team}\n"
        "spec:\n"
        "  predictors:\n"
        "  - name: main\n"
        "    name: main\n"
        "    graph: {name: m, implementation: SKLEARN_SERVER, modelUri: 'gs://b/m'}\n"
    )
    settings = settings_with(
        {}, namespaces={"team": {"rules": {"yaml/duplicate-key": {"action": action}}}}
    )
    (result,) = lint_text("f.yaml", text, settings, Facts()).results
    assert result.verdict == verdict
    assert [
        located.action
        for located in result.findings
        if located.finding.rule_id == "yaml/duplicate-key"
    ] == shown


def test_settings_name_every_id_whose_action_can_be_set():
    rules = {rule_id: {"action": "audit"} for rule_id in configurable_ids()}
    assert settings_with(rules).action_overrides == dict.fromkeys(rules, "audit")


@pytest.mark.parametrize(
    "rule_id",
    [i for i in known_ids() if i in other_descriptors() and i not in configurable_ids()],
)
def test_settings_do_not_name_what_something_else_decides(rule_id):
    with pytest.raises(SettingsError, match="unknown key"):
        settings_with({rule_id: {"action": "off"}})


def test_an_id_that_is_no_rule_has_no_parameters():
    with pytest.raises(SettingsError, match="unknown key"):
        settings_with({"not-defaulted": {"parameters": {"a": 1}}})
