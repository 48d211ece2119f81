"""Kyverno's policies with CEL, carried over: what they become, and what is said to be left out."""

from typing import Any

import pytest
import yaml

from tests.documents_of import minimal
from webhook.engine.evaluate import evaluate
from webhook.engine.policy_context import PolicyContext
from webhook.graph.cluster_facts import NO_FACTS
from webhook.policy import PolicySet, SourceObject, load_policy_set
from webhook.policy.conversion import Conversion, convert_documents, explain_problem
from webhook.settings.model import read_settings

VALIDATING = """\
apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata:
  name: pinned
  annotations: {policies.kyverno.io/title: Pinned images, policies.kyverno.io/severity: high}
spec:
  validationActions: [Deny]
  evaluation: {background: {enabled: true}}
  autogen: {podControllers: {controllers: [deployments]}}
  matchConstraints:
    resourceRules:
    - {apiGroups: [''], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [pods]}
  variables:
  - {name: all, expression: object.spec.containers}
  validations:
  - {expression: "variables.all.all(c, c.image.contains('@'))", message: not pinned}
"""
CLUSTER = """\
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: pods}
spec:
  validationFailureAction: Enforce
  rules:
  - name: pinned
    match:
      any:
      - resources: {kinds: [Pod, apps/v1/Deployment], operations: [CREATE]}
    celPreconditions: [{name: some, expression: object.metadata.namespace == 'models'}]
    validate:
      message: images are pinned
      cel:
        variables: [{name: all, expression: object.spec.containers}]
        expressions: [{expression: "variables.all.all(c, c.image.contains('@'))"}]
  - name: pattern
    match: {any: [{resources: {kinds: [Pod]}}]}
    validate: {pattern: {spec: {hostNetwork: false}}}
"""


def convert(text: str) -> tuple[Conversion, PolicySet]:
    conversion = convert_documents(yaml.safe_load_all(text), "kyverno")
    return conversion, load_policy_set(SourceObject("", each) for each in conversion.objects)


def warned(policies: PolicySet) -> list[str]:
    decision = evaluate(
        minimal(), read_settings(), NO_FACTS, policy_context=PolicyContext(policies, 0)
    )
    return [f.message for f in decision.warnings if f.rule_id.startswith("policy/")]


def test_a_validating_policy_becomes_a_policy_with_its_binding() -> None:
    conversion, policies = convert(VALIDATING)
    assert policies.problems == ()
    policy, binding = conversion.objects
    assert policy["kind"] == "ValidatingAdmissionPolicy"
    assert policy["metadata"]["annotations"] == {
        "graphgate.io/title": "Pinned images",
        "graphgate.io/severity": "high",
    }
    original = yaml.safe_load(VALIDATING)["spec"]
    assert policy["spec"] == {
        key: original[key] for key in ("matchConstraints", "variables", "validations")
    }
    assert binding["spec"] == {"policyName": "pinned", "validationActions": ["Deny"]}
    assert [note.split(":")[1].strip() for note in conversion.notes] == [
        "spec.evaluation is not converted",
        "spec.autogen is not converted",
    ]
    assert warned(policies) == ["pod of predictor main: not pinned"]


def test_a_rule_with_cel_becomes_a_policy_and_a_pattern_is_left_out() -> None:
    conversion, policies = convert(CLUSTER)
    assert policies.problems == ()
    policy, binding = conversion.objects
    assert policy["metadata"]["name"] == "pods-pinned"
    assert policy["spec"]["matchConstraints"]["resourceRules"] == [
        {"apiGroups": [g], "apiVersions": [v], "operations": ["CREATE"], "resources": [r]}
        for g, v, r in (("", "*", "pods"), ("apps", "v1", "deployments"))
    ]
    assert policy["spec"]["matchConditions"] == [
        {"name": "some", "expression": "object.metadata.namespace == 'models'"}
    ]
    assert policy["spec"]["validations"][0]["message"] == "images are pinned"
    assert binding["spec"]["validationActions"] == ["Deny"]
    assert conversion.notes == ("pods-pattern: validate is not converted: it is not CEL",)
    assert "pod of predictor main: images are pinned" in warned(policies)


