"""The one engine: a document, the settings and the facts in, a Decision out.

Webhook, command line, audit and reconciler all enter here, so an error reads the same everywhere.
"""

from collections.abc import Callable, Iterable, Set
from dataclasses import replace
from typing import Any

from webhook.engine.allow_cache import AllowCache, CacheKey
from webhook.engine.decision import ALLOWED, Decision, RuleError, SuppressedFinding
from webhook.engine.dedupe import drop_superseded, group_by_action, locate_finding
from webhook.engine.evaluated_object import EvaluatedObject, read_object, strip_server_fields
from webhook.engine.overrides import override_actions
from webhook.engine.placeholders import explain_placeholders
from webhook.engine.pod_checks import check_pods
from webhook.engine.policy_context import PolicyContext
from webhook.engine.ratchet import ratchet
from webhook.engine.rule_runner import ActionFinding, run_rules
from webhook.graph.cluster_facts import Facts, Operator
from webhook.graph.finding import Finding, Operation
from webhook.graph.model import as_mapping, get_mapping, get_str
from webhook.graph.path import Path
from webhook.graph.well_known import LAST_APPLIED_ANNOTATION
from webhook.rules.other_ids import (
    DEFAULTING_RULE_ID,
    NOT_DEFAULTED_RULE_ID,
    POD_SECURITY_RULE_ID,
    POLICY_EXCEPTION_RULE_ID,
    POLICY_RULE_ID,
)
from webhook.settings.model import Settings

_NOTICE_RULE_IDS = frozenset({DEFAULTING_RULE_ID, NOT_DEFAULTED_RULE_ID, POLICY_EXCEPTION_RULE_ID})
"""The ids of what is added after the checks ran, and no ratchet weakens."""


def evaluate(
    document: Any,
    settings: Settings,
    facts: Facts,
    *,
    namespace: str | None = None,
    old_document: Any = None,
    apply_defaults: bool = True,
    policy_context: PolicyContext | None = None,
    allow_cache: AllowCache | None = None,
    operator: Operator | None = None,
) -> Decision:
    """Evaluate one SeldonDeployment, and fill in its defaults.

    document        any JSON value
    namespace       where it is or will be; None: where its metadata says
    old_document    the object before an update; its errors, where they are left, only warn
    apply_defaults  True: the object is checked with its defaults filled in, and the patch adds
                    them. False: it is checked as it is, with a warning if defaults are missing.
                    With `defaults.applyAt: render`, and where the mode is "observe", it is checked
                    with its defaults either way, and nothing is added
    policy_context  users' policies and exceptions; None: none
    allow_cache     what was found faultless before; None: nothing is remembered
    operator        whose pods are checked; None: as settings, object and facts say

    What the API server and controllers write, `status` and most of `metadata`, is for policies
    only. An object that is being deleted is allowed as it is: denying the update that removes its
    finalizer would keep it forever, and nobody makes pods of it any more. Of an update the object
    before it says so, too: what the new one says of its deletion, its author may have written.
    """
    evaluated = read_object(
        document,
        settings,
        facts,
        namespace=namespace,
        old_document=old_document,
        apply_defaults=apply_defaults,
        policy_context=policy_context,
        operator=operator,
    )
    return evaluate_object(evaluated, allow_cache=allow_cache)


def evaluate_object(
    evaluated: EvaluatedObject, *, allow_cache: AllowCache | None = None
) -> Decision:
    """Evaluate an object that was read (`read_object`); see `evaluate`."""
    if evaluated.is_being_deleted:
        return ALLOWED
    settings = evaluated.settings
    rule_errors: list[RuleError] = []
    key = _cache_key(evaluated, allow_cache)
    given = evaluated.given_settings, evaluated.given_facts
    findings = list(evaluated.mutations)
    if allow_cache is None or key is None or not allow_cache.contains(key, *given):
        old = evaluated.old
        findings += run_rules(
            settings.rule_set,
            evaluated.view,
            None if old is None else old.view,
            evaluated.facts,
            rule_errors,
            routing=settings.routing,
        )
        findings += _ask_other_sources(evaluated, old, rule_errors)
        if old is not None and settings.ratchet:
            findings = _ratchet(evaluated, old, findings)
        if allow_cache is not None and key is not None and not findings and not rule_errors:
            allow_cache.add(key)
    findings, suppressed = _drop_exempted(findings, evaluated)
    findings += _notices(evaluated)
    if settings.action_overrides:
        actions = settings.action_overrides.items()
        notices = {rule_id: action for rule_id, action in actions if rule_id in _NOTICE_RULE_IDS}
        findings = list(override_actions(findings, notices))
    if not findings and not rule_errors:
        return Decision(patch=evaluated.patch, suppressed=suppressed, mode=settings.mode)
    findings = explain_placeholders(evaluated.submitted, findings)
    grouped = group_by_action(evaluated.submitted, drop_superseded(findings))
    decision = Decision(
        denials=grouped["deny"],
        warnings=grouped["warn"],
        audits=grouped["audit"],
        rule_errors=tuple(rule_errors),
        fail_closed=settings.on_rule_error == "deny",
        suppressed=suppressed,
        mode=settings.mode,
    )
    return decision if decision.denied else decision._replace(patch=evaluated.patch)


def _cache_key(evaluated: EvaluatedObject, allow_cache: AllowCache | None) -> CacheKey | None:
    """Return under what it is remembered that nothing was found; None: that is not."""
    if (
        allow_cache is None
        or evaluated.policy_context is not None
        or not evaluated.is_within_limits
    ):
        return None
    old = strip_server_fields(evaluated.old_document)
    return allow_cache.key(
        evaluated.authored, old, f"{evaluated.facts.operator}/{evaluated.namespace}"
    )


