"""Loading: what is wrong is named with its place, and the rest works."""

# ruff: noqa: E501 — an expression or a policy is one line

from typing import Any

import pytest

from tests.policy.documents import (
    MATCH_CONSTRAINTS,
    binding_text,
    load_texts,
    make_deployment,
    policy_text,
)
from webhook.graph.cluster_facts import NO_FACTS
from webhook.policy import PolicyProblem, apply_request, evaluate_policies, load_policy_set
from webhook.policy.compiler import compile_policy
from webhook.policy.sources import SourceObject

GOOD = policy_text("- expression: object.metadata.name != 'bad'\n")


def problem_messages(*texts: str) -> list[str]:
    return [str(problem) for problem in load_texts(*texts).problems]


def test_a_broken_policy_does_not_hide_the_others() -> None:
    broken = policy_text("- expression: object.foo()\n", name="broken")
    policies = load_texts(GOOD, binding_text(), broken)
    assert [p.name for p in policies.policies] == ["p"]
    assert [str(p) for p in policies.problems] == [
        "policy.yaml:37:27: broken: undeclared reference to 'foo'"
    ]
    found = evaluate_policies(
        policies, apply_request(make_deployment(name="bad")), NO_FACTS
    ).findings
    assert [f.finding.rule_id for f in found] == ["policy/p/0"]


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("- expression: object.foo()", "14:27"),
        ('- expression: "object.foo()"', "14:28"),
        ("- expression: 'object[''a''].foo()'", "14:35"),
        ("- expression: |\n    true &&\n      object.foo()", "16:19"),
        ("- expression: |-  # why\n    object.foo()", "15:17"),
        ("- expression: >-\n    true &&\n    object.foo()", "16:17"),
        ("- expression: true &&\n    object.foo()", "15:17"),
        ('- expression: "true &&\\n object.foo()"', "14:38"),
        ('- expression: "true \\u0026\\x26 object.foo() && true || true"', "14:44"),
        ('- expression: "true \\U00000026\\U00000026 object.foo() && true"', "14:54"),
        ('- expression: "object.foo() && true || object.name == \\"a long text\\""', "14:28"),
    ],
)
def test_a_mistake_is_placed_in_the_file(written: str, place: str) -> None:
    """Whatever way YAML has to write the expression."""
    assert problem_messages(policy_text(written)) == [
        f"policy.yaml:{place}: p: undeclared reference to 'foo'"
    ]


FIELDS = """\
    request: name namespace operation dryRun options subResource requestSubResource kind.group
    request: kind.version kind.kind resource.group resource.version resource.resource
    request: requestKind.group requestKind.version requestKind.kind requestResource.group
    request: requestResource.version requestResource.resource userInfo.username userInfo.uid
    request: userInfo.groups userInfo.extra
    namespaceObject: metadata.name metadata.generateName metadata.namespace metadata.labels
    namespaceObject: metadata.annotations metadata.UID metadata.creationTimestamp
    namespaceObject: metadata.deletionGracePeriodSeconds metadata.deletionTimestamp
    namespaceObject: metadata.generation metadata.resourceVersion metadata.finalizers
    namespaceObject: spec.finalizers status.phase status.conditions[0].status
    namespaceObject: status.conditions[0].type status.conditions[0].lastTransitionTime
    namespaceObject: status.conditions[0].message status.conditions[0].reason
"""
"""What Kubernetes documents of AdmissionRequest and of a Namespace for CEL."""


@pytest.mark.parametrize(
    "read",
    [
        f"{line.split(':')[0].strip()}.{field}"
        for line in FIELDS.splitlines()
        for field in line.split(":")[1].split()
    ],
)
def test_a_field_of_request_and_namespace_is_known_and_no_other(read: str) -> None:
    assert problem_messages(policy_text(f"- expression: dyn({read}) != 1\n")) == []
    (problem,) = problem_messages(policy_text(f"- expression: dyn({read}x) != 1\n"))
    assert "undefined field" in problem


@pytest.mark.parametrize("field", ["apiGroups", "apiVersions", "operations", "resources"])
def test_a_rule_of_resources_is_whole(field: str) -> None:
    lines = MATCH_CONSTRAINTS.replace("    - apiGroups", "    -\n      apiGroups").splitlines()
    kept = "".join(f"{line}\n" for line in lines if not line.strip().startswith(field))
    problems = load_texts(policy_text("- expression: 'true'\n", match_constraints=kept)).problems
    assert [problem.message for problem in problems] == [f"{field} is missing"]


