"""The whole line, bytes to bytes."""

from base64 import b64encode
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import orjson

from webhook.admission.review import API_VERSION, KIND, Review, read_review
from webhook.decisions.decide import decide
from webhook.decisions.decision import ALLOWED, Decision, Failure
from webhook.decisions.demands import Demands
from webhook.decisions.memory import LARGEST, Memory
from webhook.decisions.report import sentence
from webhook.decisions.settings import Settings
from webhook.errors import ReviewTooDeep
from webhook.graph.facts import Facts
from webhook.rules import Action

Endpoint = Literal["mutate", "validate"]


class Answer(NamedTuple):
    """What goes back, and what the log and the metrics may know of it (never the object).

    body      the AdmissionReview response as JSON
    findings  rule and action of each
    failures  rules of ours that crashed, with the exception for the log
    policies  version of the policies in force; "": there are none
    """

    body: bytes
    uid: str
    operation: str = ""
    namespace: str = ""
    name: str = ""
    verdict: Literal["allowed", "denied"] = "denied"
    findings: tuple[tuple[str, Action], ...] = ()
    failures: tuple[Failure, ...] = ()
    policies: str = ""


def answer(
    body: bytes,
    endpoint: Endpoint,
    settings: Settings,
    facts: Facts,
    demands: Demands | None = None,
    *,
    memory: Memory | None = None,
) -> Answer:
    """Return the response to the AdmissionReview in `body`, with what may be logged of it.

    endpoint  "mutate" judges with defaults filled in, and adds them; "validate" judges what it
              gets, and adds nothing
    demands   users' policies and exceptions at this moment; None: there are none
    memory    what was found faultless before; None: nothing is remembered
    Raise MalformedReview if `body` is no review that could be answered.
    """
    try:
        review = read_review(body)
    except ReviewTooDeep as error:
        response = _refusal(error.uid, str(error), [])
        return Answer(_encode(response), error.uid, findings=(("nested-too-deep", "deny"),))
    if len(body) > LARGEST:
        memory = None
    decision = _decide(review, endpoint, settings, facts, demands, memory=memory)
    policies = "" if demands is None else demands.policies.version
    findings: tuple[tuple[str, Action], ...] = ()
    if decision.denials or decision.warnings or decision.audits:
        findings = (
            *((finding.rule, "deny") for finding in decision.denials),
            *((finding.rule, "warn") for finding in decision.warnings),
            *((finding.rule, "audit") for finding in decision.audits),
        )
    return Answer(
        body=_encode(_response(review, decision, policies)),
        uid=review.uid,
        operation=review.operation,
        namespace=review.namespace,
        name=review.name,
        verdict="denied" if decision.denied else "allowed",
        findings=findings,
        failures=decision.failures,
        policies=policies,
    )


def _decide(
    review: Review,
    endpoint: Endpoint,
    settings: Settings,
    facts: Facts,
    demands: Demands | None,
    *,
    memory: Memory | None,
) -> Decision:
    """Judge what is to be judged; deletion and subresources are always allowed."""
    if not review.judged or review.operation not in {"CREATE", "UPDATE"}:
        return ALLOWED
    try:
        return decide(
            review.document,
            settings,
            facts,
            namespace=review.namespace,
            old_document=review.old_document if review.operation == "UPDATE" else None,
            fill=endpoint == "mutate",
            demands=None if demands is None else replace(demands, request=review.request),
            memory=memory,
        )
    except Exception as error:  # noqa: BLE001 — whatever happens, the API server gets an answer
        return Decision(
            failures=(Failure("engine", error),), closed=settings.on_internal_failure == "deny"
        )


def _response(review: Review, decision: Decision, policies: str) -> dict[str, Any]:
    if decision.denied:
        causes = [
            {
                "reason": "FieldValueInvalid",
                "field": str(finding.path),
                "message": sentence.explanation(finding),
            }
            for finding in decision.denials[: sentence.SHOWN]
        ]
        response = _refusal(review.uid, sentence.denial(decision, review.name), causes)
    else:
        response = {"uid": review.uid, "allowed": True}
    if decision.patch:
        response["patchType"] = "JSONPatch"
        response["patch"] = b64encode(orjson.dumps(decision.patch)).decode()
    if warnings := sentence.warnings(decision):
        response["warnings"] = warnings
    notes = {"policies": policies} if policies else {}
    if decision.audits:
        notes["findings"] = "\n".join(sentence.sentence(finding) for finding in decision.audits)
    if notes:
        response["auditAnnotations"] = notes
    return response


def _refusal(uid: str, message: str, causes: list[dict[str, str]]) -> dict[str, Any]:
    """Return a denial; why it is 403 and not 422: docs/adr/0006-denied-as-forbidden.md."""
    status: dict[str, Any] = {"code": 403, "reason": "Forbidden", "message": message}
    if causes:
        status["details"] = {"causes": causes}
    return {"uid": uid, "allowed": False, "status": status}


def _encode(response: dict[str, Any]) -> bytes:
    return orjson.dumps({"apiVersion": API_VERSION, "kind": KIND, "response": response})
