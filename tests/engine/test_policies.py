"""Users' policies and exceptions among the other sources of findings."""

from typing import Any

import pytest

from tests.documents_of import minimal, with_graph
from tests.policy.documents import binding_text, load_texts, policy_text
from tests.policy.test_mutator import ADD, mutating_policy_text
from webhook.engine.decision import Decision
from webhook.engine.evaluate import evaluate
from webhook.engine.policy_context import PolicyContext
from webhook.graph.cluster_facts import NO_FACTS, Facts, Namespace
from webhook.policy import AdmissionRequest
from webhook.settings.model import read_settings


def settings(**section: Any) -> Any:
    return read_settings({"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings", **section})


def judge(
    *texts: str,
    document: Any = None,
    facts: Facts = NO_FACTS,
    own: Any = None,
    now: int = 0,
    request: AdmissionRequest | None = None,
    **more: Any,
) -> Decision:
    policies = load_texts(*texts)
    assert policies.problems == ()
    user = {key: more.pop(key) for key in ("user", "groups") if key in more}
    context = PolicyContext(policies, now, request=request, **user)
    return evaluate(document or minimal(), own or settings(), facts, policy_context=context, **more)


def bound(expression: str, actions: str = "[Deny]", **more: Any) -> tuple[str, str]:
    text = policy_text(f'- expression: "{expression}"\n  message: wrong\n', **more)
    return text, binding_text(actions=actions)


@pytest.mark.parametrize(
    ("actions", "kind"), [("[Deny]", "denials"), ("[Warn]", "warnings"), ("[Audit]", "audits")]
)
def test_a_finding_does_what_the_binding_says(actions: str, kind: str) -> None:
    decision = judge(*bound("object.metadata.name == 'x'", actions))
    found = {name: getattr(decision, name) for name in ("denials", "warnings", "audits")}
    assert [(f.rule_id, str(f.path), f.message) for f in found.pop(kind)] == [
        ("policy/p/0", "metadata.name", "wrong")
    ]
    assert not any(found.values())


SLOW = "lists.range(200).all(x, lists.range(200).all(y, x >= 0))"


@pytest.mark.parametrize(
    "texts",
    [
        bound(SLOW),
        (mutating_policy_text(f"{SLOW} ? {ADD} : {ADD}"),),
    ],
    ids=["validating", "mutating"],
)
def test_a_slow_policy_ends_with_the_time_of_the_review_and_denies(texts: tuple[str, ...]) -> None:
    policies = load_texts(*texts)
    assert policies.problems == ()
    for is_up in (False, True):
        context = PolicyContext(policies, 0, expired=lambda is_up=is_up: is_up)  # type: ignore[misc]
        decision = evaluate(minimal(), settings(), NO_FACTS, policy_context=context)
        told = [f.message for f in decision.denials]
        exceeded = "the policy could not be evaluated: the time limit of this review is exceeded"
        assert told == [exceeded] * is_up


def test_what_is_not_sure_only_warns() -> None:
    text = bound("namespaceObject.metadata.?labels.stage.orValue('') == 'x'")
    decision = judge(*text)
    assert (decision.denied, len(decision.warnings)) == (False, 1)
    audited = judge(*bound("namespaceObject == null", "[Audit]"))
    assert (len(audited.warnings), len(audited.audits)) == (0, 1)
    known = Facts(namespaces={"models": Namespace({"stage": "prod"})})
    assert judge(*text, facts=known).denied


def test_audit_annotations_are_for_the_record() -> None:
    spec = "auditAnnotations: [{key: who, valueExpression: \"'a\\\\n  b'\"}]"
    decision = judge(policy_text("- expression: 'true'", spec=spec), binding_text())
    assert [(f.rule_id, f.message) for f in decision.audits] == [("policy/p", "who: a b")]
    assert (decision.denials, decision.warnings) == ((), ())


@pytest.mark.parametrize(("failure_policy", "kind"), [("Fail", "denials"), ("Ignore", "warnings")])
def test_a_policy_that_fails_is_its_authors_fault(failure_policy: str, kind: str) -> None:
    text = bound("object.missing == 1", spec=f"failurePolicy: {failure_policy}")
    (finding,) = getattr(judge(*text), kind)
    assert (finding.rule_id, finding.message, finding.remediation) == (
        "policy/p/0",
        "the policy could not be evaluated: no such key: missing",
        "the error is in the policy, not in the object",
    )


