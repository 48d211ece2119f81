"""Users' policies among the other sources of findings: their mutations, findings and exceptions.

Imported only where there are policies: the engine behind them costs a third of a second.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from webhook.engine.decision import SuppressedFinding
from webhook.engine.dedupe import locate_finding
from webhook.engine.policy_context import PolicyContext
from webhook.engine.rendered_pods import Rendering
from webhook.engine.rule_runner import ActionFinding
from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding, Operation
from webhook.graph.path import ROOT
from webhook.policy import (
    AdmissionRequest,
    EvaluationLimits,
    PolicyFailure,
    apply_exceptions,
    apply_request,
    evaluate_policies,
    mutate_object,
)
from webhook.policy.scope import is_about_rendered
from webhook.rules.other_ids import POLICY_EXCEPTION_RULE_ID
from webhook.settings.model import Settings


@dataclass(frozen=True, slots=True)
class MutatedObject:
    """The document with the policies' mutations, and what they could not do."""

    document: Any
    operations: tuple[Operation, ...]
    findings: tuple[ActionFinding, ...]


def _admission_request(
    policy_context: PolicyContext, document: Any, old_document: Any, namespace: str
) -> AdmissionRequest:
    """Return the request that the policies evaluate: the raw one if there is one, else an apply."""
    if policy_context.request is not None:
        return policy_context.request._replace(object=document)
    operation = "CREATE" if old_document is None else "UPDATE"
    return apply_request(
        document,
        operation,
        old_document,
        namespace=namespace or None,
        user=policy_context.user,
        groups=policy_context.groups,
    )


def apply_mutations(
    policy_context: PolicyContext, document: Any, old_document: Any, namespace: str, facts: Facts
) -> MutatedObject:
    """Return a document after the mutating policies."""
    request = _admission_request(policy_context, document, old_document, namespace)
    mutation = mutate_object(
        policy_context.policies,
        request,
        facts,
        EvaluationLimits(deadline_exceeded=policy_context.expired),
    )
    return MutatedObject(
        mutation.object, mutation.operations, tuple(_policy_error_findings(mutation.failures))
    )


def run_validations(
    policy_context: PolicyContext, document: Any, old_document: Any, namespace: str, facts: Facts
) -> Iterator[ActionFinding]:
    """Yield findings of the validating policies, with the actions of their bindings.

    Their auditAnnotations are findings for the record.
    """
    request = _admission_request(policy_context, document, old_document, namespace)
    evaluation = evaluate_policies(
        policy_context.policies,
        request,
        facts,
        EvaluationLimits(deadline_exceeded=policy_context.expired),
    )
    for policy_finding in evaluation.findings:
        is_certain = policy_finding.finding.certain or policy_finding.action != "deny"
        yield (policy_finding.action if is_certain else "warn"), policy_finding.finding
    for name, value in evaluation.audit_annotations.items():
        policy, _, key = name.rpartition("/")
        annotation = " ".join(value.split())
        yield "audit", Finding(ROOT, f"{key}: {annotation}", rule_id=f"policy/{policy}")
    yield from _policy_error_findings(evaluation.failures)


def run_rendered(
    policy_context: PolicyContext,
    rendering: Rendering,
    namespace: str,
    facts: Facts,
    settings: Settings,
) -> Iterator[ActionFinding]:
    """Yield findings of policies for pods and other kinds on the rendered objects of a document.

    Rendering costs more than most rules together: it happens only for a policy that needs it.
    """
    if not any(is_about_rendered(bound.policy) for bound in policy_context.policies.validating):
        return
    from webhook.engine.rendered_policies import run_rendered_validations

    yield from run_rendered_validations(
        policy_context,
        rendering,
        namespace,
        facts,
        mode=settings.policies.rendered,
    )


def drop_exempted(
    findings: Iterable[ActionFinding],
    policy_context: PolicyContext,
    namespace: str,
    name: str,
    document: Any,
) -> tuple[list[ActionFinding], tuple[SuppressedFinding, ...]]:
    """Return what no exception takes back, with warnings of expired ones, and what one does."""
    pairs = [(action, locate_finding(finding, document)) for action, finding in findings]
    exemption = apply_exceptions(
        [finding for _, finding in pairs],
        policy_context.policies.exceptions,
        policy_context.now,
        namespace=namespace,
        name=name,
        document=document,
    )
    kept = {id(finding) for finding in exemption.kept}
    actions = {id(finding): action for action, finding in pairs}
    suppressed = tuple(
        SuppressedFinding(
            exempted.finding,
            actions[id(exempted.finding)],
            exempted.exception.name,
            exempted.exception.reason,
            exempted.exception.expires_at,
        )
        for exempted in exemption.exempted_findings
    )
    expired: list[ActionFinding] = [
        (
            "warn",
            Finding(
                ROOT,
                f'the exception "{exception.name}" has expired and no longer exempts anything',
                "renew it or remove it",
                rule_id=POLICY_EXCEPTION_RULE_ID,
            ),
        )
        for exception in exemption.expired_exceptions
    ]
    return [pair for pair in pairs if id(pair[1]) in kept] + expired, suppressed


def _policy_error_findings(failures: Iterable[PolicyFailure]) -> Iterator[ActionFinding]:
    """Yield a finding for each policy that could not be evaluated: its author's or our error."""
    for failure in failures:
        finding = Finding(
            ROOT,
            f"the policy could not be evaluated: {failure.error}",
            "the error is in the policy, not in the object",
            rule_id=failure.rule_id,
        )
        # An Ignore that holds for want of time would let pass whatever is made slow enough.
        yield "deny" if failure.exceeded else failure.action or "warn", finding
