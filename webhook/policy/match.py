"""Whether a policy or binding is about a request.

Source: k8s.io/apiserver pkg/admission/plugin/policy/matching/matching.go and
plugin/webhook/predicates (rules, namespace, object).
"""

from collections.abc import Mapping
from typing import Any

from webhook.graph.facts import Facts
from webhook.policy.policy import Match, Rule
from webhook.policy.request import SELDON_GROUP, Request
from webhook.policy.selectors import labels_of

NAME_LABEL = "kubernetes.io/metadata.name"
"""The label that the API server gives to every namespace: its name."""


def matches(match: Match, request: Request, labels: Mapping[str, Any]) -> bool:
    """Tell whether a request is one of those that a policy or binding is for.

    labels  of the request's namespace
    """
    if match.namespaces.requirements and request.namespace and not match.namespaces.matches(labels):
        return False
    if match.objects.requirements and not (
        _labelled(match, request.object) or _labelled(match, request.old_object)
    ):
        return False
    if match.excluded and any(_applies(rule, request, match.exact) for rule in match.excluded):
        return False
    if match.rules is None:
        return True
    for rule in match.rules:  # noqa: SIM110 — any() costs a generator, twenty times a review
        if _applies(rule, request, match.exact):
            return True
    return False


def _labelled(match: Match, value: Any) -> bool:
    return type(value) is dict and match.objects.matches(labels_of(value))


def _applies(rule: Rule, request: Request, exact: bool) -> bool:  # noqa: FBT001 — private
    return (
        (request.operation in rule.operations or "*" in rule.operations)
        and (request.group in rule.groups or "*" in rule.groups)
        and (
            "*" in rule.versions
            or request.version in rule.versions
            or (not exact and _equivalent(rule.versions, request))
        )
        and (rule.scope == "*" or (rule.scope == "Namespaced") is bool(request.namespace))
        and _covers(rule.resources, request)
        and (not rule.names or request.name in rule.names)
    )


_EQUIVALENT = {SELDON_GROUP: frozenset({"v1", "v1alpha2", "v1alpha3"})}
"""Versions of one resource, which are equal unless matchPolicy is Exact."""


def _equivalent(versions: frozenset[str], request: Request) -> bool:
    known = _EQUIVALENT.get(request.group, frozenset())
    return request.version in known and not versions.isdisjoint(known)


def _covers(resources: frozenset[str], request: Request) -> bool:
    """Tell whether "pods", "pods/status", "*/status", "pods/*", "*" or "*/*" covers a request."""
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


def namespace_labels(name: str, facts: Facts) -> Mapping[str, Any]:
    """Return the labels of a namespace, at least its name."""
    known = facts.namespaces.get(name)
    return {NAME_LABEL: name, **(known.labels if known else {})}


def namespace_object(name: str, facts: Facts) -> dict[str, Any] | None:
    """Return what `namespaceObject` is: the namespace as far as it is known, null without one."""
    if not name:
        return None
    known = facts.namespaces.get(name)
    metadata: dict[str, Any] = {"name": name, "labels": dict(namespace_labels(name, facts))}
    if known and known.annotations:
        metadata["annotations"] = dict(known.annotations)
    return {"metadata": metadata}
