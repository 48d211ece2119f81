"""What is no policy and no binding: everything that the API server would refuse, with its place."""

from typing import Any

import pytest

from webhook.policy.validation import find_shape_issues

RULE = {
    "apiGroups": ["machinelearning.seldon.io"],
    "apiVersions": ["*"],
    "operations": ["*"],
    "resources": ["seldondeployments"],
}
CONDITION = {"name": "c", "expression": "true"}
PATCH = {"patchType": "JSONPatch", "jsonPatch": {"expression": "[]"}}


def build_object(kind: str, spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": "p"},
        "spec": spec,
    }


def validating(**spec: Any) -> dict[str, Any]:
    whole = {
        "matchConstraints": {"resourceRules": [RULE]},
        "validations": [{"expression": "true"}],
        **spec,
    }
    return build_object("ValidatingAdmissionPolicy", whole)


def mutating(**spec: Any) -> dict[str, Any]:
    whole = {
        "matchConstraints": {"resourceRules": [RULE]},
        "reinvocationPolicy": "Never",
        "mutations": [PATCH],
        **spec,
    }
    return build_object("MutatingAdmissionPolicy", whole)


def binding(**spec: Any) -> dict[str, Any]:
    whole = {"policyName": "p", "validationActions": ["Deny"], **spec}
    return build_object("ValidatingAdmissionPolicyBinding", whole)


def issues(value: dict[str, Any]) -> list[str]:
    return [f"{path}: {message}" for path, message in find_shape_issues(value)]


@pytest.mark.parametrize(
    "value",
    [
        validating(),
        validating(validations=[], auditAnnotations=[{"key": "a", "valueExpression": "''"}]),
        validating(matchConditions=[{**CONDITION, "name": f"c{n}"} for n in range(64)]),
        validating(variables=[{"name": "_a9", "expression": "1"}]),
        validating(failurePolicy="Ignore"),
        validating(validations=[{"expression": "true", "reason": "RequestEntityTooLarge"}]),
        {**validating(), "apiVersion": "admissionregistration.k8s.io/v1beta1"},
        mutating(),
        mutating(reinvocationPolicy="IfNeeded"),
        mutating(
            mutations=[
                {
                    "patchType": "ApplyConfiguration",
                    "applyConfiguration": {"expression": "Object{}"},
                }
            ]
        ),
        binding(validationActions=["Deny", "Audit"]),
        binding(paramRef={"name": "a", "parameterNotFoundAction": "Allow"}),
        binding(paramRef={"selector": {}, "parameterNotFoundAction": "Deny"}),
        build_object("MutatingAdmissionPolicyBinding", {"policyName": "p"}),
    ],
)
def test_a_whole_object_has_no_issue(value: dict[str, Any]) -> None:
    assert issues(value) == []


@pytest.mark.parametrize("word", ["CREATE", "UPDATE", "DELETE", "CONNECT", "*"])
def test_each_operation_is_known(word: str) -> None:
    rule = {**RULE, "operations": [word]}
    assert issues(validating(matchConstraints={"resourceRules": [rule]})) == []


@pytest.mark.parametrize("word", ["Cluster", "Namespaced", "*"])
@pytest.mark.parametrize("field", ["resourceRules", "excludeResourceRules"])
def test_each_scope_is_known(word: str, field: str) -> None:
    constraints = {"resourceRules": [RULE], field: [{**RULE, "scope": word}]}
    assert issues(validating(matchConstraints=constraints)) == []


@pytest.mark.parametrize("word", ["Unauthorized", "Forbidden", "Invalid", "RequestEntityTooLarge"])
def test_each_reason_is_known(word: str) -> None:
    assert issues(validating(validations=[{"expression": "true", "reason": word}])) == []


@pytest.mark.parametrize("word", ["Exact", "Equivalent"])
def test_each_match_policy_is_known(word: str) -> None:
    constraints = {"resourceRules": [RULE], "matchPolicy": word}
    assert issues(validating(matchConstraints=constraints)) == []


@pytest.mark.parametrize(
    ("word", "values"), [("In", ["a"]), ("NotIn", ["a"]), ("Exists", []), ("DoesNotExist", [])]
)
def test_each_operator_of_selectors_is_known(word: str, values: list[str]) -> None:
    selector = {"matchExpressions": [{"key": "k", "operator": word, "values": values}]}
    assert issues(binding(matchResources={"objectSelector": selector})) == []


