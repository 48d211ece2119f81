"""What is said of a Scale: the object of `seldondeployments/scale`, which `kubectl scale` updates.

The API server asks about the Scale alone (autoscaling/v1). It has name, namespace and
spec.replicas of its SeldonDeployment, and nothing else: only that number can be checked.
"""

from typing import Any

from webhook.engine.decision import Decision, RuleError, SuppressedFinding
from webhook.engine.dedupe import group_by_action
from webhook.engine.policy_context import PolicyContext
from webhook.engine.ratchet import ratchet
from webhook.engine.rule_runner import ActionFinding, run_rules
from webhook.graph.cluster_facts import Facts
from webhook.graph.model import as_mapping, get_mapping, get_str
from webhook.graph.parse import parse
from webhook.graph.path import ROOT
from webhook.settings.model import Settings

REPLICAS_PATH = ROOT / "spec" / "replicas"


def evaluate_scale(
    scale: Any,
    settings: Settings,
    facts: Facts,
    *,
    namespace: str,
    old_scale: Any,
    policy_context: PolicyContext | None = None,
) -> Decision:
    """Evaluate a Scale by what rules say of spec.replicas, and by the policies that are for it.

    old_scale  the Scale before, None if unknown; a number that was wrong and stays only warns
    """
    settings = settings.for_namespace(namespace, facts)
    rule_errors: list[RuleError] = []

    def run_checks(value: Any, errors: list[RuleError]) -> list[ActionFinding]:
        findings = _run_rules(value, settings, facts, errors)
        if policy_context is not None:
            from webhook.engine import policy_checks

            try:
                findings += policy_checks.run_validations(
                    policy_context, value, old_scale, namespace, facts
                )
            except Exception as error:  # noqa: BLE001 — as in `evaluate`
                errors.append(RuleError("policy", error))
        return findings

    findings = run_checks(scale, rule_errors)
    if old_scale is not None and settings.ratchet and findings:
        findings = ratchet(findings, (scale,), run_checks(old_scale, []), old_scale)
    suppressed: tuple[SuppressedFinding, ...] = ()
    if policy_context is not None:
        from webhook.engine import policy_checks

        name = get_str(get_mapping(as_mapping(scale), "metadata"), "name")
        findings, suppressed = policy_checks.drop_exempted(
            findings, policy_context, namespace, name, scale
        )
    grouped = group_by_action(scale, findings)
    return Decision(
        denials=grouped["deny"],
        warnings=grouped["warn"],
        audits=grouped["audit"],
        rule_errors=tuple(rule_errors),
        fail_closed=settings.on_rule_error == "deny",
        suppressed=suppressed,
        mode=settings.mode,
    )


def _run_rules(
    scale: Any, settings: Settings, facts: Facts, rule_errors: list[RuleError]
) -> list[ActionFinding]:
    """Return what rules say of a SeldonDeployment with this number of replicas, at that number."""
    spec = get_mapping(as_mapping(scale), "spec")
    view = parse({"spec": {"replicas": spec["replicas"]}} if "replicas" in spec else {})
    return [
        (action, finding)
        for action, finding in run_rules(settings.rule_set, view, None, facts, rule_errors)
        if finding.path == REPLICAS_PATH
    ]
