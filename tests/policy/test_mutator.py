"""What mutating policies change."""

from typing import Any

import pytest

from tests.policy.documents import MATCH_CONSTRAINTS, load_texts, make_deployment
from webhook.graph.cluster_facts import NO_FACTS, Facts, Namespace
from webhook.policy import MutationResult, PolicySet, apply_request, mutate_object
from webhook.yamldoc import patch_value


def mutating_policy_text(
    *expressions: str, name: str = "m", reinvocation: str = "Never", extra_spec: str = ""
) -> str:
    items = "".join(
        f"  - patchType: JSONPatch\n    jsonPatch:\n      expression: |\n        {text}\n"
        for text in expressions
    )
    return (
        "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingAdmissionPolicy\n"
        f"metadata: {{name: {name}}}\n"
        f"spec:\n{MATCH_CONSTRAINTS}  reinvocationPolicy: {reinvocation}\n{extra_spec}  "
        f"mutations:\n{items}---\n"
        "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingAdmissionPolicyBinding\n"
        f"metadata: {{name: {name}}}\nspec: {{policyName: {name}}}\n"
    )


def mutate_deployment(policies: PolicySet, value: Any = None) -> MutationResult:
    assert policies.problems == ()
    return mutate_object(policies, apply_request(value or make_deployment()), NO_FACTS)


ADD = '[JSONPatch{op: "add", path: "/metadata/labels", value: {"a": "b"}}]'


def test_a_patch_is_made_and_the_object_is_not_touched() -> None:
    value = make_deployment()
    mutation = mutate_deployment(load_texts(mutating_policy_text(ADD)), value)
    assert mutation.operations == ({"op": "add", "path": "/metadata/labels", "value": {"a": "b"}},)
    assert mutation.object == make_deployment(labels={"a": "b"})
    assert value == make_deployment()
    assert patch_value(value, mutation.operations) == mutation.object


def test_a_mutation_sees_what_the_one_before_has_made() -> None:
    second = (
        'has(object.metadata.labels) ? [JSONPatch{op: "add", path: "/metadata/labels/" + '
        'jsonpatch.escapeKey("x/y"), value: object.metadata.labels.a}] : []'
    )
    assert mutate_deployment(
        load_texts(mutating_policy_text(ADD, second))
    ).object == make_deployment(labels={"a": "b", "x/y": "b"})


def test_what_changes_nothing_is_no_operation() -> None:
    assert (
        mutate_deployment(
            load_texts(mutating_policy_text(ADD)), make_deployment(labels={"a": "b"})
        ).operations
        == ()
    )


def test_a_failed_test_operation_changes_nothing() -> None:
    guarded = (
        '[JSONPatch{op: "test", path: "/metadata/name", value: "x"}, '
        'JSONPatch{op: "add", path: "/metadata/labels", value: {}}]'
    )
    assert mutate_deployment(load_texts(mutating_policy_text(guarded))) == MutationResult(
        make_deployment()
    )


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        (
            '[JSONPatch{op: "remove", path: "/nowhere"}]',
            "remove /nowhere: nowhere not found",
        ),
        ('[JSONPatch{path: "/a"}]', "Unexpected kind: "),
        ('[JSONPatch{op: "add", path: "/a", value: object.missing}]', "no such key: missing"),
    ],
)
def test_a_mutation_that_fails_is_reported_and_changes_nothing(expression: str, error: str) -> None:
    mutation = mutate_deployment(load_texts(mutating_policy_text(expression)))
    assert mutation.object == make_deployment()
    assert [(f.rule_id, f.error, f.action) for f in mutation.failures] == [
        ("policy/m/0", error, "deny")
    ]


def test_a_policy_whose_condition_failed_was_not_invoked_and_is_not_again() -> None:
    add_seen = '[JSONPatch{op: "add", path: "/metadata/labels/seen", value: "yes"}]'
    labelled = "{name: labelled, expression: 'object.metadata.labels.a == \"b\"'}"
    text = mutating_policy_text(
        add_seen,
        name="a",
        reinvocation="IfNeeded",
        extra_spec=f"  failurePolicy: Ignore\n  matchConditions: [{labelled}]\n",
    )
    policies = load_texts(f"{text}---\n{mutating_policy_text(ADD, name='b')}")
    assert mutate_deployment(policies).object == make_deployment(labels={"a": "b"})


def test_failure_policy_ignore_lets_pass() -> None:
    text = mutating_policy_text(
        '[JSONPatch{op: "remove", path: "/nowhere"}]', extra_spec="  failurePolicy: Ignore\n"
    )
    assert [f.action for f in mutate_deployment(load_texts(text)).failures] == [None]