def test_a_mutating_policy_becomes_one_that_is_not_made_again() -> None:
    text = """\
apiVersion: policies.kyverno.io/v1
kind: MutatingPolicy
metadata: {name: label}
spec:
  matchConstraints:
    resourceRules:
    - apiGroups: [machinelearning.seldon.io]
      apiVersions: ['*']
      operations: [CREATE]
      resources: [seldondeployments]
  mutations:
  - patchType: JSONPatch
    jsonPatch: {expression: '[JSONPatch{op: "add", path: "/metadata/labels", value: {"a": "b"}}]'}
"""
    conversion, policies = convert(text)
    assert policies.problems == ()
    policy, binding = conversion.objects
    assert (policy["kind"], policy["spec"]["reinvocationPolicy"]) == (
        "MutatingAdmissionPolicy",
        "Never",
    )
    assert binding["kind"] == "MutatingAdmissionPolicyBinding"


@pytest.mark.parametrize(
    ("match", "note"),
    [
        ("{any: [{resources: {kinds: [Pod], names: [a]}}]}", "names is not converted"),
        (
            "{any: [{resources: {kinds: [Pod]}, subjects: [{kind: User}]}]}",
            "subjects is not converted",
        ),
        ("{any: [{resources: {}}]}", "not converted: match has no kinds"),
    ],
)
def test_what_a_match_has_beyond_kinds_is_named(match: str, note: str) -> None:
    text = CLUSTER.split("  - name: pattern", maxsplit=1)[0]
    head, _, tail = text.partition("    match:\n")
    tail = tail[tail.index("    celPreconditions") :]
    conversion, _ = convert(f"{head}    match: {match}\n{tail}")
    assert any(note in each for each in conversion.notes), conversion.notes


GROUPS = {
    "": "pods services configmaps secrets namespaces serviceaccounts persistentvolumeclaims nodes "
    "persistentvolumes replicationcontrollers endpoints events limitranges resourcequotas",
    "apps": "deployments statefulsets daemonsets replicasets controllerrevisions",
    "batch": "jobs cronjobs",
    "networking.k8s.io": "ingresses networkpolicies ingressclasses",
    "autoscaling": "horizontalpodautoscalers",
    "policy": "poddisruptionbudgets",
    "rbac.authorization.k8s.io": "roles rolebindings clusterroles clusterrolebindings",
    "machinelearning.seldon.io": "seldondeployments",
    "keda.sh": "scaledobjects",
}
KINDS = (
    *("Pod", "Service", "ConfigMap", "Secret"),
    *("Namespace", "ServiceAccount", "PersistentVolumeClaim", "Node"),
    *("PersistentVolume", "ReplicationController", "Endpoints", "Event"),
    *("LimitRange", "ResourceQuota", "Deployment", "StatefulSet"),
    *("DaemonSet", "ReplicaSet", "ControllerRevision", "Job"),
    *("CronJob", "Ingress", "NetworkPolicy", "IngressClass"),
    *("HorizontalPodAutoscaler", "PodDisruptionBudget", "Role", "RoleBinding"),
    *("ClusterRole", "ClusterRoleBinding", "SeldonDeployment", "ScaledObject"),
)
RESOURCES = [(group, name) for group, names in GROUPS.items() for name in names.split()]


@pytest.mark.parametrize(
    ("kind", "group", "resource"),
    [(kind, *found) for kind, found in zip(KINDS, RESOURCES, strict=True)],
)
def test_a_kind_without_a_group_is_kubernetes_own(kind: str, group: str, resource: str) -> None:
    text = CLUSTER.split("  - name: pattern", maxsplit=1)[0]
    conversion, _ = convert(text.replace("[Pod, apps/v1/Deployment]", f"[{kind}]"))
    (rule,) = conversion.objects[0]["spec"]["matchConstraints"]["resourceRules"]
    assert (rule["apiGroups"], rule["resources"]) == ([group], [resource])


