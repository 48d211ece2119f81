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
