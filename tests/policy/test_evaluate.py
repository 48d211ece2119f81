"""What validating policies say: places, messages, actions, matching, params, failures."""

# ruff: noqa: E501 — an expression or a policy is one line

from dataclasses import replace
from typing import Any

import pytest

from tests.policy.documents import RULES, binding, deployment, loaded, one, policy
from webhook.graph.facts import NOTHING_KNOWN, Facts, Namespace
from webhook.policy import (
    Evaluation,
    Limits,
    PolicySet,
    Request,
    evaluate,
    read_request,
    request_of,
)

CONTAINERS = (
    "object.spec.predictors.map(p, p.componentSpecs.map(c, c.spec.containers).flatten()).flatten()"
)
FIRST = "spec.predictors[0].componentSpecs[0].spec.containers[0]"
SECOND = "spec.predictors[0].componentSpecs[0].spec.containers[1]"


def judged(policies: PolicySet, value: Any = None, facts: Facts = NOTHING_KNOWN) -> Evaluation:
    request = value if isinstance(value, Request) else request_of(value or deployment())
    assert policies.problems == ()
    return evaluate(policies, request, facts)


def paths(policies: PolicySet, value: Any = None) -> list[str]:
    evaluation = judged(policies, value)
    assert evaluation.failures == ()
    return [str(found.finding.path) for found in evaluation.findings]


# --- places


@pytest.mark.parametrize(
    ("expression", "places"),
    [
        (
            "object.spec.predictors.all(p, p.componentSpecs.all(c, c.spec.containers.all(k, has(k.image))))",
            [f"{FIRST}.image", f"{SECOND}.image"],
        ),
        (f"{CONTAINERS}.all(k, has(k.image))", [f"{FIRST}.image", f"{SECOND}.image"]),
        (f"{CONTAINERS}.filter(k, k.name == 'c1').size() == 0", [SECOND]),
        (f"!{CONTAINERS}.exists(k, k.name == 'c1')", [f"{SECOND}.name"]),
        (f"{CONTAINERS}.all(k, k.name != 'c1' || has(k.image))", [f"{SECOND}.image"]),
        (f"{CONTAINERS}.all(k, !(has(k.name) && k.name == 'c0'))", [f"{FIRST}.name"]),
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
    policies = one(f'"{expression}"')
    assert paths(policies, deployment(2)) == places


def test_a_variable_is_looked_through() -> None:
    spec = (
        f"variables:\n- name: all\n  expression: {CONTAINERS}\n"
        "- name: bad\n  expression: variables.all.exists(k, k.name == 'c0')"
    )
    assert paths(one('"!variables.bad"', spec=spec), deployment(2)) == [f"{FIRST}.name"]


def test_an_annotation_says_the_place() -> None:
    """In either spelling, one or several, of one validation or of all."""
    for written in ("\"'/metadata/name'\"", "\"['metadata.name']\""):
        policies = one('"false"', annotations=f"graphgate.io/paths: {written}")
        assert paths(policies) == ["metadata.name"]
    both = loaded(
        policy(
            '- expression: "false"\n- expression: "false"\n',
            annotations="graphgate.io/paths: \"'spec'\"\ngraphgate.io/paths.1: \"'metadata'\"",
        ),
        binding(),
    )
    assert paths(both) == ["spec", "metadata"]


def test_ten_places_are_told_and_the_rest_counted() -> None:
    found = judged(one(f'"{CONTAINERS}.all(k, has(k.image))"'), deployment(13)).findings
    assert len(found) == 10
    assert found[-1].finding.fact.endswith("(and at 3 more places)")


def test_a_search_for_the_place_that_takes_too_long_ends_at_the_document() -> None:
    expression = "lists.range(40000).all(x, x < 39999)"
    evaluation = judged(one(f'"{expression} && {expression}"'))
    assert evaluation.failures == ()
    assert [str(found.finding.path) for found in evaluation.findings] == ["(document)"]


def test_a_deletion_is_judged_by_the_old_object() -> None:
    policies = one("\"oldObject.metadata.name != 'wines'\"")
    found = judged(policies, request_of(deployment(), "DELETE")).findings
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
    ],
)
def test_the_message_is_chosen_as_the_api_server_does(more: str, fact: str) -> None:
    text = policy(f"- expression: object.metadata.name == 'x'\n{more}")
    if "missing" in more:
        text = text.replace("object.metadata.missing", "string(object.metadata.missing)")
    (found,) = judged(loaded(text, binding())).findings
    assert found.finding.fact == fact


def test_annotations_give_remedy_and_fix() -> None:
    policies = one(
        '"has(object.metadata.labels)"',
        annotations=(
            "graphgate.io/remedy: add labels\n"
            'graphgate.io/fix: \'[JSONPatch{op: "add", path: "/metadata/labels", value: {}}]\''
        ),
    )
    (found,) = judged(policies).findings
    assert found.finding.remedy == "add labels"
    assert found.finding.fix == ({"op": "add", "path": "/metadata/labels", "value": {}},)