def test_object_literals_are_values() -> None:
    text = mutating_policy_text(
        '[JSONPatch{op: "add", path: "/spec/x", value: Object.spec.x{a: 1, b: "c"}}]'
    )
    assert mutate_deployment(load_texts(text)).object["spec"]["x"] == {"a": 1, "b": "c"}


def test_a_policy_is_asked_again_after_others_have_changed_something() -> None:
    """Only with reinvocationPolicy IfNeeded."""
    first = (
        "has(object.metadata.labels) && !has(object.metadata.labels.seen) ? "
        '[JSONPatch{op: "add", path: "/metadata/labels/seen", value: "yes"}] : []'
    )
    for reinvocation, labels in (("IfNeeded", {"a": "b", "seen": "yes"}), ("Never", {"a": "b"})):
        text = (
            mutating_policy_text(first, name="a", reinvocation=reinvocation)
            + "---\n"
            + mutating_policy_text(ADD, name="b")
        )
        text = text.replace(
            '"add", path: "/metadata/labels", value', '"add", path: "/metadata/labels", value'
        )
        guarded = text.replace(ADD, f"has(object.metadata.labels) ? [] : {ADD}")
        assert mutate_deployment(load_texts(guarded)).object == make_deployment(labels=labels)


def count_calls(name: str, reinvocation: str = "IfNeeded", condition: str = "true") -> str:
    """Return a policy that writes one "x" more into its annotation each time it is asked."""
    annotations = "object.metadata.annotations"
    seen = f"(has({annotations}.{name}) ? {annotations}.{name} : '')"
    patch = f'[JSONPatch{{op: "add", path: "/metadata/annotations/{name}", value: "x" + {seen}}}]'
    conditions = f"  matchConditions: [{{name: c, expression: '{condition}'}}]\n"
    return mutating_policy_text(patch, name=name, reinvocation=reinvocation, extra_spec=conditions)


def second_binding(policy: str) -> str:
    return (
        "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingAdmissionPolicyBinding\n"
        f"metadata: {{name: second}}\nspec: {{policyName: {policy}}}\n"
    )


@pytest.mark.parametrize(
    ("policies", "calls"),
    [
        ([count_calls("a")], {"a": "xx"}),
        ([count_calls("a"), count_calls("b")], {"a": "xx", "b": "xx"}),
        ([count_calls("a"), count_calls("b", "Never")], {"a": "xx", "b": "x"}),
        ([count_calls("a", "Never"), count_calls("b")], {"a": "x", "b": "xx"}),
        (
            [count_calls("a"), mutating_policy_text(f"false ? {ADD} : []", name="b")],
            {"a": "xx"},
        ),
        ([count_calls("a"), second_binding("a")], {"a": "xxxx"}),
        ([count_calls("a", "Never"), second_binding("a")], {"a": "xx"}),
        ([count_calls("a", condition="!has(object.metadata.annotations.a)")], {"a": "x"}),
        (
            [
                count_calls("a", condition="has(object.metadata.annotations.b)"),
                count_calls("b", "Never"),
            ],
            {"b": "x"},
        ),
    ],
)
def test_what_was_invoked_is_invoked_once_more_after_a_change(
    policies: list[str], calls: dict[str, str]
) -> None:
    """As tests/apiserver/test_mutating_policies.py asks of the API server itself."""
    value = make_deployment(annotations={})
    mutation = mutate_deployment(load_texts("---\n".join(policies)), value)
    assert mutation.object["metadata"]["annotations"] == calls


@pytest.mark.parametrize("value", [None, 1, [], "text"])
def test_what_is_no_mapping_is_left_alone(value: Any) -> None:
    request = apply_request(make_deployment())._replace(object=value)
    assert mutate_object(
        load_texts(mutating_policy_text(ADD)), request, NO_FACTS
    ) == MutationResult(value)


@pytest.mark.parametrize("reinvocation", ["Never", "IfNeeded"])
@pytest.mark.parametrize(
    ("first", "labels", "made"),
    [
        (ADD, {}, {"a": "b"}),
        ('[JSONPatch{op: "remove", path: "/metadata/labels/a"}]', {"a": "b"}, {"seen": "yes"}),
    ],
)
def test_selectors_are_asked_before_any_policy_changes_labels(
    first: str, labels: dict[str, str], made: dict[str, str], reinvocation: str
) -> None:
    """As tests/apiserver/test_mutating_policies.py asks of the API server itself."""
    add_seen = '[JSONPatch{op: "add", path: "/metadata/labels/seen", value: "yes"}]'
    selecting = mutating_policy_text(add_seen, name="b", reinvocation=reinvocation).replace(
        "    resourceRules:", "    objectSelector: {matchLabels: {a: b}}\n    resourceRules:"
    )
    policies = load_texts(mutating_policy_text(first, name="a"), selecting)
    found = mutate_deployment(policies, make_deployment(labels=labels))
    assert found.object["metadata"]["labels"] == made