CONSTRAINTS = "spec.matchConstraints"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (
            {**validating(), "apiVersion": "admissionregistration.k8s.io/v1alpha1"},
            ["apiVersion: apiVersion is v1alpha1, not v1 or v1beta1"],
        ),
        ({**validating(), "metadata": None}, ["metadata: metadata.name is missing"]),
        ({**validating(), "metadata": {"name": ""}}, ["metadata: metadata.name is missing"]),
        ({**validating(), "spec": None}, ["spec: spec is missing"]),
        ({**validating(), "spec": 1}, ["spec: spec is no object"]),
        (
            {**validating(), "metadata": {}, "spec": None},
            ["metadata: metadata.name is missing", "spec: spec is missing"],
        ),
        ({**validating(), "sepc": {}}, ['sepc: unknown field "sepc"; did you mean "spec"?']),
        ({**validating(), "zzzzzzzz": {}}, ['zzzzzzzz: unknown field "zzzzzzzz"']),
        (
            validating(validations=[{"expression": "true", "mesage": ""}]),
            ['spec.validations[0].mesage: unknown field "mesage"; did you mean "message"?'],
        ),
        (
            validating(matchConstraints={"resourceRules": [{**RULE, "operations": ["PATCH"]}]}),
            [
                f'{CONSTRAINTS}.resourceRules[0].operations[0]: operations is "PATCH", '
                "not CREATE or UPDATE or DELETE or CONNECT or *"
            ],
        ),
        (
            validating(matchConstraints={"resourceRules": [RULE], "matchPolicy": "Any"}),
            [f'{CONSTRAINTS}.matchPolicy: matchPolicy is "Any", not Exact or Equivalent'],
        ),
        (
            validating(failurePolicy=""),
            ['spec.failurePolicy: failurePolicy is "", not Fail or Ignore'],
        ),
        (
            validating(matchConstraints={"resourceRules": []}),
            ["spec.matchConstraints: matchConstraints.resourceRules is missing"],
        ),
        (
            validating(matchConditions=[CONDITION, CONDITION]),
            ['spec.matchConditions[1].name: the name "c" stands twice in matchConditions'],
        ),
        (
            validating(matchConditions=[{**CONDITION, "name": f"c{n}"} for n in range(65)]),
            ["spec.matchConditions: more than 64 matchConditions"],
        ),
        (
            validating(variables=[{"name": "a-b", "expression": "1"}]),
            ['spec.variables[0].name: the name "a-b" is no identifier of CEL'],
        ),
        (
            validating(variables=[{"name": "9a", "expression": "1"}] * 2),
            [
                'spec.variables[0].name: the name "9a" is no identifier of CEL',
                'spec.variables[1].name: the name "9a" is no identifier of CEL',
                'spec.variables[1].name: the variable "9a" stands twice',
            ],
        ),
        (
            validating(auditAnnotations=[{"key": "a", "valueExpression": "''"}] * 2),
            ['spec.auditAnnotations[1].key: the key "a" stands twice in auditAnnotations'],
        ),
        (
            validating(validations=[]),
            ["spec: neither validations nor auditAnnotations: the policy says nothing"],
        ),
        (mutating(mutations=[]), ["spec: mutations is missing: the policy changes nothing"]),
        (
            mutating(reinvocationPolicy=None),
            ["spec: reinvocationPolicy is missing: Never or IfNeeded"],
        ),
        (
            mutating(reinvocationPolicy="Always"),
            ['spec.reinvocationPolicy: reinvocationPolicy is "Always", not Never or IfNeeded'],
        ),
        (
            mutating(mutations=[{"patchType": "Merge", "jsonPatch": {"expression": "[]"}}]),
            [
                'spec.mutations[0].patchType: patchType is "Merge", '
                "not JSONPatch or ApplyConfiguration"
            ],
        ),
        (
            mutating(mutations=[PATCH, {"patchType": "JSONPatch"}]),
            ["spec.mutations[1]: jsonPatch.expression is missing"],
        ),
        (
            mutating(mutations=[{**PATCH, "applyConfiguration": {"expression": "Object{}"}}]),
            [
                "spec.mutations[0].applyConfiguration: applyConfiguration does not go with "
                "patchType JSONPatch"
            ],
        ),
        (binding(policyName=""), ["spec: policyName is missing"]),
        (
            build_object("MutatingAdmissionPolicyBinding", {"policyName": ""}),
            ["spec: policyName is missing"],
        ),
        (
            binding(validationActions=[]),
            ["spec.validationActions: validationActions is empty"],
        ),
        (
            binding(validationActions=["Deny", "Refuse"]),
            ['spec.validationActions[1]: validationActions is "Refuse", not Deny or Warn or Audit'],
        ),
        (
            binding(validationActions=["Warn", "Audit", "Deny"]),
            ["spec.validationActions: Deny and Warn together would say everything twice"],
        ),
        (
            binding(paramRef={"parameterNotFoundAction": "Allow"}),
            ["spec.paramRef: paramRef takes either name or selector"],
        ),
        (
            binding(paramRef={"name": "a", "parameterNotFoundAction": "Ask"}),
            [
                "spec.paramRef.parameterNotFoundAction: parameterNotFoundAction is "
                '"Ask", not Allow or Deny'
            ],
        ),
        (
            binding(paramRef={"selector": {}}),
            ["spec.paramRef: paramRef.parameterNotFoundAction is missing: Allow or Deny"],
        ),
    ],
)
def test_each_issue_is_told_with_its_place(value: dict[str, Any], found: list[str]) -> None:
    assert issues(value) == found


@pytest.mark.parametrize(
    ("operator", "values", "fault"),
    [
        ("In", [], "In needs values"),
        ("NotIn", None, "NotIn needs values"),
        ("Exists", ["a"], "Exists takes no values"),
        ("DoesNotExist", ["a"], "DoesNotExist takes no values"),
    ],
)
@pytest.mark.parametrize("selector", ["namespaceSelector", "objectSelector"])
def test_an_operator_of_a_selector_has_the_values_that_it_needs(
    operator: str, values: Any, fault: str, selector: str
) -> None:
    wrong = {"key": "k", "operator": operator, "values": values}
    value = {"matchExpressions": [{"key": "k", "operator": "Exists"}, wrong]}
    place = f"{selector}.matchExpressions[1]: {fault}"

    constraints = {"resourceRules": [RULE], selector: value}
    assert issues(validating(matchConstraints=constraints)) == [f"{CONSTRAINTS}.{place}"]
    assert issues(binding(matchResources={selector: value})) == [f"spec.matchResources.{place}"]
    reference = {"selector": value, "parameterNotFoundAction": "Deny"}
    assert issues(binding(paramRef=reference)) == [
        f"spec.paramRef.selector.matchExpressions[1]: {fault}"
    ]
