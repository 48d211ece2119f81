"""What a policy will be asked about, and what `lint` says of it."""

import pytest

from tests.policy.documents import binding_text, load_texts, policy_text
from webhook.policy import PolicySet
from webhook.policy.inventory import lint_notes, lint_policies

EXCEPTION = """\
apiVersion: graphgate.io/v1alpha1
kind: PolicyException
metadata: {name: legacy}
spec:
  reason: tracked
  expiresAt: "2026-01-01T00:00:00Z"
  exempt: {%s}
"""


def resources(*names: str, group: str = "machinelearning.seldon.io", extra: str = "") -> str:
    return (
        "  matchConstraints:\n"
        "    resourceRules:\n"
        f"    - {{apiGroups: ['{group}'], apiVersions: ['*'], operations: ['*'], "
        f"resources: [{', '.join(names)}]}}\n{extra}"
    )


def bound(match: str, expression: str = "'a' == 'a'", extra_spec: str = "") -> PolicySet:
    policies = load_texts(
        policy_text(
            f"- expression: >-\n    {expression}\n",
            match_constraints=match,
            annotations="graphgate.io/title: A title",
        ),
        binding_text(extra_spec=extra_spec),
    )
    assert policies.problems == ()
    return policies


def told(sentences: tuple[str, ...]) -> list[str]:
    return [sentence.partition(": ")[2].partition(": ")[2] for sentence in sentences]


@pytest.mark.parametrize(
    ("match", "asked"),
    [
        (resources("seldondeployments"), "seldondeployments"),
        (
            resources("seldondeployments", "seldondeployments/scale"),
            "seldondeployments, seldondeployments/scale",
        ),
        (resources("pods", group=""), "rendered pods"),
        (
            resources("deployments", "statefulsets", group="apps"),
            "rendered deployments.apps",
        ),
    ],
)
def test_lint_notes_say_what_a_policy_is_asked_about(match: str, asked: str) -> None:
    policies = bound(match)
    assert told(lint_notes(policies)) == [f"applies to {asked}"]
    assert lint_policies(policies) == ()


@pytest.mark.parametrize(
    "match",
    [
        resources("secrets", group=""),
        resources("seldondeployment"),
        resources("seldondeployments", group="machinelearning.seldon.com"),
        resources("seldondeployments/status"),
        resources("pods", group="apps"),
    ],
)
def test_a_policy_that_nothing_is_asked_of_is_a_warning(match: str) -> None:
    assert told(lint_policies(bound(match))) == ["matches no resource that graphgate evaluates"]
    assert lint_notes(bound(match)) == ()


def test_a_rule_that_excludes_all_leaves_nothing() -> None:
    extra = "    excludeResourceRules:\n" + resources("'*'").split("\n", 2)[2]
    match = resources("seldondeployments", extra=extra)
    assert told(lint_policies(bound(match))) == ["matches no resource that graphgate evaluates"]


def test_a_policy_of_replicas_that_kubectl_scale_passes_by_is_a_warning() -> None:
    for expression in (
        "object.spec.?replicas.orValue(1) <= 5",
        "!has(object.spec.replicas) || object.spec.replicas <= 5",
        "graph.replicas(object).all(r, r.replicas <= 5)",
    ):
        sentences = told(lint_policies(bound(resources("seldondeployments"), expression)))
        assert any("which kubectl scale can change" in sentence for sentence in sentences)


def test_a_policy_that_reads_more_than_a_scale_has_cannot_hold_there() -> None:
    both = resources("seldondeployments", "seldondeployments/scale")
    (sentence,) = told(
        lint_policies(bound(both, "object.spec.predictors.all(p, p.?replicas.orValue(1) <= 5)"))
    )
    assert sentence.startswith("kubectl scale sends a Scale, which has no object.spec.predictors")


@pytest.mark.parametrize(
    "expression",
    [
        "object.spec.?predictors.orValue([]).all(p, p.?replicas.orValue(1) <= 5)",
        "!has(object.spec.predictors) || object.spec.predictors.size() < 5",
        "object.spec.replicas <= 5 && object.metadata.name != 'a'",
        "oldObject == null || oldObject.spec.replicas <= object.spec.replicas",
    ],
)
def test_a_policy_that_does_without_can_hold(expression: str) -> None:
    both = resources("seldondeployments", "seldondeployments/scale")
    assert lint_policies(bound(both, expression)) == ()


def test_a_binding_by_labels_of_namespaces_needs_facts() -> None:
    selector = "matchResources: {namespaceSelector: {matchLabels: {%s: prod}}}"
    notes = told(lint_notes(bound(resources("pods", group=""), extra_spec=selector % "stage")))
    assert "selects namespaces by label: not evaluated without facts about them" in notes
    named = selector % "kubernetes.io/metadata.name"
    assert len(lint_notes(bound(resources("pods", group=""), extra_spec=named))) == 1


def test_a_policy_that_reads_the_user_is_not_decided_for_rendered_objects() -> None:
    notes = told(lint_notes(bound(resources("pods", group=""), "request.userInfo.username != 'a'")))
    assert "reads request.userInfo: not evaluated for rendered objects" in notes


def test_an_expired_exception_is_named_by_its_end() -> None:
    policies = load_texts(EXCEPTION % "rules: [traffic-not-100]")
    assert told(lint_policies(policies, "2025-12-31T23:59:59Z")) == []
    assert told(lint_policies(policies, "2026-01-01T00:00:00Z")) == [
        "expired at 2026-01-01T00:00:00Z, so it no longer exempts anything"
    ]


@pytest.mark.parametrize(
    ("exempt", "message"),
    [
        (
            "rules: [traffic-not-10]",
            'unknown rule "traffic-not-10"; did you mean "traffic-not-100"?',
        ),
        ("rules: [nothing-like-it*]", 'unknown rule "nothing-like-it*"'),
        ("podSecurity: [runAsNonRot]", 'unknown check "runAsNonRot"; did you mean "runAsNonRoot"?'),
    ],
)
def test_an_exception_from_what_is_not_there_is_an_error(exempt: str, message: str) -> None:
    (problem,) = load_texts(EXCEPTION % exempt).problems
    assert problem.message == message


@pytest.mark.parametrize(
    "exempt",
    [
        "rules: [traffic-not-100, pod-security/runAsNonRoot, 'traffic-*']",
        "podSecurity: ['run*', runAsNonRoot]",
        "rules: [policy-exception, yaml/duplicate-key]",
    ],
)
def test_an_exception_from_what_is_there_is_taken(exempt: str) -> None:
    assert load_texts(EXCEPTION % exempt).problems == ()


def test_an_exception_from_a_policy_that_is_not_here_is_a_warning() -> None:
    policy = bound(resources("seldondeployments"))
    assert policy.policies[0].name == "p"
    text = policy_text("- expression: 'true'\n", annotations="graphgate.io/title: t", name="limit")
    policies = load_texts(text, binding_text(policy="limit"), EXCEPTION % "policies: [limt/0]")
    assert told(lint_policies(policies)) == ['no policy "limt/0" here; did you mean "limit"?']
    for exempt in ("limit", "limit/0", "lim*", "limit/*"):
        policies = load_texts(
            text, binding_text(policy="limit"), EXCEPTION % f"policies: ['{exempt}']"
        )
        assert lint_policies(policies) == (), exempt
