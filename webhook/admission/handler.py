"""The whole line, bytes to bytes."""

from base64 import b64encode
from dataclasses import replace
from typing import Any, Literal, NamedTuple, Protocol

import orjson

from webhook.admission.request import API_VERSION, KIND, parse_request, unread_request
from webhook.engine import messages
from webhook.engine.allow_cache import MAX_CACHED_REVIEW_BYTES, AllowCache
from webhook.engine.decision import ALLOWED, Decision, RuleError
from webhook.engine.evaluate import evaluate_object
from webhook.engine.evaluated_object import EvaluatedObject, read_object
from webhook.engine.policy_context import PolicyContext
from webhook.engine.scale import evaluate_scale
from webhook.engine.stages import stage_of
from webhook.errors import MalformedReviewError, UnreadReviewError
from webhook.graph.admission_request import AdmissionRequest
from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import get_mapping, get_str
from webhook.graph.path import ROOT
from webhook.rules import Action
from webhook.rules.other_ids import ENGINE_RULE_ID
from webhook.settings.model import Settings

Endpoint = Literal["mutate", "validate"]

Verdict = Literal["allowed", "would-be-denied", "denied"]
"""would-be-denied: allowed, because the mode is not "enforce"."""


class ReviewResult(NamedTuple):
    """The response, and what the log and the metrics may contain of it (never the object).

    body                the AdmissionReview response as JSON
    findings            rule and action of each
    rule_errors         rules that crashed, with the exception for the log
    policy_set_version  version of the current policies; "": none
    object_uid          of the object before an update; "": it is created
    denial              what its author reads; "": it is allowed. For an Event, never for the log
    dry_run             whether nothing is stored, so that nothing may be written
    """

    body: bytes
    uid: str
    operation: str = ""
    namespace: str = ""
    name: str = ""
    verdict: Verdict = "denied"
    findings: tuple[tuple[str, Action], ...] = ()
    rule_errors: tuple[RuleError, ...] = ()
    policy_set_version: str = ""
    object_uid: str = ""
    denial: str = ""
    dry_run: bool = False


class TimeLimit(Protocol):
    """Ends what takes too long from inside, with an exception, while it is running.

    is_running  set to False by the caller: from then on nothing is interrupted
    """

    is_running: bool

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """Need no more alarms; after `is_running` was set to False."""


class _NoLimit:
    is_running = False

    def start(self) -> None:
        """Do nothing."""

    stop = start


def handle_review(
    body: bytes,
    endpoint: Endpoint,
    settings: Settings,
    facts: Facts,
    policy_context: PolicyContext | None = None,
    *,
    allow_cache: AllowCache | None = None,
    time_limit: TimeLimit | None = None,
) -> ReviewResult:
    """Return the response to the AdmissionReview in `body`, with what may be logged of it.

    endpoint        "mutate" checks with defaults filled in, and adds them; "validate" checks what
                    it gets, and adds nothing
    policy_context  the current policies and exceptions of users; None: none
    allow_cache     what was found faultless before; None: nothing is remembered
    time_limit      may end with an exception what takes long, reading and evaluating; the answer is
                    written outside of it, so that there always is one
    Raise MalformedReviewError if `body` is not a review that could be answered.
    """
    limit, request, decision = time_limit or _NoLimit(), None, ALLOWED
    if len(body) > MAX_CACHED_REVIEW_BYTES:
        allow_cache = None
    try:
        limit.start()
        try:
            request = parse_request(body)
            if request.is_scale_change:
                decision = _evaluate_scale(request, settings, facts, policy_context)
            elif request.is_object_change:
                evaluated = _read_object(request, endpoint, settings, facts, policy_context)
                decision = evaluate_object(evaluated, allow_cache=allow_cache)
        finally:
            # First, and no call before it: an alarm that comes after this statement is ignored.
            limit.is_running = False
            limit.stop()
    except UnreadReviewError as error:
        finding = Finding(ROOT, str(error), _UNREAD_REMEDIATION, rule_id=error.rule_id)
        decision = Decision(denials=(finding,))
    except MalformedReviewError:
        raise
    except Exception as error:
        request = request or unread_request(body)
        if not request.uid:
            raise MalformedReviewError("the review could not be read in time") from error
        # Whatever happens, the API server gets an answer.
        decision = Decision(
            rule_errors=(RuleError(ENGINE_RULE_ID, error, stage_of(error)),),
            fail_closed=settings.on_rule_error == "deny",
            mode=settings.for_namespace(request.namespace, facts).mode,
        )
    policy_set_version = "" if policy_context is None else policy_context.policies.version
    return _answer(request or unread_request(body), decision, policy_set_version)