@pytest.mark.parametrize(
    ("expression", "old"),
    [
        ("request.operation == 'CREATE' && oldObject == null", None),
        ("request.operation == 'UPDATE' && oldObject.metadata.name == 'iris'", minimal()),
    ],
)
def test_without_a_request_policies_are_asked_as_of_an_apply(expression: str, old: Any) -> None:
    assert not judge(*bound(expression), old_document=old).denied
    assert judge(*bound(f"!({expression})"), old_document=old).denied


def test_who_would_apply_it_is_who_is_said() -> None:
    expression = "request.userInfo.username == 'ann' && 'ops' in request.userInfo.groups"
    assert not judge(*bound(expression), user="ann", groups=("ops",)).denied
    assert judge(*bound(expression), user="ann", groups=()).denied


def test_a_policy_sees_what_defaults_fill_in() -> None:
    container = "object.spec.predictors[0].componentSpecs[0].spec"
    assert not judge(*bound(f"{container}.securityContext.runAsUser == 8888")).denied


def test_a_policy_sees_the_status_and_rules_do_not() -> None:
    document = minimal()
    document["status"] = {"state": "Available"}
    assert not judge(*bound("object.status.state == 'Available'"), document=document).denied


def test_what_policies_add_is_in_the_patch_and_is_judged() -> None:
    decision = judge(mutating_policy_text(ADD), *bound("object.metadata.labels.a == 'b'"))
    assert not decision.denied
    assert {"op": "add", "path": "/metadata/labels", "value": {"a": "b"}} in decision.patch
    assert len(decision.patch) == 2  # the user of the pod as well


@pytest.mark.parametrize(
    ("own", "more"),
    [(settings(mode="observe"), {}), (settings(), {"apply_defaults": False})],
    ids=["in mode observe", "at the validating webhook"],
)
def test_nothing_is_added_where_nothing_may_be(own: Any, more: Any) -> None:
    assert judge(mutating_policy_text(ADD), own=own, **more).patch == ()


def test_in_mode_observe_the_object_is_judged_with_what_policies_add() -> None:
    texts = mutating_policy_text(ADD), *bound("has(object.metadata.labels)")
    assert judge(*texts, own=settings(mode="observe")).denials == ()