def test_every_failing_validation_of_every_policy_is_told() -> None:
    policies = loaded(
        policy(
            '- expression: "false"\n- expression: "true"\n- expression: "false"\n  reason: Forbidden\n'
        ),
        binding(),
        policy('- expression: "false"\n', name="q"),
        binding("c", policy="q", actions="[Warn, Audit]"),
    )
    told = [(f.finding.rule, f.action, f.reason) for f in judged(policies).findings]
    assert told == [
        ("policy/p/0", "deny", "Invalid"),
        ("policy/p/2", "deny", "Forbidden"),
        ("policy/q/0", "warn", "Invalid"),
    ]


def test_several_bindings_tell_a_finding_once_with_the_strongest_action() -> None:
    policies = loaded(
        policy('- expression: "false"\n'),
        binding("a", actions="[Audit]"),
        binding("b", actions="[Deny]"),
        binding("c", actions="[Warn]"),
    )
    assert [f.action for f in judged(policies).findings] == ["deny"]


def test_a_policy_without_a_binding_says_nothing() -> None:
    assert judged(loaded(policy('- expression: "false"\n'))) == Evaluation()


def test_audit_annotations_are_notes() -> None:
    spec = """\
    auditAnnotations:
    - {key: name, valueExpression: object.metadata.name + ''}
    - {key: empty, valueExpression: "''"}
    - {key: none, valueExpression: "null"}
    """
    policies = loaded(policy('- expression: "true"\n', spec=spec), binding())
    assert dict(judged(policies).notes) == {"p/name": "wines"}


# --- matching


def rules(**fields: str) -> str:
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
    policies = one('"false"', rules=rules(**fields))
    assert bool(judged(policies).findings) is applies


def test_a_subresource_is_chosen_by_name() -> None:
    request = replace(request_of(deployment()), subresource="status")
    for resources, applies in (
        ("[seldondeployments]", False),
        ("[seldondeployments/status]", True),
        ("['*/status']", True),
        ("['*']", False),
        ("['*/*']", True),
    ):
        policies = one('"false"', rules=rules(resources=resources))
        assert bool(judged(policies, request).findings) is applies


def test_exact_asks_for_the_version() -> None:
    text = rules(apiVersions="[v1alpha2]") + "    matchPolicy: Exact\n"
    assert judged(one('"false"', rules=text)).findings == ()


def test_excluded_rules_win() -> None:
    text = (
        rules()
        + "    excludeResourceRules:\n    - {apiGroups: ['*'], apiVersions: ['*'], operations: [CREATE], resources: ['*']}\n"
    )
    assert judged(one('"false"', rules=text)).findings == ()


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
    of_namespaces = one('"false"', rules=RULES + f"    namespaceSelector: {selector}\n")
    assert bool(judged(of_namespaces, None, facts).findings) is applies
    of_objects = one('"false"', rules=RULES + f"    objectSelector: {selector}\n")
    labelled = deployment(labels={"stage": "prod"})
    assert bool(judged(of_objects, labelled, facts).findings) is applies


def test_a_namespace_that_is_not_known_has_its_name_and_is_not_sure() -> None:
    rule = RULES + "    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: models}}\n"
    (found,) = judged(one('"false"', rules=rule)).findings
    assert found.finding.sure is False
    (found,) = judged(one("\"namespaceObject.metadata.name == 'x'\"")).findings
    assert found.finding.sure is False
    facts = Facts(namespaces={"models": Namespace()})
    (found,) = judged(one('"false"', rules=rule), None, facts).findings
    assert found.finding.sure is True


def test_match_conditions_let_pass() -> None:
    for condition, findings in (("true", 1), ("false", 0), ("object.metadata.name == 'wines'", 1)):
        spec = f'matchConditions: [{{name: c, expression: "{condition}"}}]'
        assert len(judged(one('"false"', spec=spec)).findings) == findings


def test_a_match_condition_that_is_false_hides_the_error_of_another() -> None:
    bad = '{name: a, expression: "object.missing == 1"}'
    spec = f'matchConditions: [{bad}, {{name: b, expression: "false"}}]'
    assert judged(one('"false"', spec=spec)) == Evaluation()
    (failure,) = judged(one('"false"', spec=f"matchConditions: [{bad}]")).failures
    assert (failure.rule, failure.error) == ("policy/p", "matchConditions: no such key: missing")


# --- parameters


CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {0}, namespace: {1}, labels: {{use: yes-please}}}}\ndata: {{most: '{2}'}}\n"
WITH_PARAMS = policy(
    "- expression: object.spec.predictors.size() > int(params.data.most)\n  messageExpression: \"'not above ' + params.data.most\"\n",
    spec="paramKind: {apiVersion: v1, kind: ConfigMap}",
)


def with_params(reference: str) -> list[str]:
    policies = loaded(
        WITH_PARAMS,
        binding(more=f"paramRef: {reference}"),
        CONFIG.format("a", "models", 5),
        CONFIG.format("b", "models", 7),
        CONFIG.format("a", "system", 9),
    )
    evaluation = judged(policies)
    return [f.finding.fact for f in evaluation.findings] + [
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
            ['no ConfigMap "z" is there for the binding b (deny)'],
        ),
    ],
)
def test_parameters_are_chosen_by_name_or_label(reference: str, said: list[str]) -> None:
    assert with_params(reference) == said


