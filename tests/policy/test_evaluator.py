"""What validating policies say: places, messages, actions, matching, params, failures."""

# ruff: noqa: E501 — an expression or a policy is one line

from typing import Any

import pytest

from tests.policy.documents import (
    MATCH_CONSTRAINTS,
    binding_text,
    load_texts,
    make_deployment,
    policy_text,
    single_validation_policy,
)
from webhook.cel.activation import DEADLINE_EXCEEDED
from webhook.engine.evaluate import evaluate
from webhook.engine.policy_context import PolicyContext
from webhook.graph.cluster_facts import NO_FACTS, Facts, Namespace
from webhook.policy import (
    AdmissionRequest,
    Evaluation,
    EvaluationLimits,
    PolicySet,
    apply_request,
    evaluate_policies,
    read_request,
)
from webhook.policy.evaluator import PolicyEvaluator
from webhook.settings.model import read_settings

CONTAINERS = (
    "object.spec.predictors.map(p, p.componentSpecs.map(c, c.spec.containers).flatten()).flatten()"
)
FIRST_CONTAINER = "spec.predictors[0].componentSpecs[0].spec.containers[0]"
SECOND_CONTAINER = "spec.predictors[0].componentSpecs[0].spec.containers[1]"


def evaluate_valid_policies(
    policies: PolicySet, value: Any = None, facts: Facts = NO_FACTS
) -> Evaluation:
    request = (
        value if isinstance(value, AdmissionRequest) else apply_request(value or make_deployment())
    )
    assert policies.problems == ()
    return evaluate_policies(policies, request, facts)


def finding_paths(policies: PolicySet, value: Any = None) -> list[str]:
    evaluation = evaluate_valid_policies(policies, value)
    assert evaluation.failures == ()
    return [str(found.finding.path) for found in evaluation.findings]


# --- places


@pytest.mark.parametrize(
    ("expression", "places"),
    [
        (
            "object.spec.predictors.all(p, p.componentSpecs.all(c, c.spec.containers.all(k, has(k.image))))",
            [f"{FIRST_CONTAINER}.image", f"{SECOND_CONTAINER}.image"],
        ),
        (
            f"{CONTAINERS}.all(k, has(k.image))",
            [f"{FIRST_CONTAINER}.image", f"{SECOND_CONTAINER}.image"],
        ),
        (f"{CONTAINERS}.filter(k, k.name == 'c1').size() == 0", [SECOND_CONTAINER]),
        (f"!{CONTAINERS}.exists(k, k.name == 'c1')", [f"{SECOND_CONTAINER}.name"]),
        (f"{CONTAINERS}.all(k, k.name != 'c1' || has(k.image))", [f"{SECOND_CONTAINER}.image"]),
        (
            "has(object.spec.os) && object.spec.os == 'w' || "
            f"{CONTAINERS}.all(k, !has(k.image) && k.name == 'c0')",
            [f"{SECOND_CONTAINER}.name"],
        ),
        (
            "['Pod', 'SeldonDeployment'].all(kind, object.kind != kind) || "
            f"{CONTAINERS}.all(k, has(k.image))",
            [f"{FIRST_CONTAINER}.image", f"{SECOND_CONTAINER}.image"],
        ),
        (f"{CONTAINERS}.all(k, !(has(k.name) && k.name == 'c0'))", [f"{FIRST_CONTAINER}.name"]),
        ("has(object.metadata.labels)", ["metadata.labels"]),
        (
            "object.metadata.name == 'x' && object.metadata.namespace == 'y'",
            ["metadata.name", "metadata.namespace"],
        ),
        ("object.metadata.?labels.team.hasValue()", ["metadata.labels.team"]),
        (
            "object.spec.predictors.all(p, p.?replicas.orValue(1) > 1)",
            ["spec.predictors[0].replicas"],
        ),
        ("object.spec.predictors[0].name == 'x'", ["spec.predictors[0].name"]),
        ("object.spec.predictors.size() == 2", ["spec.predictors"]),
        ("object.spec.predictors.all(i, p, i > 0)", ["spec.predictors[0]"]),
        ("object.metadata.all(k, k == 'name')", ["metadata.namespace"]),
        ("object.spec.predictors.exists(p, p.name == 'x')", ["spec.predictors"]),
        ("['a', 'b'].exists(w, object.metadata.name.startsWith(w))", ["metadata.name"]),
        ("true ? object.metadata.name == 'x' : true", ["metadata.name"]),
        ("request.operation == 'DELETE'", ["(document)"]),
        ("false", ["(document)"]),
    ],
)
def test_a_finding_points_at_what_made_it_false(expression: str, places: list[str]) -> None:
    policies = single_validation_policy(f'"{expression}"')
    assert finding_paths(policies, make_deployment(2)) == places


def test_a_variable_is_looked_through() -> None:
    spec = (
        f"variables:\n- name: all\n  expression: {CONTAINERS}\n"
        "- name: bad\n  expression: variables.all.exists(k, k.name == 'c0')"
    )
    assert finding_paths(
        single_validation_policy('"!variables.bad"', spec=spec), make_deployment(2)
    ) == [f"{FIRST_CONTAINER}.name"]