def test_an_object_that_goes_is_not_changed() -> None:
    document = minimal()
    document["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    decision = judge(mutating_policy_text(ADD), *bound("false"), document=document)
    assert decision == Decision()
    decision = judge(
        mutating_policy_text(ADD), *bound("false"), document=document, old_document=minimal()
    )
    assert decision.denied


EXCEPTION = """\
apiVersion: graphgate.io/v1alpha1
kind: PolicyException
metadata: {name: legacy}
spec:
  reason: tracked
  expiresAt: "1970-01-01T00:01:00Z"
  match: {namespaces: [models], names: [iris]}
  exempt: {rules: [unknown-node-type]}
"""


def test_an_exception_takes_back_a_finding_until_it_ends() -> None:
    wrong = with_graph(type="FOO")
    decision = judge(EXCEPTION, document=wrong, now=59)
    assert (decision.denied, decision.warnings) == (False, ())
    (suppressed,) = decision.suppressed
    assert (suppressed.finding.rule_id, suppressed.action) == ("unknown-node-type", "deny")
    assert suppressed[2:] == ("legacy", "tracked", "1970-01-01T00:01:00Z")
    assert decision.patch != ()
    expired = judge(EXCEPTION, document=wrong, now=60)
    assert (expired.denied, expired.suppressed) == (True, ())
    (warning,) = expired.warnings
    assert (warning.rule_id, str(warning.path), warning.message, warning.remediation) == (
        "policy-exception",
        "(document)",
        'the exception "legacy" has expired and no longer exempts anything',
        "renew it or remove it",
    )


def test_a_denial_tells_of_suppressed_findings_too_each_at_a_place_that_there_is() -> None:
    other = EXCEPTION.replace("unknown-node-type", "missing-field")
    assert other != EXCEPTION
    wrong = with_graph(type="FOO", parameters=[{"name": "a", "type": "INT"}])
    decision = judge(other, document=wrong)
    assert [finding.rule_id for finding in decision.denials] == ["unknown-node-type"]
    (suppressed,) = decision.suppressed
    assert str(suppressed.finding.path) == "spec.predictors[0].graph.parameters[0]"


def test_an_exception_is_about_the_namespace_of_the_review() -> None:
    wrong = with_graph(type="FOO")
    assert judge(EXCEPTION, document=wrong, namespace="shop").denied
    wrong["metadata"]["namespace"] = "shop"
    assert judge(EXCEPTION, document=wrong).denied
    assert not judge(EXCEPTION, document=wrong, namespace="models").denied


@pytest.mark.parametrize("action", ["deny", "audit", "off"])
def test_the_notice_of_an_expired_exception_has_the_action_of_the_settings(action: str) -> None:
    own = settings(rules={"policy-exception": {"action": action}})
    decision = judge(EXCEPTION, document=with_graph(type="FOO"), now=60, own=own)
    found = {
        "deny": [f.rule_id for f in decision.denials],
        "audit": [f.rule_id for f in decision.audits],
        "warn": [f.rule_id for f in decision.warnings],
        "off": [],
    }
    assert ("policy-exception" in found[action]) is (action != "off")
    assert found["warn"] == []


def test_a_policy_that_crashes_hides_no_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any, **__: Any) -> Any:
        raise KeyError("a")

    monkeypatch.setattr("webhook.engine.policy_checks.evaluate_policies", crash)
    decision = judge(*bound("true"), document=with_graph(type="FOO"))
    assert [error.rule_id for error in decision.rule_errors] == ["policy"]
    assert [finding.rule_id for finding in decision.denials] == ["unknown-node-type"]


@pytest.mark.parametrize(
    ("count", "message"), [(1, "1 default is missing: "), (2, "2 defaults are missing: ")]
)
def test_defaults_that_are_missing_are_told_at_the_first(count: int, message: str) -> None:
    document = minimal()
    (predictor,) = document["spec"]["predictors"]
    document["spec"]["predictors"] = [
        {**predictor, "name": f"p{n}", "traffic": 100 if n == 0 else 0} for n in range(count)
    ]
    (warning,) = evaluate(document, settings(), NO_FACTS, apply_defaults=False).warnings
    assert warning.rule_id == "not-defaulted"
    assert warning.message == message + "the mutating webhook did not process this object"
    assert str(warning.path) == "spec.predictors[0].componentSpecs[0].spec"
    assert warning.remediation == ("check that the mutating webhook of graphgate is registered")


def test_nothing_is_missing_where_defaults_are_filled_in_at_rendering() -> None:
    own = settings(defaults={"applyAt": "render"})
    assert evaluate(minimal(), own, NO_FACTS, apply_defaults=False) == Decision()


def test_a_bound_that_is_exceeded_denies_whatever_the_policy_says() -> None:
    text = bound("lists.range(200000).all(n, n >= 0)", "[Warn]", spec="failurePolicy: Ignore")
    (finding,) = judge(*text).denials
    assert finding.rule_id == "policy/p"


@pytest.mark.parametrize(
    "field",
    ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"],
)
def test_what_the_api_server_writes_is_for_policies_only(field: str) -> None:
    document = minimal()
    document["metadata"][field] = {"wrong": "type"}
    assert evaluate(document, settings(), NO_FACTS).denials == ()
    assert judge(*bound(f"has(object.metadata.{field})"), document=document).denials == ()


@pytest.mark.parametrize(
    ("written", "given", "expected"),
    [
        ("models", None, "models"),
        ("models", "shop", "shop"),
        (None, "shop", "shop"),
        (None, "", "default"),
        (None, None, "default"),
    ],
)
def test_policies_are_asked_in_the_namespace_that_the_object_goes_to(
    written: str | None, given: str | None, expected: str
) -> None:
    document = minimal()
    document["metadata"]["namespace"] = written
    place = bound(f"request.namespace != '{expected}'")
    decision = judge(*place, document=document, namespace=given)
    assert [finding.message for finding in decision.denials] == ["wrong"]
