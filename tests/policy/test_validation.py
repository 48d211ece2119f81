"""What is no policy and no binding: everything that the API server would refuse, with its place."""

from typing import Any

import pytest

from webhook.policy.validation import read_shape

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
    return [f"{issue.path}: {issue.message}" for issue in read_shape(value).issues]


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


def test_another_reason_is_an_issue() -> None:
    (found,) = issues(validating(validations=[{"expression": "true", "reason": "Never"}]))
    assert found.startswith('spec.validations[0].reason: invalid reason "Never"; expected')


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
            ["apiVersion: unsupported apiVersion v1alpha1; expected v1 or v1beta1"],
        ),
        ({**validating(), "metadata": None}, ["metadata: metadata.name is missing"]),
        ({**validating(), "metadata": {"name": ""}}, ["metadata: metadata.name is missing"]),
        ({**validating(), "spec": None}, ["spec: spec is missing"]),
        ({**validating(), "spec": 1}, ["spec: spec must be of type object"]),
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
                f'{CONSTRAINTS}.resourceRules[0].operations[0]: invalid operations "PATCH"; '
                "expected CREATE, UPDATE, DELETE, CONNECT or *"
            ],
        ),
        (
            validating(matchConstraints={"resourceRules": [RULE], "matchPolicy": "Any"}),
            [f'{CONSTRAINTS}.matchPolicy: invalid matchPolicy "Any"; expected Exact or Equivalent'],
        ),
        (
            validating(failurePolicy=""),
            ['spec.failurePolicy: invalid failurePolicy ""; expected Fail or Ignore'],
        ),
        (
            validating(matchConstraints={"resourceRules": []}),
            ["spec.matchConstraints: matchConstraints.resourceRules is missing"],
        ),
        (
            validating(matchConditions=[CONDITION, CONDITION]),
            ['spec.matchConditions[1].name: duplicate name "c" in matchConditions'],
        ),
        (
            validating(matchConditions=[{**CONDITION, "name": f"c{n}"} for n in range(65)]),
            ["spec.matchConditions: more than 64 matchConditions"],
        ),
        (
            validating(variables=[{"name": "a-b", "expression": "1"}]),
            ['spec.variables[0].name: "a-b" is not a CEL identifier'],
        ),
        (
            validating(variables=[{"name": "9a", "expression": "1"}] * 2),
            [
                'spec.variables[0].name: "9a" is not a CEL identifier',
                'spec.variables[1].name: "9a" is not a CEL identifier',
                'spec.variables[1].name: duplicate variable "9a"',
            ],
        ),
        (
            validating(auditAnnotations=[{"key": "a", "valueExpression": "''"}] * 2),
            ['spec.auditAnnotations[1].key: duplicate key "a" in auditAnnotations'],
        ),
        (
            validating(validations=[]),
            ["spec: validations or auditAnnotations is required"],
        ),
        (mutating(mutations=[]), ["spec: mutations is missing"]),
        (
            mutating(reinvocationPolicy=None),
            ["spec: reinvocationPolicy is missing; allowed: Never, IfNeeded"],
        ),
        (
            mutating(reinvocationPolicy="Always"),
            [
                'spec.reinvocationPolicy: invalid reinvocationPolicy "Always"; '
                "expected Never or IfNeeded"
            ],
        ),
        (
            mutating(mutations=[{"patchType": "Merge", "jsonPatch": {"expression": "[]"}}]),
            [
                'spec.mutations[0].patchType: invalid patchType "Merge"; '
                "expected JSONPatch or ApplyConfiguration"
            ],
        ),
        (
            mutating(mutations=[PATCH, {"patchType": "JSONPatch"}]),
            ["spec.mutations[1]: jsonPatch.expression is missing"],
        ),
        (
            mutating(mutations=[{**PATCH, "applyConfiguration": {"expression": "Object{}"}}]),
            [
                "spec.mutations[0].applyConfiguration: applyConfiguration is not allowed with "
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
            ["spec.validationActions: validationActions must not be empty"],
        ),
        (
            binding(validationActions=["Deny", "Refuse"]),
            [
                'spec.validationActions[1]: invalid validationActions "Refuse"; '
                "expected Deny, Warn or Audit"
            ],
        ),
        (
            binding(validationActions=["Warn", "Audit", "Deny"]),
            [
                "spec.validationActions: Deny and Warn are not allowed together: "
                "every message would appear twice"
            ],
        ),
        (
            binding(paramRef={"parameterNotFoundAction": "Allow"}),
            ["spec.paramRef: paramRef requires either name or selector"],
        ),
        (
            binding(paramRef={"name": "a", "parameterNotFoundAction": "Ask"}),
            [
                "spec.paramRef.parameterNotFoundAction: invalid parameterNotFoundAction "
                '"Ask"; expected Allow or Deny'
            ],
        ),
        (
            binding(paramRef={"selector": {}}),
            ["spec.paramRef: paramRef.parameterNotFoundAction is missing; allowed: Allow, Deny"],
        ),
    ],
)
def test_each_issue_is_told_with_its_place(value: dict[str, Any], found: list[str]) -> None:
    assert issues(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (
            validating(variables=[{"expression": "1"}]),
            ["spec.variables[0].name: name is required"],
        ),
        (
            validating(auditAnnotations=[{"key": "a"}]),
            ["spec.auditAnnotations[0].valueExpression: valueExpression is required"],
        ),
        (
            validating(matchConditions=[1, {**CONDITION, "name": "-"}]),
            [
                "spec.matchConditions[0]: spec.matchConditions[0] must be of type object",
                'spec.matchConditions[1].name: name "-": name part must consist of alphanumeric '
                "characters, '-', '_' or '.', and must start and end with an alphanumeric "
                "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
                "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            ],
        ),
        (
            validating(
                matchConstraints={
                    "resourceRules": [RULE],
                    "objectSelector": {"matchExpressions": [{"key": "k", "operator": "Is"}]},
                }
            ),
            [
                f"{CONSTRAINTS}.objectSelector.matchExpressions[0].operator: invalid operator "
                '"Is"; expected In, NotIn, Exists or DoesNotExist'
            ],
        ),
        (
            binding(validationActions=[1]),
            ["spec.validationActions[0]: spec.validationActions[0] must be of type string"],
        ),
        (
            validating(matchConstraints={"resourceRules": [{**RULE, "operations": [1]}]}),
            [
                f"{CONSTRAINTS}.resourceRules[0].operations[0]: "
                f"{CONSTRAINTS}.resourceRules[0].operations[0] must be of type string"
            ],
        ),
        (
            {key.replace("metadata", "metdata"): inner for key, inner in validating().items()},
            ['metdata: unknown field "metdata"; did you mean "metadata"?'],
        ),
        (
            {**validating(), "metadata": {}, "metdata": {"name": "p"}},
            [
                'metdata: unknown field "metdata"; did you mean "metadata"?',
                "metadata: metadata.name is missing",
            ],
        ),
        (
            binding(paramRef={"nme": "a", "parameterNotFoundAction": "Deny"}),
            ['spec.paramRef.nme: unknown field "nme"; did you mean "name"?'],
        ),
    ],
)
def test_what_follows_from_a_mistake_is_no_mistake_of_its_own(
    value: dict[str, Any], found: list[str]
) -> None:
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
