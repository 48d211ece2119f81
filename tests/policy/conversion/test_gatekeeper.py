"""Gatekeeper's templates with CEL and their constraints, carried over."""

from typing import Any

import pytest
import yaml

from tests.documents_of import minimal
from webhook.engine.evaluate import evaluate
from webhook.engine.policy_context import PolicyContext
from webhook.graph.cluster_facts import NO_FACTS
from webhook.policy import PolicySet, SourceObject, load_policy_set
from webhook.policy.conversion import Conversion, convert_documents
from webhook.settings.model import read_settings

TEMPLATE = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata:
  name: k8sallowedrepos
  annotations: {metadata.gatekeeper.sh/title: Allowed repositories}
spec:
  crd: {spec: {names: {kind: K8sAllowedRepos}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    code:
    - engine: K8sNativeValidation
      source:
        generateVAP: true
        variables:
        - name: containers
          expression: variables.anyObject.spec.containers
        validations:
        - expression: >-
            variables.containers.all(c,
              variables.params.repos.exists(r, string(c.image).startsWith(r)))
          message: from another repository
    - engine: Rego
      source: {rego: "package a"}
"""
CONSTRAINT = """\
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: K8sAllowedRepos
metadata: {name: ours}
spec:
  enforcementAction: warn
  match:
    kinds: [{apiGroups: [''], kinds: [Pod]}]
    excludedNamespaces: [kube-system]
  parameters: {repos: [ours.example/]}
"""


def convert(*texts: str) -> tuple[Conversion, PolicySet]:
    documents = yaml.safe_load_all("---\n".join(texts))
    conversion = convert_documents(documents, "gatekeeper")
    return conversion, load_policy_set(SourceObject("", each) for each in conversion.objects)


def test_a_template_and_its_constraint_become_policy_binding_and_parameter() -> None:
    conversion, policies = convert(TEMPLATE, CONSTRAINT)
    assert policies.problems == ()
    policy, binding, parameter = conversion.objects
    source = yaml.safe_load(TEMPLATE)["spec"]["targets"][0]["code"][0]["source"]
    everything = {
        "apiGroups": ["*"],
        "apiVersions": ["*"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["*"],
    }
    assert policy["metadata"] == {
        "name": "k8sallowedrepos",
        "annotations": {"graphgate.io/title": "Allowed repositories"},
    }
    assert policy["spec"] == {
        "failurePolicy": "Fail",
        "paramKind": {
            "apiVersion": "constraints.gatekeeper.sh/v1beta1",
            "kind": "K8sAllowedRepos",
        },
        "matchConstraints": {"resourceRules": [everything]},
        "variables": [
            {"name": "anyObject", "expression": "object == null ? oldObject : object"},
            {
                "name": "params",
                "expression": "has(params.spec) && has(params.spec.parameters) ? "
                "params.spec.parameters : null",
            },
            *source["variables"],
        ],
        "validations": source["validations"],
    }
    assert binding["metadata"] == {"name": "k8sallowedrepos-ours"}
    assert binding["spec"] == {
        "policyName": "k8sallowedrepos",
        "validationActions": ["Warn"],
        "paramRef": {"name": "ours", "parameterNotFoundAction": "Deny"},
        "matchResources": {
            "resourceRules": [{**everything, "apiGroups": [""], "resources": ["pods"]}]
        },
    }
    assert parameter == yaml.safe_load(CONSTRAINT)
    assert conversion.notes == (
        "k8sallowedrepos: spec.generateVAP is not converted: the policy is written here",
        "ours: spec.match.excludedNamespaces is not converted: write a matchCondition instead",
    )


@pytest.mark.parametrize(("repository", "count"), [("ours.example/", 1), ("registry.example/", 0)])
def test_it_judges_the_pods_of_a_seldondeployment(repository: str, count: int) -> None:
    _, policies = convert(TEMPLATE, CONSTRAINT.replace("ours.example/", repository))
    decision = evaluate(
        minimal(), read_settings(), NO_FACTS, policy_context=PolicyContext(policies, 0)
    )
    found = [f.message for f in decision.warnings if f.rule_id.startswith("policy/")]
    assert found == ["pod of predictor main: from another repository"] * count


@pytest.mark.parametrize(
    ("action", "ours"), [("deny", "Deny"), ("dryrun", "Audit"), ("scoped", "Audit")]
)
def test_what_a_constraint_does_is_carried_over(action: str, ours: str) -> None:
    conversion, _ = convert(TEMPLATE, CONSTRAINT.replace("warn", action))
    assert conversion.objects[1]["spec"]["validationActions"] == [ours]
    said = f"ours: enforcementAction {action} becomes Audit" in conversion.notes
    assert said is (action == "scoped")


def test_selectors_are_carried_over_and_an_empty_match_is_none() -> None:
    labels = {"matchLabels": {"team": "a"}}
    constraint = yaml.safe_load(CONSTRAINT)
    constraint["spec"]["match"] = {"labelSelector": labels, "namespaceSelector": labels}
    conversion, _ = convert(TEMPLATE, yaml.safe_dump(constraint))
    binding = conversion.objects[1]["spec"]
    assert binding["matchResources"] == {"objectSelector": labels, "namespaceSelector": labels}
    assert conversion.notes[1:] == ()

    constraint["spec"]["match"] = {"labelSelector": {}, "namespaceSelector": None}
    conversion, _ = convert(TEMPLATE, yaml.safe_dump(constraint))
    assert "matchResources" not in conversion.objects[1]["spec"]


def test_a_template_without_a_name_is_named_as_that() -> None:
    rego = TEMPLATE.replace("K8sNativeValidation", "Other").replace("  name: k8s", "  title: k8s")
    conversion, _ = convert(rego)
    assert conversion.notes == (
        "(no name): not converted: it has Rego, but no K8sNativeValidation",
    )


def test_a_template_without_a_title_gets_none() -> None:
    conversion, _ = convert(TEMPLATE.replace("metadata.gatekeeper.sh/title", "other"))
    assert conversion.objects[0]["metadata"] == {"name": "k8sallowedrepos"}


def test_what_is_malformed_beside_it_is_passed_over() -> None:
    template = TEMPLATE.replace("  targets:\n", "  targets:\n  - 1\n")
    kinds = "kinds: [1, {apiGroups: [''], kinds: [Pod, 1]}]"
    constraint = CONSTRAINT.replace("kinds: [{apiGroups: [''], kinds: [Pod]}]", kinds)
    assert (
        convert(template, constraint)[0].objects[:2] == convert(TEMPLATE, CONSTRAINT)[0].objects[:2]
    )


def test_what_a_source_has_as_a_policy_has_it_is_carried_over() -> None:
    more = (
        "        failurePolicy: Ignore\n"
        "        matchConditions: [{name: named, expression: has(object.metadata.name)}]\n"
        "        variables:\n"
    )
    conversion, policies = convert(TEMPLATE.replace("        variables:\n", more), CONSTRAINT)
    spec = conversion.objects[0]["spec"]
    assert policies.problems == ()
    assert spec["failurePolicy"] == "Ignore"
    assert spec["matchConditions"] == [{"name": "named", "expression": "has(object.metadata.name)"}]
    assert [each["name"] for each in spec["variables"]] == ["anyObject", "params", "containers"]
    assert spec["validations"][0]["message"] == "from another repository"


def test_rego_and_what_belongs_to_it_are_left_out() -> None:
    rego = TEMPLATE.replace("K8sNativeValidation", "Other")
    conversion, _ = convert(rego, CONSTRAINT)
    assert conversion.objects == ()
    assert conversion.notes == (
        "k8sallowedrepos: not converted: it has Rego, but no K8sNativeValidation",
        "ours: K8sAllowedRepos is not converted: its ConstraintTemplate with CEL is not among "
        "the files",
    )


@pytest.mark.parametrize(
    ("kinds", "resources"), [("[Pod, '*']", ["pods", "*"]), ("['*']", ["*"]), ("[]", ["*"])]
)
def test_kinds_become_resources_and_all_stay_all(kinds: str, resources: list[str]) -> None:
    conversion, _ = convert(TEMPLATE, CONSTRAINT.replace("kinds: [Pod]", f"kinds: {kinds}"))
    _, binding, _ = conversion.objects
    (rule,) = binding["spec"]["matchResources"]["resourceRules"]
    assert rule["resources"] == resources


@pytest.mark.parametrize("value", [None, 1, [], {"kind": "ConstraintTemplate"}, {"kind": "Pod"}])
def test_whatever_it_is_given_it_ends(value: Any) -> None:
    assert convert_documents([value], "gatekeeper").objects == ()