# --- failures


def test_an_error_goes_the_way_of_failure_policy() -> None:
    for failure_policy, action in (("Fail", "deny"), ("Ignore", None)):
        policies = one('"object.missing == 1"', spec=f"failurePolicy: {failure_policy}")
        evaluation = judged(policies)
        assert evaluation.findings == ()
        (failure,) = evaluation.failures
        assert (failure.rule, failure.error, failure.action) == (
            "policy/p/0",
            "no such key: missing",
            action,
        )


def test_an_error_is_no_stronger_than_the_binding() -> None:
    policies = loaded(policy('- expression: "object.missing == 1"\n'), binding(actions="[Warn]"))
    assert [f.action for f in judged(policies).failures] == ["warn"]


def test_a_runaway_policy_ends_and_the_others_answer() -> None:
    loop = "lists.range(10000).all(x, lists.range(10000).all(y, x >= 0))"
    policies = loaded(
        policy(f'- expression: "{loop}"\n', name="a"),
        binding("a", policy="a"),
        policy('- expression: "false"\n'),
        binding(),
    )
    evaluation = judged(policies)
    assert [f.finding.rule for f in evaluation.findings] == ["policy/p/0"]
    assert [(f.rule, f.error) for f in evaluation.failures] == [
        ("policy/a", "it takes more than 100,000 steps")
    ]


def test_when_time_is_up_what_is_slow_is_named_and_what_is_quick_answers() -> None:
    loop = "lists.range(200).all(x, lists.range(200).all(y, x >= 0))"
    policies = loaded(
        policy(f'- expression: "{loop}"\n', name="a"),
        binding("a", policy="a"),
        policy('- expression: "false"\n'),
        binding(),
        policy(f'- expression: "{loop}"\n', name="z"),
        binding("z", policy="z"),
    )
    request, up = request_of(deployment()), Limits(expired=lambda: True)
    evaluation = evaluate(policies, request, NOTHING_KNOWN, up)
    assert [f.finding.rule for f in evaluation.findings] == ["policy/p/0"]
    assert [(f.rule, f.error, f.action) for f in evaluation.failures] == [
        ("policy/a", "the time for this review is up", "deny"),
        ("policy/z", "the time for this review is up", "deny"),
    ]
    assert evaluate(policies, request, NOTHING_KNOWN).failures == ()


@pytest.mark.parametrize("value", [None, 1, "text", [], {}, {"metadata": 1}, {"spec": []}])
def test_any_object_is_survived(value: Any) -> None:
    policies = one(f'"{CONTAINERS}.all(k, has(k.image))"')
    evaluation = evaluate(policies, request_of(value), NOTHING_KNOWN)
    assert evaluation == Evaluation() or evaluation.failures


def test_a_deep_object_is_survived() -> None:
    deep: Any = {}
    for _ in range(1000):
        deep = {"a": deep}
    value = deployment()
    value["deep"] = deep
    evaluation = judged(one('"object.deep == object.deep && false"'), value)
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
        "object": deployment(),
        "oldObject": deployment(2),
        "userInfo": {"username": "ann"},
        "dryRun": True,
    }
    policies = one(
        "\"!(request.operation == 'UPDATE' && request.userInfo.username == 'ann' && request.dryRun"
        " && request.kind.kind == 'SeldonDeployment' && !has(request.subResource)"
        ' && oldObject.spec.predictors[0].componentSpecs[0].spec.containers.size() == 2)"',
        rules=rules(resources="[seldondeployments]"),
    )
    evaluation = judged(policies, read_request(raw))
    assert [f.finding.rule for f in evaluation.findings] == ["policy/p/0"]


@pytest.mark.parametrize("raw", [None, 1, [], {}, {"object": 1, "kind": [], "userInfo": 7}])
def test_any_review_is_read(raw: Any) -> None:
    assert isinstance(read_request(raw), Request)


# --- graph functions


def test_graph_functions_see_the_whole_graph() -> None:
    value = deployment()
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
        policies = one(f'"{expression}"')
        assert judged(policies, value) == Evaluation(), expression
        assert [p.portable for p in policies.policies] == [False]


def test_graph_functions_need_no_pods_and_take_a_forgotten_dash() -> None:
    value = deployment()
    predictor = value["spec"]["predictors"][0]
    predictor["graph"] = {"name": "a", "children": {"name": "b", "children": [{"name": "c0"}]}}
    paths = "['spec.predictors[0].graph', 'spec.predictors[0].graph.children', " + (
        "'spec.predictors[0].graph.children.children[0]']"
    )
    policies = one(f'"graph.nodes(object).map(n, n.path) == {paths}"')
    assert judged(policies, value) == Evaluation()
    # Beside its pod in componentSpecs, a graph is read as well.
    del predictor["graph"]
    predictor["componentSpecs"].append({"graph": {"name": "c0"}})
    policies = one("\"graph.nodes(object).map(n, n.name) == ['c0']\"")
    assert judged(policies, value) == Evaluation()
