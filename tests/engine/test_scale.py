"""What is said of a Scale, which has nothing of its object but the number of replicas."""

from typing import Any

import pytest

from tests.engine.test_rendered_policies import about
from tests.policy.documents import binding_text, load_texts, policy_text
from webhook.engine.decision import Decision
from webhook.engine.policy_context import PolicyContext
from webhook.engine.scale import evaluate_scale
from webhook.graph.cluster_facts import NO_FACTS
from webhook.policy import PolicySet, apply_request
from webhook.settings.model import read_settings

NEGATIVE = ("negative-replicas", "spec.replicas")


def scale(replicas: Any, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "iris", "namespace": "models", **metadata},
        "spec": {"replicas": replicas},
    }


def settings(**section: Any) -> Any:
    return read_settings({"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings", **section})


def judge(value: Any, own: Any = None, *, old_scale: Any = None, **more: Any) -> Decision:
    own = own or settings()
    return evaluate_scale(value, own, NO_FACTS, namespace="models", old_scale=old_scale, **more)


def places(findings: Any) -> list[tuple[str, str]]:
    return [(finding.rule_id, str(finding.path)) for finding in findings]


@pytest.mark.parametrize("value", [scale(3), scale(0), {"spec": {}}, {"spec": None}, None, [], 1])
def test_a_number_that_is_right_or_not_there_is_allowed(value: Any) -> None:
    assert judge(value) == Decision()


def test_a_number_that_no_object_may_have_is_denied() -> None:
    assert places(judge(scale(-1)).denials) == [NEGATIVE]


def test_settings_of_the_namespace_hold() -> None:
    rules = {"negative-replicas": {"action": "warn"}}
    decision = judge(scale(-1), settings(namespaces={"models": {"rules": rules}, "shop": {}}))
    assert (places(decision.denials), places(decision.warnings)) == ([], [NEGATIVE])
    decision = judge(scale(-1), settings(namespaces={"shop": {"rules": rules}}))
    assert places(decision.denials) == [NEGATIVE]


@pytest.mark.parametrize(("old", "denied"), [(-1, False), (-2, True), (1, True)])
def test_a_number_that_was_wrong_before_only_warns(old: int, denied: bool) -> None:
    decision = judge(scale(-1), old_scale=scale(old))
    assert decision.denied is denied
    assert places(decision.warnings) == ([] if denied else [NEGATIVE])


def test_without_the_ratchet_it_denies() -> None:
    assert judge(scale(-1), settings(ratchet=False), old_scale=scale(-1)).denied


@pytest.mark.parametrize("mode", ["enforce", "warn", "observe"])
def test_the_mode_goes_with_the_answer(mode: str) -> None:
    assert judge(scale(-1), settings(mode=mode)).mode == mode


def bounded(expression: str = "object.spec.replicas <= 5", **more: Any) -> PolicySet:
    match = about("seldondeployments/scale", group="machinelearning.seldon.io")
    match = match.replace("operations: [CREATE]", "operations: ['*']")
    policies = load_texts(
        policy_text(f"- expression: {expression}\n  message: too many\n", match_constraints=match),
        binding_text(**more),
    )
    assert policies.problems == ()
    return policies


def context(policies: PolicySet, value: Any) -> PolicyContext:
    request = apply_request(value, "UPDATE", namespace="models")._replace(
        group="machinelearning.seldon.io",
        version="v1",
        resource="seldondeployments",
        subresource="scale",
    )
    return PolicyContext(policies, 0, request=request)


def test_policies_for_scales_are_asked() -> None:
    value = scale(7)
    decision = judge(value, policy_context=context(bounded(), value))
    assert [(f.rule_id, f.message) for f in decision.denials] == [("policy/p/0", "too many")]
    assert not judge(scale(5), policy_context=context(bounded(), scale(5))).denied


@pytest.mark.parametrize(
    ("actions", "kind"), [("[Warn]", "warnings"), ("[Audit]", "audits"), ("[Deny]", "denials")]
)
def test_a_policy_does_what_its_binding_says(actions: str, kind: str) -> None:
    value = scale(7)
    decision = judge(value, policy_context=context(bounded(actions=actions), value))
    found = {name: len(getattr(decision, name)) for name in ("denials", "warnings", "audits")}
    assert found == {"denials": 0, "warnings": 0, "audits": 0, kind: 1}


def test_a_policy_that_was_broken_before_only_warns() -> None:
    value = scale(7)
    decision = judge(value, old_scale=scale(7), policy_context=context(bounded(), value))
    assert (decision.denied, places(decision.warnings)) == (
        False,
        [("policy/p/0", "spec.replicas")],
    )


def test_an_exception_takes_back_what_is_found() -> None:
    exception = """\
apiVersion: graphgate.io/v1alpha1
kind: PolicyException
metadata: {name: load-test}
spec:
  reason: a test
  expiresAt: "2027-01-01T00:00:00Z"
  match: {namespaces: [models], names: [iris]}
  exempt: {rules: [negative-replicas]}
"""
    policies = load_texts(exception)
    assert policies.problems == ()
    decision = judge(scale(-1), policy_context=PolicyContext(policies, 0))
    assert (decision.denied, [each.exception for each in decision.suppressed]) == (
        False,
        ["load-test"],
    )
    other = judge(scale(-1, name="other"), policy_context=PolicyContext(policies, 0))
    assert other.denied


@pytest.mark.parametrize("on_rule_error", ["deny", "allow"])
def test_policies_that_crash_are_told_as_the_settings_say(
    monkeypatch: pytest.MonkeyPatch, on_rule_error: str
) -> None:
    def crash(*_: Any, **__: Any) -> Any:
        raise KeyError("a")

    monkeypatch.setattr("webhook.engine.policy_checks.evaluate_policies", crash)
    value = scale(7)
    own = settings(onRuleError=on_rule_error)
    decision = judge(value, own, policy_context=context(bounded(), value))
    assert [error.rule_id for error in decision.rule_errors] == ["policy"]
    assert decision.denied is (on_rule_error == "deny")


@pytest.mark.parametrize("old", [None, scale(7)])
def test_a_policy_that_fails_denies_a_scale_that_was_not_there_before(old: Any) -> None:
    value = scale(7)
    failing = context(bounded("'[1][5] == 1'"), value)
    decision = judge(value, old_scale=old, policy_context=failing)
    assert decision.denied is (old is None)
    assert len(decision.denials + decision.warnings) == 1