def test_an_annotation_says_the_place() -> None:
    """In either spelling, one or several, of one validation or of all."""
    for written in ("\"'/metadata/name'\"", "\"['metadata.name']\""):
        policies = single_validation_policy(
            '"false"', annotations=f"graphgate.io/finding-paths: {written}"
        )
        assert finding_paths(policies) == ["metadata.name"]
    both = load_texts(
        policy_text(
            '- expression: "false"\n- expression: "false"\n',
            annotations="graphgate.io/finding-paths: \"'spec'\"\ngraphgate.io/finding-paths.1: \"'metadata'\"",
        ),
        binding_text(),
    )
    assert finding_paths(both) == ["spec", "metadata"]


def test_ten_paths_are_reported_and_the_rest_counted() -> None:
    found = evaluate_valid_policies(
        single_validation_policy(f'"{CONTAINERS}.all(k, has(k.image))"'), make_deployment(13)
    ).findings
    assert len(found) == 10
    assert found[-1].finding.message.endswith("(and at 3 more places)")


def test_ten_paths_are_all_that_there_are() -> None:
    found = evaluate_valid_policies(
        single_validation_policy(f'"{CONTAINERS}.all(k, has(k.image))"'), make_deployment(10)
    ).findings
    assert len(found) == 10
    assert {f.finding.message for f in found} == {found[0].finding.message}
    assert "more" not in found[0].finding.message


def test_an_object_that_is_nested_too_deep_is_told_in_words() -> None:
    evaluator = PolicyEvaluator(
        load_texts(), apply_request(make_deployment()), NO_FACTS, EvaluationLimits(), None
    )
    error = RecursionError("maximum recursion depth exceeded")
    assert evaluator.describe_error(error) == "nested too deeply"
    assert evaluator.describe_error(KeyError("a")) == "KeyError: 'a'"


@pytest.mark.parametrize(("is_over", "said"), [(True, DEADLINE_EXCEEDED), (False, "KeyError: 'a'")])
def test_what_the_end_of_the_time_brings_about_is_told_as_that(is_over: bool, said: str) -> None:
    limits = EvaluationLimits(deadline_exceeded=lambda: is_over)
    evaluator = PolicyEvaluator(
        load_texts(), apply_request(make_deployment()), NO_FACTS, limits, None
    )
    assert evaluator.describe_error(KeyError("a")) == said


def test_a_search_for_the_place_that_takes_too_long_ends_at_the_document() -> None:
    expression = "lists.range(40000).all(x, x < 39999)"
    evaluation = evaluate_valid_policies(
        single_validation_policy(f'"{expression} && {expression}"')
    )
    assert evaluation.failures == ()
    assert [str(found.finding.path) for found in evaluation.findings] == ["(document)"]


def test_a_deletion_is_evaluated_by_the_old_object() -> None:
    policies = single_validation_policy("\"oldObject.metadata.name != 'wines'\"")
    found = evaluate_valid_policies(policies, apply_request(make_deployment(), "DELETE")).findings
    assert [str(f.finding.path) for f in found] == ["(document)"]


# --- what it says


@pytest.mark.parametrize(
    ("more", "fact"),
    [
        ("", "failed expression: object.metadata.name == 'x'"),
        ("  message: a fact\n", "a fact"),
        (
            "  message: a fact\n  messageExpression: \"'name is ' + object.metadata.name\"\n",
            "name is wines",
        ),
        ('  message: a fact\n  messageExpression: "object.metadata.missing"\n', "a fact"),
        ("  message: a fact\n  messageExpression: \"'two' + '\\\\nlines'\"\n", "a fact"),
        ("  message: a fact\n  messageExpression: \"' '\"\n", "a fact"),
        (
            '  message: a fact\n  messageExpression: "false ? google.protobuf.StringValue{} : null"\n',
            "a fact",
        ),
    ],
)
def test_the_message_is_chosen_as_the_api_server_does(more: str, fact: str) -> None:
    text = policy_text(f"- expression: object.metadata.name == 'x'\n{more}")
    if "missing" in more:
        text = text.replace("object.metadata.missing", "string(object.metadata.missing)")
    (found,) = evaluate_valid_policies(load_texts(text, binding_text())).findings
    assert found.finding.message == fact


@pytest.mark.parametrize(
    ("text", "is_said"), [("é" * 2560, True), ("é" * 2560 + "e", False), ("e" * 2561, True)]
)
def test_a_message_has_five_kibibytes_at_most(text: str, is_said: bool) -> None:
    policies = load_texts(
        policy_text(
            "- expression: 'false'\n  message: a fact\n"
            "  messageExpression: string(object.metadata.annotations.text)\n"
        ),
        binding_text(),
    )
    value = make_deployment(annotations={"text": text})
    (found,) = evaluate_valid_policies(policies, value).findings
    assert found.finding.message == (text if is_said else "a fact")


