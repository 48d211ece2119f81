"""What mutating policies change."""

from typing import Any

import pytest

from tests.policy.documents import RULES, deployment, loaded
from webhook.documents import patch_value
from webhook.graph.facts import NOTHING_KNOWN
from webhook.policy import Mutation, PolicySet, mutate, request_of


def mutating(
    *expressions: str, name: str = "m", reinvocation: str = "Never", more: str = ""
) -> str:
    items = "".join(
        f"  - patchType: JSONPatch\n    jsonPatch:\n      expression: |\n        {text}\n"
        for text in expressions
    )
    return (
        "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingAdmissionPolicy\n"
        f"metadata: {{name: {name}}}\n"
        f"spec:\n{RULES}  reinvocationPolicy: {reinvocation}\n{more}  mutations:\n{items}---\n"
        "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingAdmissionPolicyBinding\n"
        f"metadata: {{name: {name}}}\nspec: {{policyName: {name}}}\n"
    )


def mutated(policies: PolicySet, value: Any = None) -> Mutation:
    assert policies.problems == ()
    return mutate(policies, request_of(value or deployment()), NOTHING_KNOWN)


ADD = '[JSONPatch{op: "add", path: "/metadata/labels", value: {"a": "b"}}]'


def test_a_patch_is_made_and_the_object_is_not_touched() -> None:
    value = deployment()
    mutation = mutated(loaded(mutating(ADD)), value)
    assert mutation.operations == ({"op": "add", "path": "/metadata/labels", "value": {"a": "b"}},)
    assert mutation.object == deployment(labels={"a": "b"})
    assert value == deployment()
    assert patch_value(value, mutation.operations) == mutation.object


def test_a_mutation_sees_what_the_one_before_has_made() -> None:
    second = (
        'has(object.metadata.labels) ? [JSONPatch{op: "add", path: "/metadata/labels/" + '
        'jsonpatch.escapeKey("x/y"), value: object.metadata.labels.a}] : []'
    )
    assert mutated(loaded(mutating(ADD, second))).object == deployment(
        labels={"a": "b", "x/y": "b"}
    )


def test_what_changes_nothing_is_no_operation() -> None:
    assert mutated(loaded(mutating(ADD)), deployment(labels={"a": "b"})).operations == ()


def test_a_failed_test_operation_changes_nothing() -> None:
    guarded = (
        '[JSONPatch{op: "test", path: "/metadata/name", value: "x"}, '
        'JSONPatch{op: "add", path: "/metadata/labels", value: {}}]'
    )
    assert mutated(loaded(mutating(guarded))) == Mutation(deployment())


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        (
            '[JSONPatch{op: "remove", path: "/nowhere"}]',
            "operation 1 of 1 of the patch, remove /nowhere, does not fit the document",
        ),
        ('[JSONPatch{path: "/a"}]', "an element of the list is no JSONPatch with an op"),
        ('[JSONPatch{op: "add", path: "/a", value: object.missing}]', "no such key: missing"),
    ],
)
def test_a_mutation_that_fails_is_told_and_changes_nothing(expression: str, error: str) -> None:
    mutation = mutated(loaded(mutating(expression)))
    assert mutation.object == deployment()
    assert [(f.rule, f.error, f.action) for f in mutation.failures] == [
        ("policy/m/0", error, "deny")
    ]


def test_failure_policy_ignore_lets_pass() -> None:
    text = mutating('[JSONPatch{op: "remove", path: "/nowhere"}]', more="  failurePolicy: Ignore\n")
    assert [f.action for f in mutated(loaded(text)).failures] == [None]


def test_object_literals_are_values() -> None:
    text = mutating('[JSONPatch{op: "add", path: "/spec/x", value: Object.spec.x{a: 1, b: "c"}}]')
    assert mutated(loaded(text)).object["spec"]["x"] == {"a": 1, "b": "c"}


def test_a_policy_is_asked_again_after_others_have_changed_something() -> None:
    """Only with reinvocationPolicy IfNeeded."""
    first = (
        "has(object.metadata.labels) && !has(object.metadata.labels.seen) ? "
        '[JSONPatch{op: "add", path: "/metadata/labels/seen", value: "yes"}] : []'
    )
    for reinvocation, labels in (("IfNeeded", {"a": "b", "seen": "yes"}), ("Never", {"a": "b"})):
        text = (
            mutating(first, name="a", reinvocation=reinvocation) + "---\n" + mutating(ADD, name="b")
        )
        text = text.replace(
            '"add", path: "/metadata/labels", value', '"add", path: "/metadata/labels", value'
        )
        guarded = text.replace(ADD, f"has(object.metadata.labels) ? [] : {ADD}")
        assert mutated(loaded(guarded)).object == deployment(labels=labels)


@pytest.mark.parametrize("value", [None, 1, [], "text"])
def test_what_is_no_mapping_is_left_alone(value: Any) -> None:
    assert mutate(loaded(mutating(ADD)), request_of(value), NOTHING_KNOWN) == Mutation(value)