def test_a_failure_that_denies_ends_it_and_another_is_told_once() -> None:
    bad = '[JSONPatch{op: "remove", path: "/nowhere"}]'
    for failure_policy, calls in (("Fail", "x"), ("Ignore", "xx")):
        failing = mutating_policy_text(
            bad,
            name="b",
            reinvocation="IfNeeded",
            extra_spec=f"  failurePolicy: {failure_policy}\n",
        )
        policies = load_texts(count_calls("a"), failing)
        mutation = mutate_deployment(policies, make_deployment(annotations={}))
        assert mutation.object["metadata"]["annotations"] == {"a": calls}
        assert len(mutation.failures) == 1


def apply_policy_text(expression: str) -> str:
    """Return a policy with one mutation of patchType ApplyConfiguration."""
    text = mutating_policy_text(expression)
    return text.replace("patchType: JSONPatch", "patchType: ApplyConfiguration").replace(
        "jsonPatch:", "applyConfiguration:"
    )


@pytest.mark.parametrize(
    ("expression", "operations"),
    [
        (
            "Object{metadata: Object.metadata{labels: {'a': 'b'}}}",
            ({"op": "add", "path": "/metadata/labels", "value": {"a": "b"}},),
        ),
        (
            "Object{spec: Object.spec{replicas: 5}}",
            ({"op": "add", "path": "/spec/replicas", "value": 5},),
        ),
        (
            "Object{metadata: Object.metadata{name: 'x' + object.metadata.name}}",
            ({"op": "replace", "path": "/metadata/name", "value": "xwines"},),
        ),
        ("Object{metadata: Object.metadata{namespace: object.metadata.namespace}}", ()),
    ],
)
def test_apply_configuration_merges(expression: str, operations: Any) -> None:
    policies = load_texts(apply_policy_text(expression))
    assert policies.problems == ()
    found = mutate_deployment(policies, make_deployment())
    assert found.failures == ()
    assert found.operations == operations
    assert patch_value(make_deployment(), found.operations) == found.object


def test_apply_configuration_changes_no_list() -> None:
    policies = load_texts(apply_policy_text("Object{spec: Object.spec{predictors: []}}"))
    (failure,) = mutate_deployment(policies, make_deployment()).failures
    assert failure.error == (
        "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or "
        "structs: .spec.predictors"
    )


def pod_policy(expression: str) -> PolicySet:
    """Return a policy with one mutation of patchType ApplyConfiguration, about pods."""
    text = apply_policy_text(expression)
    text = text.replace("machinelearning.seldon.io", "").replace("seldondeployments", "pods")
    policies = load_texts(text.replace("apiGroups: []", "apiGroups: ['']"))
    assert policies.problems == ()
    return policies


def pod_failures(expression: str, kind: str = "Pod") -> list[str]:
    pod = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "p"}, "spec": {}}
    request = apply_request(pod)._replace(group="", version="v1", resource="pods")
    return [f.error for f in mutate_object(pod_policy(expression), request, NO_FACTS).failures]


MAY_NOT_MUTATE = (
    "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or "
    "structs: "
)


@pytest.mark.parametrize(
    "name",
    [
        *("nodeSelector", "selector", "labelSelector", "fieldRef", "resourceFieldRef"),
        *("configMapKeyRef", "secretKeyRef", "configMapRef", "secretRef", "claimRef"),
    ],
)
def test_apply_configuration_merges_into_no_atomic_map(name: str) -> None:
    patch = f"Object{{spec: Object.spec{{{name}: Object.spec.{name}{{a: 'b'}}}}}}"
    assert pod_failures(patch) == [f"{MAY_NOT_MUTATE}.spec.{name}"]


@pytest.mark.parametrize(
    ("kind", "is_pod"),
    [
        *((k, True) for k in ("Pod", "PodTemplate", "Deployment", "StatefulSet", "DaemonSet")),
        *((k, True) for k in ("ReplicaSet", "Job")),
        ("Service", False),
    ],
)
def test_maps_are_atomic_in_kinds_with_pods(kind: str, is_pod: bool) -> None:
    patch = "Object{spec: Object.spec{nodeSelector: Object.spec.nodeSelector{a: 'b'}}}"
    assert bool(pod_failures(patch, kind)) is is_pod


