"""The one engine: a document, the settings and the facts in, a Decision out.

Webhook, command line, audit and reconciler all enter here, so a fault reads the same everywhere.
"""

from collections.abc import Iterable, Set
from dataclasses import replace
from typing import Any, NamedTuple

from webhook import defaulting
from webhook.engine.allow_cache import AllowCache
from webhook.engine.decision import ALLOWED, Decision, RuleError, SuppressedFinding
from webhook.engine.dedupe import drop_superseded, group_by_action, locate_finding
from webhook.engine.operator import resolve_operator, with_operator
from webhook.engine.overrides import override_actions
from webhook.engine.placeholders import explain_placeholders
from webhook.engine.pod_checks import check_pods
from webhook.engine.policy_context import PolicyContext
from webhook.engine.ratchet import ratchet
from webhook.engine.rendered_pods import Rendering
from webhook.engine.rule_runner import ActionFinding, run_rules
from webhook.graph.cluster_facts import Facts, Operator
from webhook.graph.finding import Finding, Operation
from webhook.graph.limits import truncate_to_limits
from webhook.graph.model import SeldonDeployment, get_mapping, get_str
from webhook.graph.parse import parse
from webhook.graph.path import Path
from webhook.graph.submitted import AuthoredText, Submitted
from webhook.graph.suggest import limited_comparisons
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
    authored_text: AuthoredText | None = None,
) -> Decision:
    """Judge one SeldonDeployment, and fill in its defaults.

    document        any JSON value
    namespace       where it is or will be; None: where its metadata says
    old_document    the object before an update; its faults, where they are left, only warn
    apply_defaults  True: the object is checked with its defaults filled in, and the patch adds
                    them. False: it is checked as it is, with a warning if defaults are missing.
                    With `defaults.applyAt: render`, and where the mode is "observe", it is checked
                    with its defaults either way, and nothing is added
    policy_context  users' policies and exceptions; None: there are none
    allow_cache     what was found faultless before; None: nothing is remembered
    operator        whose pods are checked; None: as settings, object and facts say
    authored_text the text that the document was read from; None: it came as JSON

    What the API server and controllers write, `status` and most of `metadata`, is for policies
    only. An object that is being deleted is allowed as it is: whoever refuses the update that
    removes its finalizer keeps it for ever.
    """
    metadata = get_mapping(document if type(document) is dict else {}, "metadata")
    if metadata.get("deletionTimestamp"):
        return ALLOWED
    if namespace is None:
        namespace = get_str(metadata, "namespace")
    cached_under = settings, facts
    settings = settings.for_namespace(namespace, facts)
    known_facts = settings.with_model_servers(facts)
    facts = with_operator(
        known_facts, operator or resolve_operator(document, settings, known_facts).name
    )
    is_within_limits = not truncate_to_limits(document)[1]
    if not is_within_limits:  # refused, and not filled in
        apply_defaults, policy_context, allow_cache = False, None, None
        defaulting_result = defaulting.DefaultingResult()
    else:
        defaulting_result = defaulting.default_object(document, settings.defaults, facts, namespace)
    stores_defaults = settings.mode != "observe" and settings.apply_defaults_at == "admission"
    defaulted = (
        defaulting.apply_add_operations(document, defaulting_result.operations)
        if apply_defaults or not stores_defaults
        else document
    )
    patch = defaulting_result.operations if apply_defaults and stores_defaults else ()
    findings: list[ActionFinding] = []
    evaluator = _Evaluator(settings, namespace, facts, policy_context, old_document)
    if policy_context is not None and apply_defaults:
        from webhook.engine import policy_checks

        mutated = policy_checks.apply_mutations(
            policy_context, defaulted, old_document, namespace, facts
        )
        defaulted, findings = mutated.document, list(mutated.findings)
        patch += mutated.operations if settings.mode != "observe" else ()
    rule_errors: list[RuleError] = []
    key = None
    if allow_cache is not None and policy_context is None:
        key = allow_cache.key(
            _strip_server_fields(defaulted),
            _strip_server_fields(old_document),
            f"{facts.operator}/{namespace}",
        )
    if allow_cache is None or key is None or not allow_cache.contains(key, *cached_under):
        old_object = (
            None if old_document is None else ParsedObject.from_document(old_document, evaluator)
        )
        findings += evaluator.run_checks(
            ParsedObject.from_document(
                defaulted,
                evaluator,
                Submitted(document, authored_text),
                # A policy may have made it larger.
                is_within_limits=is_within_limits and policy_context is None,
            ),
            old_object,
            rule_errors,
        )
        if (
            old_object is not None
            and settings.ratchet
            and (denied := {finding.rule_id for action, finding in findings if action == "deny"})
        ):
            old_operator = operator or resolve_operator(old_document, settings, known_facts).name
            findings = ratchet(
                findings,
                (_strip_server_fields(defaulted), _strip_server_fields(document)),
                evaluator.under(old_operator).run_checks(old_object, None, [], denied),
                _strip_server_fields(old_document),
                same_unread=_leaves_unread_alone(document, old_document),
            )
        if allow_cache is not None and key is not None and not findings and not rule_errors:
            allow_cache.add(key)
    findings, suppressed = _drop_exempted(findings, policy_context, namespace, document)
    findings.extend(
        ("warn", replace(warning, rule_id=DEFAULTING_RULE_ID))
        for warning in defaulting_result.warnings
    )
    if not apply_defaults and stores_defaults and defaulting_result.operations:
        findings.append(("warn", _missing_defaults_finding(defaulting_result.operations, document)))
    if settings.action_overrides:
        notices = {
            rule_id: action
            for rule_id, action in settings.action_overrides.items()
            if rule_id in _NOTICE_RULE_IDS
        }
        findings = list(override_actions(findings, notices))
    if not findings and not rule_errors:
        return Decision(patch=patch, suppressed=suppressed, mode=settings.mode)
    findings = explain_placeholders(document, findings)
    grouped = group_by_action(document, drop_superseded(findings))
    decision = Decision(
        denials=grouped["deny"],
        warnings=grouped["warn"],
        audits=grouped["audit"],
        rule_errors=tuple(rule_errors),
        fail_closed=settings.on_rule_error == "deny",
        suppressed=suppressed,
        mode=settings.mode,
    )
    return decision if decision.denied else decision._replace(patch=patch)