def _ask_other_sources(
    evaluated: EvaluatedObject,
    old: EvaluatedObject | None,
    rule_errors: list[RuleError],
    only: Set[str] | None = None,
) -> list[ActionFinding]:
    """Return what all sources but the rules find; what crashes goes into `rule_errors`.

    old   the object before an update; None: existing errors are not compared
    only  the ids of findings that are asked for, of the others some may be left out; None: all
    """
    findings: list[ActionFinding] = []
    if evaluated.view.is_incomplete:  # the rules have said so, and that refuses it
        return findings
    sources: list[tuple[str, _Source]] = [(POD_SECURITY_RULE_ID, _check_pods)]
    if evaluated.policy_context is not None:
        sources += [(POLICY_RULE_ID, _evaluate_policies), (POLICY_RULE_ID, _evaluate_rendered)]
    wanted = None if only is None else {rule_id.partition("/")[0] for rule_id in only}
    for name, source in sources:
        if wanted is not None and name not in wanted:
            continue
        try:
            findings.extend(source(evaluated, old))
        except Exception as error:  # noqa: BLE001 — as in `rule_runner`
            rule_errors.append(RuleError(name, error))
    return findings


_Source = Callable[[EvaluatedObject, EvaluatedObject | None], Iterable[ActionFinding]]


def _check_pods(evaluated: EvaluatedObject, old: EvaluatedObject | None) -> Iterable[ActionFinding]:
    settings = evaluated.settings
    found = check_pods(
        evaluated.rendering,
        settings.pod_security,
        evaluated.facts,
        old=old.rendering if old is not None and settings.ratchet else None,
    )
    return override_actions(found, settings.action_overrides)


def _evaluate_policies(
    evaluated: EvaluatedObject, _: EvaluatedObject | None
) -> Iterable[ActionFinding]:
    from webhook.engine import policy_checks

    assert evaluated.policy_context is not None  # noqa: S101 — else it is not asked
    return policy_checks.run_validations(
        evaluated.policy_context,
        evaluated.readable_document,
        evaluated.old_document,
        evaluated.namespace,
        evaluated.facts,
    )


def _evaluate_rendered(
    evaluated: EvaluatedObject, _: EvaluatedObject | None
) -> Iterable[ActionFinding]:
    from webhook.engine import policy_checks

    assert evaluated.policy_context is not None  # noqa: S101 — else it is not asked
    return policy_checks.run_rendered(
        evaluated.policy_context,
        evaluated.rendering,
        evaluated.namespace,
        evaluated.facts,
        evaluated.settings,
    )


def _ratchet(
    evaluated: EvaluatedObject, old: EvaluatedObject, findings: list[ActionFinding]
) -> list[ActionFinding]:
    """Return the findings; what the object before the update had too only warns."""
    denied = {finding.rule_id for action, finding in findings if action == "deny"}
    if not denied:
        return findings
    rules, old_findings = evaluated.settings.rule_set, []
    if not denied.isdisjoint(rules.ids):
        routing = evaluated.settings.routing
        old_findings = run_rules(rules, old.view, None, old.facts, [], routing=routing, only=denied)
    old_findings += _ask_other_sources(old, None, [], denied)
    return ratchet(
        findings,
        (evaluated.authored, strip_server_fields(evaluated.submitted)),
        old_findings,
        old.authored,
        same_unread=_leaves_unread_alone(evaluated.submitted, old.submitted),
    )


def _notices(evaluated: EvaluatedObject) -> list[ActionFinding]:
    """Return what is said beside the checks, and no ratchet weakens: of defaults."""
    notices: list[ActionFinding] = [
        ("warn", replace(warning, rule_id=DEFAULTING_RULE_ID))
        for warning in evaluated.default_warnings
    ]
    if evaluated.missing_defaults:
        notices.append(
            ("warn", _missing_defaults_finding(evaluated.missing_defaults, evaluated.submitted))
        )
    return notices


def _drop_exempted(
    findings: list[ActionFinding], evaluated: EvaluatedObject
) -> tuple[list[ActionFinding], tuple[SuppressedFinding, ...]]:
    """Return the findings that no exception takes back, and those that one does."""
    if evaluated.policy_context is None:
        return findings, ()
    from webhook.engine import policy_checks

    document = evaluated.submitted
    name = get_str(get_mapping(as_mapping(document), "metadata"), "name")
    kept, suppressed = policy_checks.drop_exempted(
        findings, evaluated.policy_context, evaluated.namespace, name, document
    )
    return kept, tuple(
        each._replace(finding=locate_finding(each.finding, document)) for each in suppressed
    )


def _leaves_unread_alone(document: Any, old_document: Any) -> bool:
    """Return whether an update keeps the spec and adds no annotation, so that pods stay as is."""
    if type(document) is not dict or type(old_document) is not dict:
        return False
    try:
        return bool(
            document.get("spec") == old_document.get("spec")
            and _annotations(document).items() <= _annotations(old_document).items()
        )
    except RecursionError:  # deeper than anything that the API server stores
        return False


def _annotations(document: dict[str, Any]) -> dict[str, str]:
    """Return the annotations of an object, each spelled out, but for that of kubectl apply."""
    annotations = get_mapping(get_mapping(document, "metadata"), "annotations")
    return {k: repr(v) for k, v in annotations.items() if k != LAST_APPLIED_ANNOTATION}


def _missing_defaults_finding(operations: tuple[Operation, ...], document: Any) -> Finding:
    return Finding(
        Path.from_pointer(operations[0]["path"], document),
        f"{len(operations)} default{'s are' if len(operations) > 1 else ' is'} missing: "
        "the mutating webhook did not process this object",
        "check that the mutating webhook of graphgate is registered",
        rule_id=NOT_DEFAULTED_RULE_ID,
    )