def test_annotations_give_remediation_and_fix() -> None:
    policies = single_validation_policy(
        '"has(object.metadata.labels)"',
        annotations=(
            "graphgate.io/remediation: add labels\n"
            'graphgate.io/suggested-fix: \'[JSONPatch{op: "add", path: "/metadata/labels", value: {}}]\''
        ),
    )
    (found,) = evaluate_valid_policies(policies).findings
    assert found.finding.remediation == "add labels"
    assert found.finding.fix == ({"op": "add", "path": "/metadata/labels", "value": {}},)


def test_a_validation_may_have_a_remediation_of_its_own() -> None:
    annotations = "graphgate.io/remediation: add labels\ngraphgate.io/remediation.1: write fewer"
    policies = load_texts(
        policy_text("- expression: 'false'\n" * 3, annotations=annotations), binding_text()
    )
    found = evaluate_valid_policies(policies).findings
    assert [each.finding.remediation for each in found] == [
        "add labels",
        "write fewer",
        "add labels",
    ]


def test_every_failing_validation_of_every_policy_is_reported() -> None:
    policies = load_texts(
        policy_text(
            '- expression: "false"\n- expression: "true"\n- expression: "false"\n  reason: Forbidden\n'
        ),
        binding_text(),
        policy_text('- expression: "false"\n', name="q"),
        binding_text("c", policy="q", actions="[Warn, Audit]"),
    )
    told = [
        (f.finding.rule_id, f.action, f.reason) for f in evaluate_valid_policies(policies).findings
    ]
    assert told == [
        ("policy/p/0", "deny", "Invalid"),
        ("policy/p/2", "deny", "Forbidden"),
        ("policy/q/0", "warn", "Invalid"),
    ]


def test_several_bindings_tell_a_finding_once_with_the_strongest_action() -> None:
    policies = load_texts(
        policy_text('- expression: "false"\n'),
        binding_text("a", actions="[Audit]"),
        binding_text("b", actions="[Deny]"),
        binding_text("c", actions="[Warn]"),
    )
    assert [f.action for f in evaluate_valid_policies(policies).findings] == ["deny"]


def test_a_policy_without_a_binding_says_nothing() -> None:
    assert (
        evaluate_valid_policies(load_texts(policy_text('- expression: "false"\n'))) == Evaluation()
    )


def test_audit_annotations_are_notes() -> None:
    spec = """\
    auditAnnotations:
    - {key: name, valueExpression: object.metadata.name + ''}
    - {key: empty, valueExpression: "''"}
    - {key: none, valueExpression: "null"}
    """
    policies = load_texts(policy_text('- expression: "true"\n', spec=spec), binding_text())
    assert dict(evaluate_valid_policies(policies).audit_annotations) == {"p/name": "wines"}


# --- matching


def match_constraints_text(**fields: str) -> str:
    named = {
        "apiGroups": "['*']",
        "apiVersions": "['*']",
        "operations": "['*']",
        "resources": "['*']",
        **fields,
    }
    return (
        "  matchConstraints:\n    resourceRules:\n    - {"
        + ", ".join(f"{key}: {value}" for key, value in named.items())
        + "}\n"
    )


@pytest.mark.parametrize(
    ("fields", "applies"),
    [
        ({}, True),
        ({"operations": "[CREATE]"}, True),
        ({"operations": "[UPDATE]"}, False),
        ({"resources": "[seldondeployments]"}, True),
        ({"resources": "[pods, seldondeployments/*]"}, False),
        ({"resources": "['*/*']"}, True),
        ({"apiGroups": "[apps]"}, False),
        ({"apiVersions": "[v1alpha2]"}, True),
        ({"apiVersions": "[v7]"}, False),
        ({"scope": "Namespaced"}, True),
        ({"scope": "Cluster"}, False),
        ({"resourceNames": "[wines]"}, True),
        ({"resourceNames": "[beers]"}, False),
    ],
)
def test_resource_rules_choose_requests(fields: dict[str, str], applies: bool) -> None:
    policies = single_validation_policy(
        '"false"', match_constraints=match_constraints_text(**fields)
    )
    assert bool(evaluate_valid_policies(policies).findings) is applies


@pytest.mark.parametrize(
    ("scope", "namespaced", "of_the_cluster"),
    [("Namespaced", True, False), ("Cluster", False, True), ("'*'", True, True)],
)
def test_a_scope_is_that_of_the_request(scope: str, namespaced: bool, of_the_cluster: bool) -> None:
    policies = single_validation_policy(
        '"false"', match_constraints=match_constraints_text(scope=scope)
    )
    request = apply_request(make_deployment())
    assert request.namespace == "models"
    for asked, applies in ((request, namespaced), (request._replace(namespace=""), of_the_cluster)):
        assert bool(evaluate_valid_policies(policies, asked).findings) is applies


def test_a_subresource_is_chosen_by_name() -> None:
    request = apply_request(make_deployment())._replace(subresource="status")
    for resources, applies in (
        ("[seldondeployments]", False),
        ("[seldondeployments/status]", True),
        ("['*/status']", True),
        ("['*']", False),
        ("['*/*']", True),
    ):
        policies = single_validation_policy(
            '"false"', match_constraints=match_constraints_text(resources=resources)
        )
        assert bool(evaluate_valid_policies(policies, request).findings) is applies