def test_a_kind_with_a_group_keeps_it_and_what_is_no_expression_is_passed_over() -> None:
    text = CLUSTER.replace("[Pod, apps/v1/Deployment]", "[example.org/v2/Pod, 1]")
    conversion, _ = convert(text.replace("expressions: [", "expressions: [1, "))
    spec = conversion.objects[0]["spec"]
    (rule,) = spec["matchConstraints"]["resourceRules"]
    assert (rule["apiGroups"], rule["apiVersions"]) == (["example.org"], ["v2"])
    assert len(spec["validations"]) == 1


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("autogen", "graphgate evaluates policies for pods on the pods rendered from an object"),
        ("evaluation", "whoever loads the file decides where a policy is evaluated"),
        ("webhookConfiguration", "it configures Kyverno's own webhook"),
    ],
)
def test_why_a_field_is_left_out_is_told(field: str, reason: str) -> None:
    text = VALIDATING.replace("spec:\n", f"spec:\n  {field}: {{a: b}}\n", 1)
    text = "".join(
        line
        for line in text.splitlines(keepends=True)
        if f"{field}: {{a: b}}" in line or not line.strip().startswith(f"{field}:")
    )
    conversion, _ = convert(text)
    assert f"pinned: spec.{field} is not converted: {reason}" in conversion.notes


def test_the_default_of_a_cluster_policy_is_to_audit() -> None:
    conversion, _ = convert(CLUSTER.replace("  validationFailureAction: Enforce\n", ""))
    assert conversion.objects[1]["spec"]["validationActions"] == ["Audit"]


@pytest.mark.parametrize("value", [None, 1, [], {"kind": "ClusterPolicy"}, {"kind": "Pod"}, {}])
def test_whatever_it_is_given_it_ends(value: Any) -> None:
    assert convert_documents([value], "kyverno").objects == ()


def test_a_condition_that_is_called_by_a_sentence_gets_a_name() -> None:
    text = CLUSTER.replace("{name: some,", "{name: Only what is new!,")
    conversion, policies = convert(text)
    assert policies.problems == ()
    (condition,) = conversion.objects[0]["spec"]["matchConditions"]
    assert condition["name"] == "Only-what-is-new"
    assert 'pods-pinned: the condition "Only what is new!" is renamed to "Only-what-is-new"' in (
        conversion.notes
    )


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("undeclared reference to 'resource'", ": it belongs to a library that only Kyverno has"),
        ("undeclared reference to 'foo'", ""),
    ],
)
def test_a_library_of_kyverno_alone_is_the_reason(message: str, reason: str) -> None:
    assert explain_problem(message, "kyverno") == f"{message}{reason}"
    assert explain_problem(message, "gatekeeper") == message


WHOLE_RULE = """\
apiVersion: kyverno.io/v1
kind: Policy
metadata:
  name: pods
  annotations:
    policies.kyverno.io/title: |
      Two
      lines
    policies.kyverno.io/category: Images
    policies.kyverno.io/severity: medium
    policies.kyverno.io/subject: Pod
spec:
  failurePolicy: Ignore
  rules:
  - name: all
    match:
      resources:
        kinds: [v1/Pod, apps/v1/Deployment, CronJob, Unknown, "*", 1]
        namespaceSelector: {matchLabels: {stage: prod}}
        selector: {matchLabels: {team: wine}}
        names: [a]
        name: a
        namespaces: [b]
        annotations: {c: d}
      subjects: [{kind: User}]
      roles: [e]
      clusterRoles: [f]
    exclude:
      resources: {kinds: [Pod], operations: [CONNECT], selector: {matchLabels: {a: b}}}
    validate:
      failureAction: enforce
      message: a message
      cel:
        generate: true
        paramKind: {apiVersion: v1, kind: ConfigMap}
        paramRef: {name: p, parameterNotFoundAction: Deny}
        auditAnnotations: [{key: k, valueExpression: "''"}]
        expressions:
        - {expression: "true"}
        - {expression: "true", message: its own}
        - {expression: "true", messageExpression: "'its own'"}
"""