@pytest.mark.parametrize("mode", ["deny", "warn", "off"])
def test_an_annotation_says_what_a_finding_in_rendered_objects_does(mode: str) -> None:
    text = policy_text("- expression: 'true'\n", annotations=f"graphgate.io/rendered: '{mode}'")
    policies = load_texts(text)
    assert ([p.on_rendered for p in policies.policies], policies.problems) == ([mode], ())


def test_all_mistakes_of_a_policy_are_reported_at_once() -> None:
    written = """\
    - expression: object.foo()
    - expression: "'text'"
    - expression: "true"
      messageExpression: "1"
    - expression: request.operaton == 'CREATE'
    """
    assert [p.message for p in load_texts(policy_text(written)).problems] == [
        "undeclared reference to 'foo'",
        "expression must be of type bool, got string",
        "messageExpression must be of type string, got int",
        "undefined field 'operaton'; did you mean \"operation\"?",
    ]


def test_the_authorizer_is_refused_by_name() -> None:
    assert problem_messages(
        policy_text("- expression: authorizer.group('').resource('pods').check('get').allowed()\n")
    ) == [
        "policy.yaml:14:17: p: authorizer is not supported: only the API server knows what a user "
        "may do"
    ]


def test_a_mutation_has_the_expression_of_its_patch_type() -> None:
    text = (
        "apiVersion: admissionregistration.k8s.io/v1\n"
        "kind: MutatingAdmissionPolicy\n"
        "metadata: {name: m}\n"
        f"spec:\n{MATCH_CONSTRAINTS}  reinvocationPolicy: Never\n"
        "  mutations:\n"
        "  - patchType: ApplyConfiguration\n"
        "    jsonPatch: {expression: '[]'}\n"
    )
    assert [p.message for p in load_texts(text).problems] == [
        "applyConfiguration.expression is missing",
        "jsonPatch is not allowed with patchType ApplyConfiguration",
    ]


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        (policy_text("- {}"), ["expression is required"]),
        (
            policy_text("- {expresion: 'true'}"),
            ['unknown field "expresion"; did you mean "expression"?'],
        ),
        (
            policy_text(
                "- {expression: object.nme, colour: red, shape: round}\n- expression: 1",
                spec="failurePolicy: Maybe\nvariables: [{name: a-b, expression: '1'}]",
            ).replace("operations", "operation"),
            [
                'unknown field "operation"; did you mean "operations"?',
                'invalid failurePolicy "Maybe"; expected Fail or Ignore',
                '"a-b" is not a CEL identifier',
                'unknown field "colour"',
                'unknown field "shape"',
                "spec.validations[1].expression must be of type string",
            ],
        ),
        (
            policy_text("- expression: object.nme ==", spec="failurePolicy: Maybe"),
            [
                'invalid failurePolicy "Maybe"; expected Fail or Ignore',
                "unexpected end of the expression",
            ],
        ),
        (
            policy_text("- expression: 'true'", spec="failurePolicy: Maybe"),
            ['invalid failurePolicy "Maybe"; expected Fail or Ignore'],
        ),
        (policy_text("- expression: 1"), ["spec.validations[0].expression must be of type string"]),
        (
            policy_text("- expression: 'true'", match_constraints=""),
            ["matchConstraints.resourceRules is missing"],
        ),
        (
            policy_text(
                "- expression: variables.a",
                spec="variables: [{name: a, expression: 'true'}, {name: a, expression: 'true'}]",
            ),
            ['duplicate variable "a"'],
        ),
        (
            policy_text(
                "- expression: variables.b",
                spec="variables: [{name: a, expression: variables.b}, {name: b, expression: 'true'}]",
            ),
            ["undefined field 'b'; a variable can only be used after its definition"],
        ),
        (
            policy_text("- expression: params.a == 1"),
            ["undeclared reference to 'params'; the policy has no paramKind"],
        ),
        (
            policy_text(
                "- expression: 'true'", spec="matchConditions: [{name: 'a b', expression: 'true'}]"
            ),
            [
                "name \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
            ],
        ),
        (GOOD.replace("/v1", "/v2", 1), ["unsupported apiVersion v2; expected v1 or v1beta1"]),
        (
            binding_text(actions="[Deny, Warn]") + "---\n" + GOOD,
            ["Deny and Warn are not allowed together: every message would appear twice"],
        ),
        (
            binding_text(policy="q") + "---\n" + GOOD,
            ['policyName is "q", but no ValidatingAdmissionPolicy has that name'],
        ),
        (
            binding_text(
                extra_spec="paramRef: {name: a, selector: {}, parameterNotFoundAction: Deny}"
            )
            + "---\n"
            + GOOD,
            ["paramRef requires either name or selector"],
        ),
        (
            binding_text(extra_spec="paramRef: {name: a}") + "---\n" + GOOD,
            ["paramRef.parameterNotFoundAction is missing; allowed: Allow, Deny"],
        ),
        (
            binding_text(
                extra_spec="matchResources: {objectSelector: {matchExpressions: [{key: a, operator: Is}]}}"
            )
            + "---\n"
            + GOOD,
            ['invalid operator "Is"; expected In, NotIn, Exists or DoesNotExist'],
        ),
        (GOOD + "---\n" + GOOD, ['duplicate ValidatingAdmissionPolicy "p"']),
    ],
)
def test_it_is_reported_what_is_wrong(text: str, facts: list[str]) -> None:
    found = [problem.message for problem in load_texts(text).problems]
    assert found == facts