def test_exact_asks_for_the_version() -> None:
    text = match_constraints_text(apiVersions="[v1alpha2]") + "    matchPolicy: Exact\n"
    assert (
        evaluate_valid_policies(
            single_validation_policy('"false"', match_constraints=text)
        ).findings
        == ()
    )


@pytest.mark.parametrize("asked", ["v1", "v1alpha2", "v1alpha3"])
@pytest.mark.parametrize("written", ["v1", "v1alpha2", "v1alpha3"])
def test_every_version_of_a_seldondeployment_is_equivalent(asked: str, written: str) -> None:
    request = apply_request(make_deployment())._replace(version=asked)
    text = match_constraints_text(apiVersions=f"[{written}]")
    policies = single_validation_policy('"false"', match_constraints=text)
    assert evaluate_valid_policies(policies, request).findings != ()


@pytest.mark.parametrize("operation", ["UPDATE", "DELETE"])
def test_rules_that_exclude_something_else_exclude_nothing(operation: str) -> None:
    text = (
        match_constraints_text() + "    excludeResourceRules:\n    - {apiGroups: ['*'], "
        f"apiVersions: ['*'], operations: [{operation}], resources: ['*']}}\n"
    )
    policies = single_validation_policy('"false"', match_constraints=text)
    assert evaluate_valid_policies(policies).findings != ()


def test_excluded_rules_win() -> None:
    text = (
        match_constraints_text()
        + "    excludeResourceRules:\n    - {apiGroups: ['*'], apiVersions: ['*'], operations: [CREATE], resources: ['*']}\n"
    )
    assert (
        evaluate_valid_policies(
            single_validation_policy('"false"', match_constraints=text)
        ).findings
        == ()
    )


@pytest.mark.parametrize(
    ("selector", "applies"),
    [
        ("{matchLabels: {stage: prod}}", True),
        ("{matchLabels: {stage: test}}", False),
        ("{matchExpressions: [{key: stage, operator: In, values: [prod]}]}", True),
        ("{matchExpressions: [{key: stage, operator: NotIn, values: [prod]}]}", False),
        ("{matchExpressions: [{key: team, operator: NotIn, values: [prod]}]}", True),
        ("{matchExpressions: [{key: stage, operator: Exists}]}", True),
        ("{matchExpressions: [{key: stage, operator: DoesNotExist}]}", False),
    ],
)
def test_selectors_choose_namespaces_and_objects(selector: str, applies: bool) -> None:
    facts = Facts(namespaces={"models": Namespace({"stage": "prod"})})
    of_namespaces = single_validation_policy(
        '"false"', match_constraints=MATCH_CONSTRAINTS + f"    namespaceSelector: {selector}\n"
    )
    assert bool(evaluate_valid_policies(of_namespaces, None, facts).findings) is applies
    of_objects = single_validation_policy(
        '"false"', match_constraints=MATCH_CONSTRAINTS + f"    objectSelector: {selector}\n"
    )
    labelled = make_deployment(labels={"stage": "prod"})
    assert bool(evaluate_valid_policies(of_objects, labelled, facts).findings) is applies


@pytest.mark.parametrize(
    ("old", "new", "applies"),
    [("prod", "prod", True), ("prod", "test", True), ("test", "prod", True), ("test", "a", False)],
)
def test_an_update_is_chosen_by_the_labels_before_or_after(
    old: str, new: str, applies: bool
) -> None:
    """Otherwise whoever takes the label away would be rid of the policy."""
    selector = "    objectSelector: {matchLabels: {stage: prod}}\n"
    policies = single_validation_policy('"false"', match_constraints=MATCH_CONSTRAINTS + selector)
    updated = make_deployment(labels={"stage": new})
    request = apply_request(updated, "UPDATE", make_deployment(labels={"stage": old}))
    assert bool(evaluate_valid_policies(policies, request).findings) is applies


def test_a_namespace_that_is_not_known_has_its_name_and_is_not_sure() -> None:
    rule = (
        MATCH_CONSTRAINTS
        + "    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: models}}\n"
    )
    (found,) = evaluate_valid_policies(
        single_validation_policy('"false"', match_constraints=rule)
    ).findings
    assert found.finding.certain is False
    (found,) = evaluate_valid_policies(
        single_validation_policy("\"namespaceObject.metadata.name == 'x'\"")
    ).findings
    assert found.finding.certain is False
    facts = Facts(namespaces={"models": Namespace()})
    (found,) = evaluate_valid_policies(
        single_validation_policy('"false"', match_constraints=rule), None, facts
    ).findings
    assert found.finding.certain is True


def test_match_conditions_let_pass() -> None:
    for condition, findings in (("true", 1), ("false", 0), ("object.metadata.name == 'wines'", 1)):
        spec = f'matchConditions: [{{name: c, expression: "{condition}"}}]'
        assert (
            len(evaluate_valid_policies(single_validation_policy('"false"', spec=spec)).findings)
            == findings
        )