def test_all_that_a_rule_with_cel_has_is_carried_over_or_named() -> None:
    conversion, policies = convert(WHOLE_RULE)
    assert policies.problems == ()

    def resources(group: str, version: str, name: str, operations: list[str]) -> Any:
        return {
            "apiGroups": [group],
            "apiVersions": [version],
            "operations": operations,
            "resources": [name],
        }

    both = ["CREATE", "UPDATE"]
    assert conversion.objects == (
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {
                "name": "pods-all",
                "annotations": {
                    "graphgate.io/title": "Two lines",
                    "graphgate.io/category": "Images",
                    "graphgate.io/severity": "medium",
                },
            },
            "spec": {
                "failurePolicy": "Ignore",
                "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
                "matchConstraints": {
                    "resourceRules": [
                        resources("", "v1", "pods", both),
                        resources("apps", "v1", "deployments", both),
                        resources("batch", "*", "cronjobs", both),
                        resources("*", "*", "unknowns", both),
                        resources("*", "*", "*", both),
                    ],
                    "namespaceSelector": {"matchLabels": {"stage": "prod"}},
                    "objectSelector": {"matchLabels": {"team": "wine"}},
                    "excludeResourceRules": [resources("", "*", "pods", ["CONNECT"])],
                },
                "validations": [
                    {"expression": "true", "message": "a message"},
                    {"expression": "true", "message": "its own"},
                    {"expression": "true", "messageExpression": "'its own'"},
                ],
                "auditAnnotations": [{"key": "k", "valueExpression": "''"}],
            },
        },
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": "pods-all"},
            "spec": {
                "policyName": "pods-all",
                "validationActions": ["Deny"],
                "paramRef": {"name": "p", "parameterNotFoundAction": "Deny"},
            },
        },
    )
    left_out = "is not converted: write a matchCondition"
    assert conversion.notes == (
        "pods-all: validate.cel.generate is not converted: Kubernetes has no equivalent",
        f"pods-all: match.names {left_out} instead",
        f"pods-all: match.name {left_out} instead",
        f"pods-all: match.namespaces {left_out} instead",
        f"pods-all: match.annotations {left_out} instead",
        f"pods-all: match.subjects {left_out} on request.userInfo instead",
        f"pods-all: match.roles {left_out} on request.userInfo instead",
        f"pods-all: match.clusterRoles {left_out} on request.userInfo instead",
        "pods-all: exclude.selector is not converted: it applied to some of the kinds only",
    )


@pytest.mark.parametrize("word", ["any", "all"])
def test_selectors_of_one_of_several_blocks_would_hold_for_all(word: str) -> None:
    one = "{resources: {kinds: [Pod], selector: {matchLabels: {a: b}}}}"
    other = "{resources: {kinds: [Job], namespaceSelector: {matchLabels: {a: b}}}}"
    text = CLUSTER.split("  - name: pattern", maxsplit=1)[0].replace(
        "any:\n      - resources: {kinds: [Pod, apps/v1/Deployment], operations: [CREATE]}",
        f"{word}: [{one}, 1, {other}]",
    )
    conversion, _ = convert(text)
    constraints = conversion.objects[0]["spec"]["matchConstraints"]
    assert [rule["resources"] for rule in constraints["resourceRules"]] == [["pods"], ["jobs"]]
    assert constraints.keys() == {"resourceRules"}
    some = "is not converted: it applied to some of the kinds only"
    assert conversion.notes == (
        f"pods-pinned: match.selector {some}",
        f"pods-pinned: match.namespaceSelector {some}",
    )


def test_the_selector_of_the_only_block_is_carried_over() -> None:
    text = CLUSTER.replace("operations: [CREATE]}", "selector: {matchLabels: {a: b}}}")
    conversion, _ = convert(text)
    constraints = conversion.objects[0]["spec"]["matchConstraints"]
    assert constraints["objectSelector"] == {"matchLabels": {"a": "b"}}


