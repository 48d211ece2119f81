"""What a policy will be asked about, and what `lint` says of it."""

import pytest

from tests.policy.documents import binding_text, load_texts, policy_text
from tests.policy.test_mutator import ADD, mutating_policy_text
from webhook.policy import PolicySet
from webhook.policy.inventory import PolicyRow, lint_notes, lint_policies, list_policies

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
    policies = load_texts(text, binding_text(policy="limit"), EXCEPTION % "policies: [limt/1234]")
    (sentence,) = lint_policies(policies)
    line = policies.exceptions[0].line
    assert sentence.startswith(f"policy.yaml:{line}: legacy: no policy")
    assert sentence.endswith('; did you mean "limit"?')
    policies = load_texts(text, binding_text(policy="limit"), EXCEPTION % "policies: [zebra]")
    assert told(lint_policies(policies)) == ['no policy "zebra" here']
    for exempt in ("limit", "limit/0", "lim*", "limit/*"):
        policies = load_texts(
            text, binding_text(policy="limit"), EXCEPTION % f"policies: ['{exempt}']"
        )
        assert lint_policies(policies) == (), exempt


def test_a_policy_of_one_version_is_asked_about_each_that_is_equivalent() -> None:
    for version, asked in (("v1", True), ("v1alpha2", True), ("v7", False)):
        match = resources("seldondeployments").replace(
            "apiVersions: ['*']", f"apiVersions: [{version}]"
        )
        assert bool(lint_notes(bound(match))) is asked, version
    exact = resources("seldondeployments", extra="    matchPolicy: Exact\n")
    for version, asked in (("v1alpha3", True), ("v2", False)):
        match = exact.replace("apiVersions: ['*']", f"apiVersions: [{version}]")
        assert bool(lint_notes(bound(match))) is asked, version


@pytest.mark.parametrize(
    ("group", "name", "version", "asked"),
    [
        ("", "pods", "v1", "rendered pods"),
        ("apps", "deployments", "v1", "rendered deployments.apps"),
        ("", "services", "v1", "rendered services"),
        (
            "autoscaling",
            "horizontalpodautoscalers",
            "v2",
            "rendered horizontalpodautoscalers.autoscaling",
        ),
        ("keda.sh", "scaledobjects", "v1alpha1", "rendered scaledobjects.keda.sh"),
        ("policy", "poddisruptionbudgets", "v1", "rendered poddisruptionbudgets.policy"),
    ],
)
def test_each_rendered_kind_is_asked_about_in_its_version(
    group: str, name: str, version: str, asked: str
) -> None:
    match = resources(name, group=group)
    for written, sentences in ((version, [f"applies to {asked}"]), ("v9", [])):
        policies = bound(match.replace("apiVersions: ['*']", f"apiVersions: [{written}]"))
        assert told(lint_notes(policies)) == sentences


@pytest.mark.parametrize(
    ("operations", "stored", "rendered"),
    [
        ("CREATE", True, True),
        ("UPDATE", True, False),
        ("DELETE", False, False),
        ("CONNECT", False, False),
    ],
)
def test_graphgate_asks_with_creations_and_updates(
    operations: str, *, stored: bool, rendered: bool
) -> None:
    for match, asked in (
        (resources("seldondeployments"), stored),
        (resources("pods", group=""), rendered),
    ):
        policies = bound(match.replace("operations: ['*']", f"operations: [{operations}]"))
        assert bool(lint_notes(policies)) is asked


@pytest.mark.parametrize(("scope", "is_asked"), [("Namespaced", True), ("Cluster", False)])
@pytest.mark.parametrize("seen", ["seldondeployments", "pods"])
def test_all_that_graphgate_asks_about_has_a_namespace(
    seen: str, scope: str, is_asked: bool
) -> None:
    match = resources(seen, group="" if seen == "pods" else "machinelearning.seldon.io")
    policies = bound(match.replace("operations:", f"scope: {scope}, operations:"))
    assert bool(lint_notes(policies)) is is_asked


def test_a_rule_that_excludes_names_leaves_the_others() -> None:
    extra = "    excludeResourceRules:\n" + resources("'*'").split("\n", 2)[2].replace(
        "apiGroups", "resourceNames: [a], apiGroups"
    )
    match = resources("seldondeployments", extra=extra)
    assert told(lint_notes(bound(match))) == ["applies to seldondeployments"]


@pytest.mark.parametrize(
    ("resource", "warnings"),
    [("pods", []), ("secrets", ["matches no resource that graphgate evaluates"])],
)
def test_a_policy_may_be_switched_off_for_rendered_objects_if_it_is_about_them(
    resource: str, warnings: list[str]
) -> None:
    policies = load_texts(
        policy_text(
            "- expression: 'true'\n",
            match_constraints=resources(resource, group=""),
            annotations="graphgate.io/title: t\ngraphgate.io/rendered: 'off'",
        ),
        binding_text(),
    )
    assert told(lint_policies(policies)) == warnings
    assert lint_notes(policies) == ()


def test_all_that_is_odd_about_a_policy_is_said() -> None:
    policies = load_texts(
        policy_text(
            "- expression: graph.nodes(object).size() < 9 && object.spec.replica > 1\n",
            match_constraints=resources("seldondeployments"),
        ),
        file="a.yaml",
    )
    found = lint_policies(policies)
    assert [sentence.partition(": ")[0] for sentence in found] == [
        "a.yaml:1",
        "a.yaml:1",
        found[2].partition(": ")[0],
        "a.yaml:1",
    ]
    assert "no binding refers to it" in found[0]
    assert "it uses graph functions" in found[1]
    assert "undefined field 'replica'" in found[2]
    assert "the annotation graphgate.io/title is missing" in found[3]


def test_a_table_has_a_row_for_each_policy() -> None:
    annotations = (
        "graphgate.io/title: A title\ngraphgate.io/severity: high\ngraphgate.io/category: c"
    )
    policies = load_texts(
        policy_text("- expression: 'true'\n", name="b", annotations=annotations),
        policy_text("- expression: graph.nodes(object).size() < 9\n", name="a"),
        binding_text("second", policy="b", actions="[Deny, Audit]"),
        binding_text("first", policy="b", actions="[Warn]"),
        mutating_policy_text(ADD),
        file="a.yaml",
    )
    kind = "AdmissionPolicy"
    assert list_policies(policies) == (
        PolicyRow("a", f"Validating{kind}", "", "", "", (), "-", "a.yaml", 20),
        PolicyRow(
            "b",
            f"Validating{kind}",
            "A title",
            "high",
            "c",
            ("first: warn", "second: deny, audit"),
            "1.30",
            "a.yaml",
            1,
        ),
        PolicyRow("m", f"Mutating{kind}", "", "", "", ("m",), "1.36", "a.yaml", 51),
    )