def test_a_match_condition_that_is_false_hides_the_error_of_another() -> None:
    bad = '{name: a, expression: "object.missing == 1"}'
    spec = f'matchConditions: [{bad}, {{name: b, expression: "false"}}]'
    assert evaluate_valid_policies(single_validation_policy('"false"', spec=spec)) == Evaluation()
    (failure,) = evaluate_valid_policies(
        single_validation_policy('"false"', spec=f"matchConditions: [{bad}]")
    ).failures
    assert (failure.rule_id, failure.error) == ("policy/p", "matchConditions: no such key: missing")


# --- parameters


CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {0}, namespace: {1}, labels: {{use: yes-please}}}}\ndata: {{most: '{2}'}}\n"
WITH_PARAMS = policy_text(
    "- expression: object.spec.predictors.size() > int(params.data.most)\n  messageExpression: \"'not above ' + params.data.most\"\n",
    spec="paramKind: {apiVersion: v1, kind: ConfigMap}",
)


def messages_with_params(reference: str) -> list[str]:
    policies = load_texts(
        WITH_PARAMS,
        binding_text(extra_spec=f"paramRef: {reference}"),
        CONFIG_MAP.format("a", "models", 5),
        CONFIG_MAP.format("b", "models", 7),
        CONFIG_MAP.format("a", "system", 9),
    )
    evaluation = evaluate_valid_policies(policies)
    return [f.finding.message for f in evaluation.findings] + [
        f"{f.error} ({f.action})" for f in evaluation.failures
    ]


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("{name: a, parameterNotFoundAction: Deny}", ["not above 5"]),
        ("{name: a, namespace: system, parameterNotFoundAction: Deny}", ["not above 9"]),
        (
            "{selector: {matchLabels: {use: yes-please}}, parameterNotFoundAction: Deny}",
            ["not above 5", "not above 7"],
        ),
        ("{name: z, parameterNotFoundAction: Allow}", []),
        (
            "{name: z, parameterNotFoundAction: Deny}",
            ['no ConfigMap "z" found for the binding b (deny)'],
        ),
        (
            "{selector: {matchLabels: {use: no-thanks}}, parameterNotFoundAction: Deny}",
            ["no ConfigMap of the selector's labels found for the binding b (deny)"],
        ),
        ("{selector: {matchLabels: {use: no-thanks}}, parameterNotFoundAction: Allow}", []),
        ("{selector: {}, namespace: system, parameterNotFoundAction: Deny}", ["not above 9"]),
    ],
)
def test_parameters_are_chosen_by_name_or_label(reference: str, said: list[str]) -> None:
    assert messages_with_params(reference) == said


def test_a_policy_that_names_no_kind_gets_no_parameters() -> None:
    policies = load_texts(
        policy_text("- expression: 'false'"),
        binding_text(extra_spec="paramRef: {name: a, parameterNotFoundAction: Deny}"),
        CONFIG_MAP.format("a", "models", 5),
    )
    assert len(evaluate_valid_policies(policies).findings) == 1


# --- failures


def test_an_error_goes_the_way_of_failure_policy() -> None:
    for failure_policy, action in (("Fail", "deny"), ("Ignore", None)):
        policies = single_validation_policy(
            '"object.missing == 1"', spec=f"failurePolicy: {failure_policy}"
        )
        evaluation = evaluate_valid_policies(policies)
        assert evaluation.findings == ()
        (failure,) = evaluation.failures
        assert (failure.rule_id, failure.error, failure.action) == (
            "policy/p/0",
            "no such key: missing",
            action,
        )


def test_an_error_is_no_stronger_than_the_binding() -> None:
    policies = load_texts(
        policy_text('- expression: "object.missing == 1"\n'), binding_text(actions="[Warn]")
    )
    assert [f.action for f in evaluate_valid_policies(policies).failures] == ["warn"]


def test_a_runaway_policy_ends_and_the_others_answer() -> None:
    loop = "lists.range(10000).all(x, lists.range(10000).all(y, x >= 0))"
    policies = load_texts(
        policy_text(f'- expression: "{loop}"\n', name="a"),
        binding_text("a", policy="a"),
        policy_text('- expression: "false"\n'),
        binding_text(),
    )
    evaluation = evaluate_valid_policies(policies)
    assert [f.finding.rule_id for f in evaluation.findings] == ["policy/p/0"]
    assert [(f.rule_id, f.error) for f in evaluation.failures] == [
        ("policy/a", "it takes more than 100,000 steps")
    ]


