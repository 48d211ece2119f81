"""What a policy applies to: SeldonDeployments, their Scale, and rendered objects.

A SeldonDeployment becomes Deployments with pods, Services, autoscalers and disruption budgets. A
policy for one of these kinds is evaluated on the rendered objects before they exist
(`engine.rendered_policies`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from webhook.graph.admission_request import AdmissionRequest
from webhook.graph.well_known import KEDA_GROUP, SELDON_GROUP, SELDON_RESOURCE
from webhook.policy.match import NAME_LABEL, rule_covers
from webhook.policy.model import Binding, MatchResources, Policy
from webhook.policy.reads import FieldRead


@dataclass(frozen=True, slots=True)
class SeenResource:
    """A resource on which graphgate evaluates policies.

    versions    of its API, as graphgate sends them
    operations  that it is asked with
    """

    group: str
    resource: str
    versions: tuple[str, ...]
    operations: tuple[str, ...] = ("CREATE", "UPDATE")
    subresource: str = ""

    def __str__(self) -> str:
        name = f"{self.resource}/{self.subresource}" if self.subresource else self.resource
        return f"{name}.{self.group}" if self.group not in ("", SELDON_GROUP) else name


STORED_RESOURCES = (
    SeenResource(SELDON_GROUP, SELDON_RESOURCE, ("v1", "v1alpha3", "v1alpha2")),
    SeenResource(SELDON_GROUP, SELDON_RESOURCE, ("v1",), ("UPDATE",), "scale"),
)
"""What the webhooks match."""

RENDERED_RESOURCES = (
    SeenResource("", "pods", ("v1",), ("CREATE",)),
    SeenResource("apps", "deployments", ("v1",), ("CREATE",)),
    SeenResource("", "services", ("v1",), ("CREATE",)),
    SeenResource("autoscaling", "horizontalpodautoscalers", ("v2",), ("CREATE",)),
    SeenResource(KEDA_GROUP, "scaledobjects", ("v1alpha1",), ("CREATE",)),
    SeenResource("policy", "poddisruptionbudgets", ("v1",), ("CREATE",)),
)
"""Rendered objects; each is evaluated as if it were created."""


def covers(match: MatchResources, seen: SeenResource) -> bool:
    """Return whether a policy or binding matches a resource, regardless of labels and names."""
    return any(_covers_request(match, request) for request in _probes(seen))


def _probes(seen: SeenResource) -> Iterator[AdmissionRequest]:
    for version in seen.versions:
        for operation in seen.operations:
            yield AdmissionRequest(
                operation,
                None,
                group=seen.group,
                version=version,
                resource=seen.resource,
                subresource=seen.subresource,
                namespace="any",
            )


def _covers_request(match: MatchResources, request: AdmissionRequest) -> bool:
    exact = match.exact_versions
    if any(
        rule_covers(rule, request, exact_versions=exact)
        for rule in match.exclude_resource_rules
        if not rule.resource_names
    ):
        return False
    return match.resource_rules is None or any(
        rule_covers(rule, request, exact_versions=exact) for rule in match.resource_rules
    )


def is_about_rendered(policy: Policy) -> bool:
    """Return whether a policy matches a rendered resource."""
    return any(covers(policy.match_constraints, seen) for seen in RENDERED_RESOURCES)


def describe_scope(policy: Policy) -> tuple[str, str]:
    """Return what a policy applies to: stored resources, and rendered ones; "" for none."""
    match = policy.match_constraints
    stored = [str(seen) for seen in STORED_RESOURCES if covers(match, seen)]
    rendered = []
    if policy.on_rendered != "off":
        rendered = [str(seen) for seen in RENDERED_RESOURCES if covers(match, seen)]
    return ", ".join(stored), ", ".join(rendered)


def scope_warnings(policy: Policy) -> Iterator[str]:
    """Yield warnings about what a policy applies to."""
    stored, rendered = describe_scope(policy)
    if not stored and not rendered:
        if policy.on_rendered == "off" and is_about_rendered(policy):
            return
        yield "matches no resource that graphgate evaluates"
    if covers(policy.match_constraints, _SCALE):
        missing = sorted({str(read) for read in _reads_beyond_scale(policy)})
        if missing:
            yield (
                f"kubectl scale sends a Scale, which has no {missing[0]}: the expression fails "
                "there; use .? or has(), or remove seldondeployments/scale from resources"
            )
    elif policy.reads_replicas and covers(policy.match_constraints, STORED_RESOURCES[0]):
        yield (
            "reads spec.replicas, which kubectl scale can change without "
            "this policy: add seldondeployments/scale to resources"
        )


_SCALE = STORED_RESOURCES[1]
_SCALE_FIELDS = {"spec": {"replicas"}, "status": {"replicas", "selector"}}


def _reads_beyond_scale(policy: Policy) -> Iterator[FieldRead]:
    """Yield what a policy reads and cannot do without, and a Scale does not have."""
    optional = {read.fields[:2] for read in policy.reads if read.is_optional}
    for read in policy.reads:
        head = read.fields[:2]
        known = _SCALE_FIELDS.get(head[0])
        beyond = head[0] not in ("apiVersion", "kind", "metadata", *_SCALE_FIELDS)
        if known is not None and len(head) == 2 and head[1] not in known:
            beyond = True
        if beyond and not read.is_optional and head not in optional:
            yield FieldRead(read.root, head, is_optional=False)


def namespace_note(policy: Policy, binding: Binding) -> str:
    """Return why a binding cannot be decided where a namespace is not known; "" if it can."""
    selectors = (
        policy.match_constraints.namespace_selector,
        binding.match_resources.namespace_selector,
    )
    if any(
        requirement.key != NAME_LABEL
        for selector in selectors
        for requirement in selector.requirements
    ):
        return "selects namespaces by label: not evaluated without facts about them"
    return ""