@pytest.mark.parametrize(
    ("rule", "note"),
    [
        ("mutate: {}", "r-a: mutate is not converted: it is not CEL"),
        ("generate: {}", "r-a: generate is not converted: it is not CEL"),
        ("verifyImages: []", "r-a: verifyImages is not converted: it is not CEL"),
        ("other: {}", "r-a: it is not converted: it is not CEL"),
    ],
)
def test_a_rule_without_cel_is_named_by_what_it_does(rule: str, note: str) -> None:
    text = f"kind: Policy\nmetadata: {{name: r}}\nspec: {{rules: [1, {{name: a, {rule}}}]}}\n"
    conversion, _ = convert(text)
    assert (conversion.objects, conversion.notes) == ((), (note,))


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("kind: ImageVerificationPolicy", "(no name): ImageVerificationPolicy is not converted"),
        ("metadata: {name: a}", "a: it is not converted"),
    ],
)
def test_another_kind_is_left_out_by_name(text: str, note: str) -> None:
    assert convert(text)[0].notes == (f"{note}: not a kind with CEL",)


@pytest.mark.parametrize("conditions", [1, [1], [{}], {}])
def test_conditions_that_are_none_are_left_to_the_loader(conditions: Any) -> None:
    document = {
        "kind": "ValidatingPolicy",
        "metadata": {"name": "p"},
        "spec": {"matchConditions": conditions},
    }
    (policy, _) = convert_documents([document], "kyverno").objects
    assert policy["spec"]["matchConditions"] == conditions


def test_a_namespaced_policy_holds_for_all_namespaces_and_says_so() -> None:
    conversion, _ = convert(
        VALIDATING.replace("kind: Validating", "kind: NamespacedValidating").replace(
            "  validationActions: [Deny]\n", ""
        )
    )
    assert conversion.objects[1]["spec"]["validationActions"] == ["Deny"]
    assert conversion.notes[-1] == (
        "pinned: it applied to its own namespace only; the binding applies to all"
    )


def test_all_that_a_new_kind_shares_with_kubernetes_is_carried_over() -> None:
    spec = {
        "failurePolicy": "Ignore",
        "matchConstraints": {"resourceRules": []},
        "matchConditions": [{"name": "a" * 70 + "-", "expression": "true"}],
        "variables": [{"name": "v", "expression": "1"}],
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "validations": [{"expression": "true"}],
        "auditAnnotations": [{"key": "k", "valueExpression": "''"}],
        "validationActions": ["Audit"],
        "background": {},
        "other": 1,
    }
    document = {"kind": "ValidatingPolicy", "metadata": {"name": "p"}, "spec": spec}
    conversion = convert_documents([document], "kyverno")
    policy, binding = conversion.objects
    name = "a" * 63
    assert policy["spec"] == {
        key: [{"name": name, "expression": "true"}] if key == "matchConditions" else value
        for key, value in spec.items()
        if key not in ("validationActions", "background", "other")
    }
    assert "annotations" not in policy["metadata"]
    assert binding["spec"]["validationActions"] == ["Audit"]
    assert conversion.notes == (
        "p: spec.other is not converted: Kubernetes has no equivalent",
        f'p: the condition "{"a" * 70}-" is renamed to "{name}"',
    )


def test_all_that_a_mutating_policy_has_is_carried_over() -> None:
    spec = {
        "matchConstraints": {"resourceRules": []},
        "mutations": [{"patchType": "JSONPatch"}],
        "reinvocationPolicy": "IfNeeded",
        "validations": [{"expression": "true"}],
    }
    document = {"kind": "MutatingPolicy", "metadata": {"name": "p"}, "spec": spec}
    conversion = convert_documents([document], "kyverno")
    assert conversion.objects[0]["spec"] == {
        key: spec[key] for key in ("matchConstraints", "mutations", "reinvocationPolicy")
    }
    assert conversion.objects[1]["spec"] == {"policyName": "p"}
    assert conversion.notes == (
        "p: spec.validations is not converted: Kubernetes has no equivalent",
    )


def test_a_library_of_kyverno_alone_is_named() -> None:
    for name in (
        *("generator", "globalContext", "http", "image"),
        *("parseServiceAccount", "resource", "time"),
    ):
        message = f"undeclared reference to '{name}'"
        assert (
            explain_problem(message, "kyverno")
            == f"{message}: it belongs to a library that only Kyverno has"
        )
    assert explain_problem("'http' is odd", "kyverno") == "'http' is odd"