def test_when_time_is_up_what_is_slow_is_named_and_what_is_quick_answers() -> None:
    loop = "lists.range(200).all(x, lists.range(200).all(y, x >= 0))"
    policies = load_texts(
        policy_text(f'- expression: "{loop}"\n', name="a"),
        binding_text("a", policy="a"),
        policy_text('- expression: "false"\n'),
        binding_text(),
        policy_text(f'- expression: "{loop}"\n', name="z"),
        binding_text("z", policy="z"),
    )
    request, up = apply_request(make_deployment()), EvaluationLimits(deadline_exceeded=lambda: True)
    evaluation = evaluate_policies(policies, request, NO_FACTS, up)
    assert [f.finding.rule_id for f in evaluation.findings] == ["policy/p/0"]
    assert [(f.rule_id, f.error, f.action) for f in evaluation.failures] == [
        ("policy/a", "the time limit of this review is exceeded", "deny"),
        ("policy/z", "the time limit of this review is exceeded", "deny"),
    ]
    assert evaluate_policies(policies, request, NO_FACTS).failures == ()


@pytest.mark.parametrize("value", [None, 1, "text", [], {}, {"metadata": 1}, {"spec": []}])
def test_any_object_is_survived(value: Any) -> None:
    policies = single_validation_policy(f'"{CONTAINERS}.all(k, has(k.image))"')
    evaluation = evaluate_policies(policies, apply_request(value), NO_FACTS)
    assert evaluation == Evaluation() or evaluation.failures


def test_a_deep_object_is_survived() -> None:
    deep: Any = {}
    for _ in range(1000):
        deep = {"a": deep}
    value = make_deployment()
    value["deep"] = deep
    evaluation = evaluate_valid_policies(
        single_validation_policy('"object.deep == object.deep && false"'), value
    )
    assert len(evaluation.findings) + len(evaluation.failures) == 1


# --- requests


def test_a_request_is_read_from_a_review() -> None:
    raw = {
        "uid": "1",
        "operation": "UPDATE",
        "resource": {
            "group": "machinelearning.seldon.io",
            "version": "v1",
            "resource": "seldondeployments",
        },
        "kind": {"group": "machinelearning.seldon.io", "version": "v1", "kind": "SeldonDeployment"},
        "namespace": "models",
        "name": "wines",
        "object": make_deployment(),
        "oldObject": make_deployment(2),
        "userInfo": {"username": "ann"},
        "dryRun": True,
    }
    policies = single_validation_policy(
        "\"!(request.operation == 'UPDATE' && request.userInfo.username == 'ann' && request.dryRun"
        " && request.kind.kind == 'SeldonDeployment' && !has(request.subResource)"
        ' && oldObject.spec.predictors[0].componentSpecs[0].spec.containers.size() == 2)"',
        match_constraints=match_constraints_text(resources="[seldondeployments]"),
    )
    evaluation = evaluate_valid_policies(policies, read_request(raw))
    assert [f.finding.rule_id for f in evaluation.findings] == ["policy/p/0"]


@pytest.mark.parametrize("raw", [None, 1, [], {}, {"object": 1, "kind": [], "userInfo": 7}])
def test_any_review_is_read(raw: Any) -> None:
    assert isinstance(read_request(raw), AdmissionRequest)


# --- graph functions


def test_graph_functions_see_the_whole_graph() -> None:
    value = make_deployment()
    value["spec"]["predictors"][0]["graph"] = {
        "name": "a",
        "type": "COMBINER",
        "children": [{"name": "b"}, {"name": "c", "children": [{"name": "c0"}]}],
    }
    value["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["securityContext"] = {
        "runAsUser": 7
    }
    for expression in (
        "graph.nodes(object).map(n, n.name) == ['a', 'b', 'c', 'c0']",
        "graph.nodes(object).map(n, n.depth) == [1, 2, 2, 3]",
        "graph.nodes(object)[3].path == 'spec.predictors[0].graph.children[1].children[0]'",
        "graph.nodes(object)[0].children == ['b', 'c'] && graph.nodes(object)[0].predictor == 'main'",
        "graph.leaves(object).map(n, n.name) == ['b', 'c0']",
        "graph.parents(object, 'c0').map(n, n.name) == ['c']",
        "graph.containers(object, 'c0').map(k, k.name) == ['c0']",
        "graph.securityContexts(object).all(s, s.runAsUser == 7 && s.container == 'c0')",
    ):
        policies = single_validation_policy(f'"{expression}"')
        assert evaluate_valid_policies(policies, value) == Evaluation(), expression
        assert [p.portable for p in policies.policies] == [False]


def test_graph_functions_need_no_pods_and_take_a_forgotten_dash() -> None:
    value = make_deployment()
    predictor = value["spec"]["predictors"][0]
    predictor["graph"] = {"name": "a", "children": {"name": "b", "children": [{"name": "c0"}]}}
    paths = "['spec.predictors[0].graph', 'spec.predictors[0].graph.children', " + (
        "'spec.predictors[0].graph.children.children[0]']"
    )
    policies = single_validation_policy(f'"graph.nodes(object).map(n, n.path) == {paths}"')
    assert evaluate_valid_policies(policies, value) == Evaluation()
    # Beside its pod in componentSpecs, a graph is read as well.
    del predictor["graph"]
    predictor["componentSpecs"].append({"graph": {"name": "c0"}})
    policies = single_validation_policy("\"graph.nodes(object).map(n, n.name) == ['c0']\"")
    assert evaluate_valid_policies(policies, value) == Evaluation()