def _evaluate_scale(
    request: AdmissionRequest,
    settings: Settings,
    facts: Facts,
    policy_context: PolicyContext | None,
) -> Decision:
    return evaluate_scale(
        request.object,
        settings,
        facts,
        namespace=request.namespace,
        old_scale=request.old_object,
        policy_context=policy_context and replace(policy_context, request=request),
    )


def _read_object(
    request: AdmissionRequest,
    endpoint: Endpoint,
    settings: Settings,
    facts: Facts,
    policy_context: PolicyContext | None,
) -> EvaluatedObject:
    return read_object(
        request.object,
        settings,
        facts,
        namespace=request.namespace,
        old_document=request.old_object if request.operation == "UPDATE" else None,
        is_creation=request.operation == "CREATE",
        apply_defaults=endpoint == "mutate",
        policy_context=policy_context and replace(policy_context, request=request),
    )


def _answer(request: AdmissionRequest, decision: Decision, policy_set_version: str) -> ReviewResult:
    verdict = _verdict(decision)
    response = _build_response(request, decision, verdict, policy_set_version)
    return ReviewResult(
        body=_encode_review(response),
        uid=request.uid,
        operation=request.operation,
        namespace=request.namespace,
        name=request.object_name,
        verdict=verdict,
        findings=_logged_findings(decision),
        rule_errors=decision.rule_errors,
        policy_set_version=policy_set_version,
        object_uid=_uid_of(request.old_object),
        denial=response["status"]["message"] if verdict == "denied" else "",
        dry_run=request.dry_run,
    )


def _uid_of(document: Any) -> str:
    return get_str(get_mapping(document, "metadata"), "uid") if type(document) is dict else ""


def _verdict(decision: Decision) -> Verdict:
    if decision.is_silent:
        return "allowed"
    if decision.denied:
        return "denied"
    return "would-be-denied" if decision.would_be_denied else "allowed"


_UNREAD_REMEDIATION = "split the object into several"


def _logged_findings(decision: Decision) -> tuple[tuple[str, Action], ...]:
    if decision.is_silent:
        return ()
    return (
        *((finding.rule_id, "deny") for finding in decision.denials),
        *((finding.rule_id, "warn") for finding in decision.warnings),
        *((finding.rule_id, "audit") for finding in decision.audits),
    )


def _build_response(
    request: AdmissionRequest, decision: Decision, verdict: Verdict, policy_set_version: str
) -> dict[str, Any]:
    if verdict == "denied":
        causes = [
            {
                "reason": "FieldValueInvalid",
                "field": messages.format_path(finding.path),
                "message": messages.format_message(finding),
            }
            for finding in decision.denials[: messages.MAX_SHOWN_FINDINGS]
        ]
        response = _build_denial(
            request.uid, messages.format_denial(decision, request.object_name), causes
        )
    else:
        response = {"uid": request.uid, "allowed": True}
    if decision.patch:
        response["patchType"] = "JSONPatch"
        response["patch"] = b64encode(orjson.dumps(decision.patch)).decode()
    audit_annotations = {"policySetVersion": policy_set_version} if policy_set_version else {}
    if not decision.is_silent:
        if warnings := messages.format_warnings(decision):
            response["warnings"] = warnings
        if audits := messages.format_audits(decision):
            audit_annotations["findings"] = audits
        if decision.suppressed:
            audit_annotations["exempted"] = messages.format_suppressed(decision)
    if audit_annotations:
        response["auditAnnotations"] = audit_annotations
    return response


def _build_denial(uid: str, message: str, causes: list[dict[str, str]]) -> dict[str, Any]:
    """Return a denial; why it is 403 and not 422: docs/adr/0006-denied-as-forbidden.md."""
    status: dict[str, Any] = {"code": 403, "reason": "Forbidden", "message": message}
    if causes:
        status["details"] = {"causes": causes}
    return {"uid": uid, "allowed": False, "status": status}


def _encode_review(response: dict[str, Any]) -> bytes:
    return orjson.dumps({"apiVersion": API_VERSION, "kind": KIND, "response": response})