def _drop_exempted(
    findings: list[ActionFinding],
    policy_context: PolicyContext | None,
    namespace: str,
    document: Any,
) -> tuple[list[ActionFinding], tuple[SuppressedFinding, ...]]:
    """Return the findings that no exception takes back, and those that one does."""
    if policy_context is None:
        return findings, ()
    from webhook.engine import policy_checks

    raw = document if type(document) is dict else {}
    name = get_str(get_mapping(raw, "metadata"), "name")
    kept, suppressed = policy_checks.drop_exempted(
        findings, policy_context, namespace, name, document
    )
    return kept, tuple(
        each._replace(finding=locate_finding(each.finding, document)) for each in suppressed
    )


class _Evaluator(NamedTuple):
    """Every source of findings, for one object."""

    settings: Settings
    namespace: str
    facts: Facts
    policy_context: PolicyContext | None
    old_document: Any

    def under(self, operator: Operator) -> "_Evaluator":
        """Return the evaluator of what this operator makes of an object."""
        return self._replace(facts=replace(self.facts, operator=operator))

    def run_checks(
        self,
        parsed: "ParsedObject",
        old_parsed: "ParsedObject | None",
        rule_errors: list[RuleError],
        only: Set[str] | None = None,
    ) -> list[ActionFinding]:
        """Return what all sources find; what crashes goes into `rule_errors`, the others go on.

        only  the ids of findings that are asked for, of the others some may be left out; None: all
        """
        findings: list[ActionFinding] = []
        if only is None or not only.isdisjoint(self.settings.rule_set.ids):
            old = None if old_parsed is None else old_parsed.view
            with limited_comparisons():
                findings = run_rules(
                    self.settings.rule_set,
                    parsed.view,
                    old,
                    self.facts,
                    rule_errors,
                    routing=self.settings.routing,
                    only=only,
                )
        if parsed.view.is_incomplete:  # the rules have said so, and that refuses it
            return findings
        sources = None if only is None else {rule_id.partition("/")[0] for rule_id in only}
        for name, source in (
            (POD_SECURITY_RULE_ID, self._check_pods),
            (POLICY_RULE_ID, self._evaluate_policies),
            (POLICY_RULE_ID, self._evaluate_rendered),
        ):
            if sources is not None and name not in sources:
                continue
            try:
                findings.extend(source(parsed, old_parsed))
            except Exception as error:  # noqa: BLE001 — as in `rule_runner`
                rule_errors.append(RuleError(name, error))
        return findings

    def _check_pods(
        self, parsed: "ParsedObject", old: "ParsedObject | None"
    ) -> Iterable[ActionFinding]:
        found = check_pods(
            parsed.rendering,
            self.settings.pod_security,
            self.facts,
            old=old.rendering if old is not None and self.settings.ratchet else None,
        )
        return override_actions(found, self.settings.action_overrides)

    def _evaluate_policies(
        self, parsed: "ParsedObject", _: "ParsedObject | None"
    ) -> Iterable[ActionFinding]:
        if self.policy_context is None:
            return iter(())
        from webhook.engine import policy_checks

        return policy_checks.run_validations(
            self.policy_context, parsed.document, self.old_document, self.namespace, self.facts
        )

    def _evaluate_rendered(
        self, parsed: "ParsedObject", _: "ParsedObject | None"
    ) -> Iterable[ActionFinding]:
        if self.policy_context is None:
            return ()
        from webhook.engine import policy_checks

        return policy_checks.run_rendered(
            self.policy_context, parsed.rendering, self.namespace, self.facts, self.settings
        )