EXPENSIVE = (
    "lists.range(3000).map(n, {'a': n}).distinct().size() > 0",
    "sets.equivalent(lists.range(2000).map(n, [n]), lists.range(2000).map(n, [n]))",
    "lists.range(2000).all(n, lists.range(2000).map(m, [m]) != [[n]])",
    "lists.range(500).all(n, [n] in lists.range(500).map(m, [m]))",
    "lists.range(9223372036854775807).size() > 0",
    "lists.range(20000).all(n, object.metadata.annotations.long.matches('x(a+)+$') == false)",
    "lists.range(20000).all(n, object.metadata.annotations.long.split('a').size() > 0)",
    "lists.range(50000).all(n, graph.nodes(object).size() > 0)",
    "lists.range(60000).map(n, -n).sort()[0] < 0",
    "lists.range(2000).all(n, [lists.range(5000).map(m, 'x')].indexOf(['y']) < n)",
)


@pytest.mark.parametrize("expression", EXPENSIVE)
def test_what_is_too_expensive_is_named_and_the_others_are_asked(expression: str) -> None:
    policies = load_texts(
        policy_text(f'- expression: "{expression}"', name="a"),
        binding_text("a", policy="a"),
        policy_text("- expression: object.metadata.name != 'wines'", name="b"),
        binding_text("b", policy="b"),
    )
    document = make_deployment(annotations={"long": "a" * 100_000})
    found = evaluate_policies(policies, apply_request(document), NO_FACTS)
    assert [f.finding.rule_id for f in found.findings] == ["policy/b/0"]
    (failure,) = found.failures
    assert (failure.rule_id, failure.error[:18]) == ("policy/a", "it takes more than")


def test_a_bound_is_never_ignored() -> None:
    """Whoever makes an object large enough would pass: the API server evaluates it to its end."""
    policies = single_validation_policy(
        '"lists.range(200000).all(n, n >= 0)"', spec="failurePolicy: Ignore"
    )
    (failure,) = evaluate_valid_policies(policies).failures
    assert (failure.action, failure.exceeded) == (None, True)
    decision = evaluate(
        make_deployment(), read_settings(), NO_FACTS, policy_context=PolicyContext(policies, 0)
    )
    assert "policy/p" in [found.rule_id for found in decision.denials]


def test_many_expensive_policies_leave_steps_to_the_last() -> None:
    names = [f"a{n}" for n in range(12)]
    loop = "lists.range(200).all(n, lists.range(200).all(m, n + m >= 0))"
    texts = [
        text
        for name in names
        for text in (
            policy_text(f"- expression: {loop}", name=name),
            binding_text(name, policy=name),
        )
    ]
    last = policy_text("- expression: object.metadata.name != 'wines'", name="z")
    policies = load_texts(*texts, last, binding_text("z", policy="z"))
    found = evaluate_policies(policies, apply_request(make_deployment()), NO_FACTS)
    assert [f.finding.rule_id for f in found.findings] == ["policy/z/0"]
    assert len(found.failures) > 0
    assert {failure.rule_id for failure in found.failures} < {f"policy/{name}" for name in names}


@pytest.mark.parametrize("action", ["Deny", "Warn", "Audit"])
def test_a_finding_has_the_action_of_its_binding(action: str) -> None:
    policies = load_texts(
        policy_text('- expression: "false"\n'), binding_text(actions=f"[{action}]")
    )
    assert [f.action for f in evaluate_valid_policies(policies).findings] == [action.lower()]


def test_an_audit_annotation_that_fails_is_a_failure_that_names_it() -> None:
    spec = """\
    auditAnnotations:
    - {key: bad, valueExpression: "string(object.missing)"}
    - {key: name, valueExpression: "' ' + object.metadata.name"}
    """
    policies = load_texts(policy_text('- expression: "true"\n', spec=spec), binding_text())
    evaluation = evaluate_valid_policies(policies)
    assert dict(evaluation.audit_annotations) == {"p/name": "wines"}
    assert [(f.rule_id, f.error, f.action) for f in evaluation.failures] == [
        ("policy/p", "bad: no such key: missing", "deny")
    ]


@pytest.mark.parametrize(
    "fix",
    [
        "object.missing",
        "'text'",
        "[1]",
        '[{"op": dyn(1), "path": dyn("/a")}]',
        '[{"op": "remove"}]',
        '[{"op": "remove", "path": "/a"}, {}]',
    ],
)
def test_what_is_no_patch_is_no_fix(fix: str) -> None:
    text = f"graphgate.io/suggested-fix: |-\n  dyn({fix})"
    (found,) = evaluate_valid_policies(
        single_validation_policy('"false"', annotations=text)
    ).findings
    assert found.finding.fix == ()