def test_matchconditions_see_no_variables() -> None:
    text = policy_text(
        "- expression: variables.a",
        spec="variables: [{name: a, expression: 'true'}]\nmatchConditions: [{name: c, expression: variables.a}]",
    )
    assert [p.message for p in load_texts(text).problems] == [
        "undeclared reference to 'variables'; variables are not available in matchConditions"
    ]


@pytest.mark.parametrize("value", [None, 1, [], "text", {}, {"kind": "ValidatingAdmissionPolicy"}])
def test_any_value_is_survived(value: object) -> None:
    assert load_policy_set([SourceObject("f", value)]).policies == ()


@pytest.mark.parametrize("spec", [None, 1, [], {}, {"validations": None}, {"matchConstraints": 1}])
@pytest.mark.parametrize(
    "kind",
    [
        "ValidatingAdmissionPolicy",
        "MutatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "MutatingAdmissionPolicyBinding",
    ],
)
def test_a_policy_of_any_spec_is_named(kind: str, spec: object) -> None:
    value = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": "x"},
        "spec": spec,
    }
    policies = load_policy_set([SourceObject(f"cluster:{kind}/x", value)])
    assert policies.policies == ()
    assert {p.name for p in policies.problems} == {"x"}
    places = {(p.file, p.line, p.column) for p in policies.problems}
    assert places == {(f"cluster:{kind}/x", 0, 0)}


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("- expression: object.a &&", "14:27"),
        ('- expression: "object.a &&"', "14:28"),
        ("- expression: 'object.a && '", "14:28"),
        ("- expression: |\n    object.a &&\n", "15:17"),
    ],
)
def test_what_is_missing_at_the_end_is_placed_at_the_last_character(
    written: str, place: str
) -> None:
    (message,) = problem_messages(policy_text(written))
    assert message.startswith(f"policy.yaml:{place}: p: ")


@pytest.mark.parametrize(
    ("spec", "validation", "issue"),
    [
        ("matchConditions: [1]", "", "spec.matchConditions[0] must be of type object"),
        ("matchConditions: [{name: c}]", "", "expression is required"),
        (
            "auditAnnotations: [{key: 1, valueExpression: \"'a'\"}]",
            "",
            "spec.auditAnnotations[0].key must be of type string",
        ),
        ("failurePolicy: 1", "", "spec.failurePolicy must be of type string"),
        ("", "- expression: true", "spec.validations[1].expression must be of type string"),
        ("", "- message: a", "expression is required"),
        ("", "- a", "spec.validations[1] must be of type object"),
    ],
)
def test_expressions_are_checked_though_the_shape_is_wrong_elsewhere(
    spec: str, validation: str, issue: str
) -> None:
    text = policy_text(f"- expression: object.foo()\n{validation}", spec=spec)
    assert {problem.message for problem in load_texts(text).problems} == {
        issue,
        "undeclared reference to 'foo'",
    }


def test_a_patch_of_no_known_type_hides_no_other_mistake() -> None:
    mutations = (
        "  mutations:\n"
        "  - {patchType: Merge, jsonPatch: {expression: '[]'}}\n"
        "  - {patchType: ApplyConfiguration, applyConfiguration: {expression: 'object.foo()'}}\n"
    )
    text = (
        "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingAdmissionPolicy\n"
        f"metadata: {{name: m}}\nspec:\n{MATCH_CONSTRAINTS}  reinvocationPolicy: Never\n{mutations}"
    )
    assert [problem.message for problem in load_texts(text).problems] == [
        'invalid patchType "Merge"; expected JSONPatch or ApplyConfiguration',
        "undeclared reference to 'foo'",
    ]