def test_an_atomic_list_is_found_in_an_item_of_a_list_that_is_merged() -> None:
    item = "Object.spec.containers{name: 'c', args: ['a']}"
    assert pod_failures(f"Object{{spec: Object.spec{{containers: [{item}]}}}}") == [
        f"{MAY_NOT_MUTATE}.spec.containers[0].args"
    ]


@pytest.mark.parametrize(
    ("field", "value", "fact"),
    [
        ("replicas", "'two'", "expected numeric (int or float), got string"),
        ("protocol", "2", "expected string, got int"),
        ("replicas", "true", "expected numeric (int or float), got bool"),
    ],
)
def test_apply_configuration_puts_no_value_of_another_type(
    field: str, value: str, fact: str
) -> None:
    policies = load_texts(apply_policy_text(f"Object{{spec: Object.spec{{{field}: {value}}}}}"))
    (failure,) = mutate_deployment(policies).failures
    assert failure.error == (
        "error applying patch: failed to convert patch object to typed object: "
        f".spec.{field}: {fact}"
    )


def written(expression: str) -> Any:
    """Return what a value of CEL becomes in an object."""
    patch = f'[JSONPatch{{op: "add", path: "/spec/x", value: {expression}}}]'
    found = mutate_deployment(load_texts(mutating_policy_text(patch)))
    assert found.failures == ()
    return found.object["spec"]["x"]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("null", None),
        ("true", True),
        ("'a'", "a"),
        ("1", 1),
        ("1u", 1),
        ("1.5", 1.5),
        ("2.0", 2),
        ("9007199254740992", 2**53),
        ("9007199254740993", "9007199254740993"),
        ("-9007199254740993", "-9007199254740993"),
        ("18446744073709551615u", "18446744073709551615"),
        ("1e300", 1e300),
        ("9007199254740991.0", 2**53 - 1),
        ("9007199254740992.0", 2.0**53),
        ("b'ab'", "YWI="),
        ("timestamp('2024-01-01T01:00:00+01:00')", "2024-01-01T00:00:00Z"),
        ("duration('90s')", "90s"),
        ("optional.of([1])", [1]),
        ("[{'a': [1u]}]", [{"a": [1]}]),
        ("Object.spec.x{a: [Object.spec.x.a{b: 1}]}", {"a": [{"b": 1}]}),
        ("[Object.spec.x{a: {'k': Object.spec.x.a{b: 1}}}]", [{"a": {"k": {"b": 1}}}]),
    ],
)
def test_a_value_is_written_as_json(expression: str, value: Any) -> None:
    found = written(expression)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("optional.none()", "optional.none() dereference"),
        ("{1: 'a'}", "unsupported type conversion from 'int' to string"),
        ("string", "a type is not a JSON value"),
        (
            "Object.spec.x{a: Object.spec.b{c: 1}}",
            'type mismatch: unexpected type name "Object.spec.b", expected "Object.spec.x.a", '
            "which matches field name path from root Object type",
        ),
        (
            "Object.spec.x{a: [{'k': Object.spec.b{c: 1}}]}",
            'type mismatch: unexpected type name "Object.spec.b", expected "Object.spec.x.a", '
            "which matches field name path from root Object type",
        ),
    ],
)
def test_a_value_that_json_does_not_have_is_an_error(expression: str, error: str) -> None:
    text = f'[JSONPatch{{op: "add", path: "/spec/x", value: dyn({expression})}}]'
    policies = load_texts(mutating_policy_text(text))
    (failure,) = mutate_deployment(policies).failures
    assert failure.error == error


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        (
            '[JSONPatch{op: "remove", path: "/kind"}]',
            "the patched document is not an object: kind is missing",
        ),
        (
            '[JSONPatch{op: "replace", path: "", value: 1}]',
            "the patched document is not an object: kind is missing",
        ),
        ('[JSONPatch{op: "move", path: "/a"}]', "move /a: from is missing"),
    ],
)
def test_what_is_no_patch_of_an_object_is_an_error(expression: str, error: str) -> None:
    mutation = mutate_deployment(load_texts(mutating_policy_text(expression)))
    assert mutation.object == make_deployment()
    assert [failure.error for failure in mutation.failures] == [error]