class ParsedObject(NamedTuple):
    """An object: the whole of it for policies, and the view of what its author wrote for rules.

    rendering  what it stands for, rendered when somebody asks
    """

    document: Any
    view: SeldonDeployment
    rendering: Rendering

    @classmethod
    def from_document(
        cls,
        document: Any,
        evaluator: _Evaluator,
        submitted: Submitted | None = None,
        *,
        is_within_limits: bool = False,
    ) -> "ParsedObject":
        """Parse what the author wrote, without the metadata that the API server adds.

        submitted  the document before its defaults were filled in; None: it is this one
        """
        authored = _strip_server_fields(document)
        view = parse(authored, submitted, is_within_limits=is_within_limits)
        rendering = Rendering(
            view,
            evaluator.settings.defaults,
            evaluator.facts.namespaces.get(evaluator.namespace),
            has_rendered_policies=evaluator.policy_context is not None,
        )
        return cls(document if view.document is authored else view.document, view, rendering)


_SERVER_METADATA_FIELDS = frozenset(
    {
        "creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid",
    }
)  # fmt: skip
"""What the API server writes into `metadata`."""


def _strip_server_fields(document: Any) -> Any:
    """Return what an author wrote of a document: without `status` and the server's metadata."""
    if type(document) is not dict:
        return document
    metadata = document.get("metadata")
    if type(metadata) is dict and not _SERVER_METADATA_FIELDS.isdisjoint(metadata):
        kept = {key: metadata[key] for key in metadata if key not in _SERVER_METADATA_FIELDS}
        document = {**document, "metadata": kept}
    if "status" in document:
        document = {key: document[key] for key in document if key != "status"}
    return document


def _leaves_unread_alone(document: Any, old_document: Any) -> bool:
    """Tell whether an update has the same spec and no new annotation: what decides how pods run."""
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
        "the mutating webhook did not see this object",
        "check that the mutating webhook of graphgate is registered",
        rule_id=NOT_DEFAULTED_RULE_ID,
    )