def test_nothing_is_said_of_a_variable_that_cannot_be_read() -> None:
    text = policy_text(
        "- expression: variables.most == 1 && variables.other == 1",
        spec="variables: [{name: most, expresion: '1'}, {name: other, expression: '1'}]",
    )
    assert [problem.message for problem in load_texts(text).problems] == [
        'unknown field "expresion"; did you mean "expression"?'
    ]


@pytest.mark.parametrize(
    ("kind", "hint"), [("Validating", '; did you mean "limits"?'), ("Mutating", "")]
)
def test_a_binding_of_no_policy_gets_the_nearest_name_of_its_kind(kind: str, hint: str) -> None:
    policy = policy_text("- expression: 'true'", name="limits")
    binding = binding_text(policy="limit").replace("Validating", kind)
    if kind == "Mutating":
        binding = binding.replace("  validationActions: [Deny]\n", "")
    (problem,) = load_texts(policy, binding).problems
    message = f'policyName is "limit", but no {kind}AdmissionPolicy has that name{hint}'
    assert (problem.message, problem.policy_missing) == (message, True)


def test_a_problem_is_told_with_as_much_of_its_place_as_is_known() -> None:
    assert str(PolicyProblem("a.yaml", 3, 5, "p", "wrong")) == "a.yaml:3:5: p: wrong"
    assert str(PolicyProblem("cluster:x", 0, 0, "", "wrong")) == "cluster:x: wrong"


def test_the_version_is_of_what_is_meant() -> None:
    """Order, comments and what the API server adds change nothing; a text does."""
    version = load_texts(GOOD, binding_text()).version
    assert len(version) == 12
    assert load_texts(binding_text(), "# a comment\n" + GOOD).version == version
    stored = [s.value for s in _sources(GOOD, binding_text())]
    turned = [dict(reversed(value.items())) for value in stored]
    assert load_policy_set(SourceObject("f", value) for value in turned).version == version
    for value in stored:
        value["metadata"] = {
            **value["metadata"],
            "uid": "1",
            "resourceVersion": "7",
            "generation": 2,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "managedFields": [{"manager": "kubectl"}],
        }
        value["status"] = {"observedGeneration": 2}
    assert load_policy_set(SourceObject("stored", value) for value in stored).version == version
    assert load_texts(GOOD.replace("'bad'", "'worse'"), binding_text()).version != version
    assert load_texts("").version == ""


def _sources(*texts: str) -> tuple[SourceObject, ...]:
    from webhook import yamldoc
    from webhook.policy import objects_from_file

    return objects_from_file("f", yamldoc.read("---\n".join(texts)))


@pytest.mark.parametrize("key", ["1.5", "null", "[1]", "{}", "duration('1s')", "quantity('1')"])
def test_a_map_may_have_keys_of_any_kind(key: str) -> None:
    """Kubernetes takes them; they ended `policies lint` and kept the server from being ready."""
    text = policy_text(
        "- expression: variables.m.size() == 1",
        spec=f"variables: [{{name: m, expression: \"{{{key}: 'a'}}\"}}]",
    )
    assert load_texts(text).problems == ()


def test_a_policy_that_makes_the_compiler_fail_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail_for_bad(source: SourceObject) -> Any:
        if source.value["metadata"]["name"] == "bad":
            raise KeyError("a fault of ours")
        return compile_policy(source)

    monkeypatch.setattr("webhook.policy.loader.compile_policy", fail_for_bad)
    bad = GOOD.replace("name: p", "name: bad", 1)
    policies = load_texts(bad + "---\n" + GOOD)
    assert [policy.name for policy in policies.policies] == ["p"]
    assert [problem.name for problem in policies.problems] == ["bad"]


@pytest.mark.parametrize(
    ("expression", "warning"),
    [
        ("object.spec.replica > 1", "undefined field 'replica'; did you mean \"replicas\"?"),
        (
            "object.spec.replicas > '1'",
            "found no matching overload for '_>_' applied to '(int, string)'",
        ),
        (
            "object.spec.predictors.all(p, p.componentSpecs.all(c, c.spec.containers.all(k, "
            "k.imag != '')))",
            "undefined field 'imag'; did you mean \"image\"?",
        ),
        ("object.spec.predictors.all(p, p.graph.children.all(c, c.children.size() < 9))", None),
        ("object.metadata.creationTimestamp < timestamp('2024-01-01T00:00:00Z')", None),
    ],
)
def test_the_types_of_the_object_warn_and_refuse_nothing(
    expression: str, warning: str | None
) -> None:
    """As status.typeChecking of the API server."""
    policies = load_texts(policy_text(f'- expression: "{expression}"'))
    (policy,) = policies.policies
    found = [problem.message for problem in policy.type_warnings]
    assert found == ([] if warning is None else [warning])
    assert [(w.line, w.column > 0) for w in policy.type_warnings] == [(14, True)] * len(found)