def test_only_the_first_place_has_the_fix() -> None:
    text = 'graphgate.io/suggested-fix: \'[JSONPatch{op: "remove", path: "/spec"}]\''
    first, second = evaluate_valid_policies(
        single_validation_policy(f'"{CONTAINERS}.all(k, has(k.image))"', annotations=text),
        make_deployment(2),
    ).findings
    assert first.finding.fix == ({"op": "remove", "path": "/spec"},)
    assert second.finding.fix == ()


@pytest.mark.parametrize("paths", ["object.missing", "'not a place'", "[]"])
def test_a_place_that_cannot_be_computed_is_found_as_without_it(paths: str) -> None:
    text = f'graphgate.io/finding-paths: "{paths}"'
    policies = single_validation_policy("object.metadata.name == 'x'", annotations=text)
    assert finding_paths(policies) == ["metadata.name"]


def test_the_places_beyond_the_tenth_are_evidence() -> None:
    found = evaluate_valid_policies(
        single_validation_policy(f'"{CONTAINERS}.all(k, has(k.image))"'), make_deployment(12)
    ).findings
    assert [len(each.finding.evidence) for each in found] == [0] * 9 + [3]
    assert str(found[-1].finding.evidence[-1]).endswith(".containers[11].image")


def test_each_parameter_object_is_asked_although_another_fails() -> None:
    policies = load_texts(
        WITH_PARAMS,
        binding_text(
            extra_spec="paramRef: {selector: {}, parameterNotFoundAction: Deny}",
        ),
        CONFIG_MAP.format("a", "models", "none"),
        CONFIG_MAP.format("b", "models", 7),
    )
    evaluation = evaluate_valid_policies(policies)
    assert [f.finding.message for f in evaluation.findings] == ["not above 7"]
    assert len(evaluation.failures) == 1


def test_bindings_that_choose_the_same_parameters_are_one_invocation() -> None:
    by_name = "paramRef: {name: a, parameterNotFoundAction: Deny}"
    by_label = "paramRef: {selector: {}, parameterNotFoundAction: Deny}"
    policies = load_texts(
        WITH_PARAMS,
        binding_text("b", actions="[Warn]", extra_spec=by_name),
        binding_text("c", extra_spec=by_label),
        CONFIG_MAP.format("a", "models", 5),
    )
    found = evaluate_valid_policies(policies).findings
    assert [(f.finding.message, f.action) for f in found] == [("not above 5", "deny")]


def test_a_binding_that_is_about_other_objects_does_not_count() -> None:
    selector = "matchResources: {objectSelector: {matchLabels: {team: wine}}}"
    policies = load_texts(
        policy_text('- expression: "false"\n'),
        binding_text("a", extra_spec=selector),
        binding_text("b", actions="[Warn]"),
    )
    assert [f.action for f in evaluate_valid_policies(policies).findings] == ["warn"]


def test_spec_and_status_of_the_namespace_are_there_always() -> None:
    expression = "!has(namespaceObject.spec.finalizers) && !has(namespaceObject.status.phase)"
    facts = Facts(namespaces={"models": Namespace()})
    policies = single_validation_policy(f"'{expression}'")
    assert evaluate_valid_policies(policies, None, facts) == Evaluation()


def test_match_conditions_see_no_namespace_and_validations_do() -> None:
    policies = single_validation_policy(
        "namespaceObject.metadata.labels.stage != 'prod'",
        spec="matchConditions: [{name: c, expression: namespaceObject == null}]",
    )
    facts = Facts(namespaces={"models": Namespace({"stage": "prod"})})
    assert len(evaluate_valid_policies(policies, None, facts).findings) == 1


def test_a_request_without_a_namespace_has_no_namespace_object() -> None:
    policies = single_validation_policy("namespaceObject == null")
    request = apply_request(make_deployment(), namespace="")
    assert evaluate_valid_policies(policies, request) == Evaluation()
    assert len(evaluate_valid_policies(policies).findings) == 1


@pytest.mark.parametrize("failure_policy", ["Fail", "Ignore"])
def test_an_error_of_a_match_condition_goes_the_way_of_failure_policy(failure_policy: str) -> None:
    spec = (
        f"failurePolicy: {failure_policy}\n"
        "matchConditions: [{name: c, expression: object.missing == 1}]"
    )
    policies = load_texts(
        policy_text("- expression: 'false'", spec=spec), binding_text(actions="[Warn]")
    )
    (failure,) = evaluate_valid_policies(policies).failures
    assert (failure.action, failure.exceeded) == (
        ("warn", False) if failure_policy == "Fail" else (None, False)
    )


def test_what_expressions_give_is_told_to_who_observes() -> None:
    seen: list[tuple[str, str, bool]] = []
    policies = load_texts(
        policy_text(
            "- expression: 'true'\n- expression: 'false'\n",
            spec="matchConditions: [{name: c, expression: 'true'}]",
        ),
        binding_text(),
    )
    request = apply_request(make_deployment())

    evaluate_policies(policies, request, NO_FACTS, observer=lambda *what: seen.append(what))

    assert seen == [
        ("p", "spec.matchConditions[0].expression", True),
        ("p", "spec.validations[0].expression", True),
        ("p", "spec.validations[1].expression", False),
    ]
