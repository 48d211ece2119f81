"""Whether a policy or binding is about a request.

Source: k8s.io/apiserver pkg/admission/plugin/policy/matching/matching.go and
plugin/webhook/predicates (rules, namespace, object).
"""

from collections.abc import Mapping
from typing import Any

from webhook.graph.admission_request import AdmissionRequest
from webhook.graph.cluster_facts import Facts
from webhook.graph.selectors import get_labels
from webhook.graph.well_known import SELDON_GROUP
from webhook.policy.model import MatchResources, ResourceRule

NAME_LABEL = "kubernetes.io/metadata.name"
"""The label that the API server gives to every namespace: its name."""


def matches_request(
    match: MatchResources, request: AdmissionRequest, labels: Mapping[str, Any]
) -> bool:
    """Return whether a request is one of those that a policy or binding is for.

    labels  of the request's namespace
    """
    if (
        match.namespace_selector.requirements
        and request.namespace
        and not match.namespace_selector.matches(labels)
    ):
        return False
    if match.object_selector.requirements and not (
        _labels_match(match, request.object) or _labels_match(match, request.old_object)
    ):
        return False
    if match.exclude_resource_rules and any(
        _rule_applies(rule, request, match.exact_versions) for rule in match.exclude_resource_rules
    ):
        return False
    if match.resource_rules is None:
        return True
    for rule in match.resource_rules:  # noqa: SIM110 — any() costs a generator, twenty times a review
        if _rule_applies(rule, request, match.exact_versions):
            return True
    return False


def _labels_match(match: MatchResources, value: Any) -> bool:
    return type(value) is dict and match.object_selector.matches(get_labels(value))


def _rule_applies(rule: ResourceRule, request: AdmissionRequest, exact_versions: bool) -> bool:  # noqa: FBT001 — private
    return rule_covers(rule, request, exact_versions=exact_versions) and (
        not rule.resource_names or request.name in rule.resource_names
    )


def rule_covers(rule: ResourceRule, request: AdmissionRequest, *, exact_versions: bool) -> bool:
    """Return whether a rule is about a request, whatever name its object has."""
    return (
        (request.operation in rule.operations or "*" in rule.operations)
        and (request.group in rule.api_groups or "*" in rule.api_groups)
        and (
            "*" in rule.api_versions
            or request.version in rule.api_versions
            or (not exact_versions and _is_equivalent_version(rule.api_versions, request))
        )
        and (rule.scope == "*" or (rule.scope == "Namespaced") is bool(request.namespace))
        and _covers_resource(rule.resources, request)
    )


_EQUIVALENT_VERSIONS = {SELDON_GROUP: frozenset({"v1", "v1alpha2", "v1alpha3"})}
"""Versions of one resource, which are equal unless matchPolicy is Exact."""


def _is_equivalent_version(versions: frozenset[str], request: AdmissionRequest) -> bool:
    known = _EQUIVALENT_VERSIONS.get(request.group, frozenset())
    return request.version in known and not versions.isdisjoint(known)


def _covers_resource(resources: frozenset[str], request: AdmissionRequest) -> bool:
    """Return whether "pods", "pods/status", "*/status", "pods/*", "*" or "*/*" covers a request."""
    if not request.subresource:
        return request.resource in resources or "*" in resources or "*/*" in resources
    return not resources.isdisjoint(
        {
            "*/*",
            f"{request.resource}/*",
            f"*/{request.subresource}",
            f"{request.resource}/{request.subresource}",
        }
    )


def get_namespace_labels(name: str, facts: Facts) -> Mapping[str, Any]:
    """Return the labels of a namespace, at least its name."""
    known = facts.namespaces.get(name)
    return {NAME_LABEL: name, **(known.labels if known else {})}


def build_namespace_object(name: str, facts: Facts) -> dict[str, Any] | None:
    """Return what `namespaceObject` is: the namespace as far as it is known, null without one."""
    if not name:
        return None
    known = facts.namespaces.get(name)
    metadata: dict[str, Any] = {"name": name, "labels": dict(get_namespace_labels(name, facts))}
    if known and known.annotations:
        metadata["annotations"] = dict(known.annotations)
    return {"metadata": metadata, "spec": {}, "status": {}}  # there always, as in Kubernetes