def test_a_wildcard_has_no_types() -> None:
    text = policy_text('- expression: "object.spec.replica > 1"')
    wild = text.replace("[seldondeployments]", '["*"]')
    assert wild != text
    (policy,) = load_texts(wild).policies
    assert policy.type_warnings == ()


def test_a_typo_is_reported_with_the_near_name() -> None:
    text = policy_text("- expression: object.metadata.name.startWith('a')")
    assert problem_messages(text) == [
        "policy.yaml:14:47: p: undeclared reference to 'startWith'; did you mean \"startsWith\"?"
    ]


@pytest.mark.parametrize(
    ("expression", "key"),
    [
        ("object.metadata.labels.a/b == 'x'", "a/b"),
        ("object.metadata.annotations.example.com/owner != ''", "example.com/owner"),
        ("object.metadata.labels[team] == 'x'", "team"),
        ("object.metadata.labels[app.kubernetes.io/name] == 'x'", "app.kubernetes.io/name"),
        ("object.metadata.name == 'a' && object.metadata.labels[ team ] == 'x'", "team"),
    ],
)
def test_a_key_without_quotes_is_reported_how_it_is_written(expression: str, key: str) -> None:
    policies = load_texts(policy_text(f"- expression: >-\n    {expression}\n"), binding_text())
    assert any(
        problem.message.endswith(f"; quote the key: ['{key}']") for problem in policies.problems
    ), policies.problems


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("nme == 'a'", "undeclared reference to 'nme'"),
        ("object.metadata.name / 2 == owner", "undeclared reference to 'owner'"),
        ("object.metadata.labels['a'] == b || other", "undeclared reference to 'other'"),
        ("object.data.a/2 == 1 && b/c.size() == 1", "undeclared reference to 'b'"),
        (
            "[1, 2][true] == 1",
            "found no matching overload for '_[_]' applied to '(list(int), bool)'",
        ),
    ],
)
def test_another_mistake_gets_no_such_hint(expression: str, message: str) -> None:
    policies = load_texts(policy_text(f"- expression: >-\n    {expression}\n"), binding_text())
    assert message in [problem.message for problem in policies.problems]


@pytest.mark.parametrize(
    ("validation", "problems"),
    [
        ("expression: 'google.protobuf.BoolValue{value: true}'", []),
        (
            "expression: \"google.protobuf.StringValue{value: 'a'}\"",
            ["expression must be of type bool, got wrapper(string)"],
        ),
        (
            "expression: 'true'\n  messageExpression: \"google.protobuf.StringValue{value: 'a'}\"",
            [],
        ),
        (
            "expression: 'true'\n  messageExpression: 'google.protobuf.BoolValue{value: true}'",
            ["messageExpression must be of type string, got wrapper(bool)"],
        ),
    ],
)
def test_a_wrapper_is_as_good_as_what_it_wraps(validation: str, problems: list[str]) -> None:
    loaded = load_texts(policy_text(f"- {validation}"), binding_text())
    assert [problem.message for problem in loaded.problems] == problems


def test_a_mistake_in_an_annotation_of_all_validations_is_reported_once() -> None:
    written = 'graphgate.io/finding-paths: object.foo()\ngraphgate.io/finding-paths.2: "1"'
    policy = policy_text("- expression: 'true'\n" * 3, annotations=written)
    assert [problem.message for problem in load_texts(policy).problems] == [
        "undeclared reference to 'foo'",
        "graphgate.io/finding-paths.2 must be of type string or list or dyn, got int",
    ]