def test_a_part_is_moved() -> None:
    patch = '[JSONPatch{op: "move", from: "/metadata/name", path: "/metadata/generateName"}]'
    mutation = mutate_deployment(load_texts(mutating_policy_text(patch)))
    assert mutation.object["metadata"] == {"generateName": "wines", "namespace": "models"}


@pytest.mark.parametrize("expression", ["dyn([])", "[dyn(1)]", "'a'", "[1]", "null"])
def test_a_mutation_is_a_list_of_patches_by_its_type(expression: str) -> None:
    (problem,) = load_texts(mutating_policy_text(expression)).problems
    assert problem.message.startswith("expression must be of type list(JSONPatch), got ")


def test_what_is_merged_is_an_object_by_its_type() -> None:
    (problem,) = load_texts(apply_policy_text("dyn(1)")).problems
    assert problem.message == "expression must be of type Object, got dyn"


def test_match_conditions_are_asked_of_what_other_policies_made() -> None:
    conditions = (
        "  matchConditions:\n  - {name: labelled, expression: has(object.metadata.labels)}\n"
    )
    second = '[JSONPatch{op: "add", path: "/metadata/labels/c", value: "d"}]'
    policies = load_texts(
        mutating_policy_text(ADD, name="a"),
        mutating_policy_text(second, name="b", extra_spec=conditions),
    )
    assert mutate_deployment(policies).object == make_deployment(labels={"a": "b", "c": "d"})
    alone = load_texts(mutating_policy_text(second, name="b", extra_spec=conditions))
    assert mutate_deployment(alone) == MutationResult(make_deployment())


def test_an_error_of_a_match_condition_is_the_policys() -> None:
    conditions = "  matchConditions:\n  - {name: c, expression: object.missing == 1}\n"
    policies = load_texts(mutating_policy_text(ADD, extra_spec=conditions))
    mutation = mutate_deployment(policies)
    assert [(f.rule_id, f.error, f.action) for f in mutation.failures] == [
        ("policy/m", "matchConditions: no such key: missing", "deny")
    ]
    assert mutation.object == make_deployment()


def test_a_mutation_that_takes_too_long_is_named_as_such_and_the_others_are_made() -> None:
    loop = "lists.range(10000).all(x, lists.range(10000).all(y, x >= 0)) ? " + ADD + " : []"
    policies = load_texts(mutating_policy_text(loop, name="a"), mutating_policy_text(ADD, name="b"))
    mutation = mutate_deployment(policies)
    assert [(f.rule_id, f.exceeded) for f in mutation.failures] == [("policy/a/0", True)]
    assert mutation.object == make_deployment(labels={"a": "b"})


def test_an_error_exceeds_no_bound() -> None:
    policies = load_texts(mutating_policy_text('[JSONPatch{op: "remove", path: "/nowhere"}]'))
    assert [failure.exceeded for failure in mutate_deployment(policies).failures] == [False]


def test_a_mutation_reads_the_labels_of_its_namespace() -> None:
    patch = (
        '[JSONPatch{op: "add", path: "/metadata/labels", '
        "value: {'stage': namespaceObject.metadata.labels.stage}}]"
    )
    facts = Facts(namespaces={"models": Namespace({"stage": "prod"})})
    policies = load_texts(mutating_policy_text(patch))
    found = mutate_object(policies, apply_request(make_deployment()), facts)
    assert found.object == make_deployment(labels={"stage": "prod"})


def test_a_variable_is_computed_anew_for_each_mutation() -> None:
    variables = "  variables:\n  - {name: seen, expression: has(object.metadata.labels)}\n"
    second = 'variables.seen ? [JSONPatch{op: "add", path: "/metadata/labels/c", value: "d"}] : []'
    guarded = f"variables.seen ? [] : {ADD}"
    policies = load_texts(mutating_policy_text(guarded, second, extra_spec=variables))
    assert mutate_deployment(policies).object == make_deployment(labels={"a": "b", "c": "d"})


def test_many_expensive_mutations_leave_steps_to_the_last() -> None:
    loop = "lists.range(200).all(n, lists.range(200).all(m, n + m >= 0)) ? [] : " + ADD
    texts = [mutating_policy_text(loop, name=f"a{n}") for n in range(12)]
    patch = f"lists.range(10).all(n, n >= 0) ? {ADD} : []"
    mutation = mutate_deployment(load_texts(*texts, mutating_policy_text(patch, name="z")))
    assert mutation.object == make_deployment(labels={"a": "b"})
    assert mutation.failures
    assert {failure.rule_id for failure in mutation.failures} < {
        f"policy/a{n}/0" for n in range(12)
    }