@pytest.mark.parametrize(
    ("version", "kind", "is_param"),
    [
        ("v1", "ConfigMap", True),
        ("example.com/v1", "Owners", True),
        ("kustomize.config.k8s.io/v1beta1", "Kustomization", False),
        ("kustomize.config.k8s.io/v1alpha1", "Component", False),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", False),
        ("graphgate.io/v1alpha1", "Settings", False),
        ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", False),
        ("", "ConfigMap", False),
        ("v1", "", False),
    ],
)
def test_objects_of_other_kinds_are_parameters(version: str, kind: str, is_param: bool) -> None:
    value = {"apiVersion": version, "kind": kind, "metadata": {"name": "a"}}
    params = load_policy_set([SourceObject("f", value)]).params
    assert params == ({(version, kind): (value,)} if is_param else {})


OWN = "graphgate.io/v1alpha1"
ADMISSION = "admissionregistration.k8s.io/v1"
MUST_BE_OWN = f"apiVersion must be {OWN}, got "
MUST_BE_ADMISSION = f"apiVersion must be {ADMISSION}, got "


@pytest.mark.parametrize(
    ("version", "kind", "messages"),
    [
        (OWN, "PolicyTst", ['2:7: a: unknown kind "PolicyTst"; did you mean "PolicyTest"?']),
        (
            OWN,
            "PolicyExeption",
            ['2:7: a: unknown kind "PolicyExeption"; did you mean "PolicyException"?'],
        ),
        (
            OWN,
            "Budget",
            [
                '2:7: a: unknown kind "Budget"; allowed: PolicyException, PolicyTest, Settings, Facts, CheckConfig'
            ],
        ),
        ("graphgate.io/v2", "PolicyTest", [f'1:13: a: {MUST_BE_OWN}"graphgate.io/v2"']),
        ("graphgate.io/v1", "PolicyException", [f'1:13: a: {MUST_BE_OWN}"graphgate.io/v1"']),
        (
            "graphgte.io/v1alpha1",
            "PolicyException",
            [f'1:13: a: {MUST_BE_OWN}"graphgte.io/v1alpha1"'],
        ),
        ("graphgate.io", "Settings", [f'1:13: a: {MUST_BE_OWN}"graphgate.io"']),
        (
            "v1alpha1",
            "PolicyExeption",
            [
                f'1:13: a: {MUST_BE_OWN}"v1alpha1"',
                '2:7: a: unknown kind "PolicyExeption"; did you mean "PolicyException"?',
            ],
        ),
        (
            ADMISSION,
            "ValidatingAdmissionPolcy",
            [
                '2:7: a: unknown kind "ValidatingAdmissionPolcy"; did you mean "ValidatingAdmissionPolicy"?'
            ],
        ),
        (
            ADMISSION,
            "MutatingAdmissionPolicyBinding2",
            [
                '2:7: a: unknown kind "MutatingAdmissionPolicyBinding2"; did you mean "MutatingAdmissionPolicyBinding"?'
            ],
        ),
        ("v1", "ValidatingAdmissionPolicy", [f'1:13: a: {MUST_BE_ADMISSION}"v1"']),
        (
            "admissionregistration.k8s.o/v1",
            "ValidatingAdmissionPolicy",
            [f'1:13: a: {MUST_BE_ADMISSION}"admissionregistration.k8s.o/v1"'],
        ),
        ("kyverno.io/v2", "PolicyException", []),
        ("policies.kyverno.io/v1", "ValidatingPolicy", []),
        (OWN, "Facts", []),
        (OWN, "CheckConfig", []),
        (ADMISSION, "MutatingWebhookConfiguration", []),
    ],
)
def test_an_object_of_no_known_kind_is_not_ignored(
    version: str, kind: str, messages: list[str]
) -> None:
    text = f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\n"
    assert problem_messages(text) == [f"policy.yaml:{message}" for message in messages]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: PolicyTest\n", f"apiVersion is missing; it must be {OWN}"),
        (
            f"apiVersion: {OWN}\n",
            "kind is missing; allowed: PolicyException, PolicyTest, Settings, Facts, CheckConfig",
        ),
    ],
)
def test_a_kind_or_version_that_is_missing_is_not_ignored(text: str, message: str) -> None:
    (problem,) = load_texts(text + "metadata: {name: a}\n").problems
    assert problem.message == message


def test_an_expression_in_an_annotation_is_none_that_kubernetes_evaluates() -> None:
    asks_graph = "graph.nodes(object).map(n, n.path)"
    in_annotation = policy_text(
        "- expression: 'true'", annotations=f"graphgate.io/finding-paths: '{asks_graph}'"
    )
    in_spec = policy_text(f"- expression: '{asks_graph} == []'", name="q")
    loaded = load_texts(in_annotation, in_spec)
    assert loaded.problems == ()
    assert [policy.portable for policy in loaded.policies] == [True, False]
