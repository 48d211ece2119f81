"""The two routes of the webhook: bytes in, review, bytes out.

What an object must be is `webhook.admission`'s; it comes in as one callable,
`handler.ReviewHandler`. What a request may take is the listener's (`webhook.runtime`).
"""

import logging
from functools import partial
from time import perf_counter
from typing import Literal

from webhook.admission import Endpoint, ReviewResult
from webhook.errors import MalformedReviewError
from webhook.graph.text import shorten
from webhook.runtime.http_message import HttpRejection, HttpRequest, HttpResponse
from webhook.runtime.log import AdmissionLogRecord
from webhook.runtime.metrics import ServerMetrics
from webhook.server.handler import ReviewHandler

logger = logging.getLogger("graphgate")

_ENDPOINTS: dict[str, Endpoint] = {"/mutate": "mutate", "/validate": "validate"}
_JSON = (b"content-type", b"application/json")
_NOT_JSON = HttpRejection(415, "the content type must be application/json")
_INTERNAL_ERROR = HttpRejection(
    500, "internal error of graphgate while evaluating this review, see its log"
)
_MAX_SHOWN_TEXT = 500
"""Characters of a wrong path, or of what is wrong with a review, that an answer repeats."""


class AdmissionApp:
    """Answers the requests of the HTTPS port."""

    def __init__(self, handle_review: ReviewHandler, metrics: ServerMetrics) -> None:
        self._handle_review = handle_review
        self._metrics = metrics

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the answer; raises nothing."""
        path = request.target.partition("?")[0]
        endpoint = _ENDPOINTS.get(path)
        rejection = request.rejection or _check_head(request, path, endpoint)
        if rejection is not None or endpoint is None:
            return self._reject(rejection or _NOT_JSON, request, endpoint or "other")
        try:
            result = self._handle_review(request.body, endpoint)
        except MalformedReviewError as error:
            reason = shorten(str(error), _MAX_SHOWN_TEXT)
            logger.warning("malformed_review", extra=_log_fields(endpoint, reason))
            return self._reject(HttpRejection(400, reason), request, endpoint)
        except Exception:
            logger.exception(
                "review_failed", extra=_log_fields(endpoint, "internal error of graphgate")
            )
            return self._reject(_INTERNAL_ERROR, request, endpoint)
        on_sent = partial(self._record_review, endpoint, result, request.began_at)
        return HttpResponse(200, [_JSON], result.body, on_sent)

    def _reject(
        self, rejection: HttpRejection, request: HttpRequest, endpoint: Endpoint | Literal["other"]
    ) -> HttpResponse:
        def record() -> None:
            seconds = perf_counter() - request.began_at
            self._metrics.observe_request(endpoint, rejection.status, seconds)

        return rejection.response(record)

    def _record_review(self, endpoint: Endpoint, result: ReviewResult, began_at: float) -> None:
        seconds = perf_counter() - began_at
        self._metrics.observe_request(endpoint, 200, seconds)
        self._metrics.observe_decision(
            endpoint, result.verdict, result.findings, len(result.rule_errors)
        )
        fields: dict[str, object] = {
            "endpoint": endpoint,
            "uid": result.uid,
            "namespace": result.namespace,
            "name": result.name,
            "operation": result.operation,
            "verdict": result.verdict,
            "rules": sorted({rule for rule, _ in result.findings}),
            "milliseconds": round(seconds * 1000, 3),
        }
        if result.policy_set_version:
            fields["policySetVersion"] = result.policy_set_version
        logger.handle(AdmissionLogRecord(fields))
        for failure in result.rule_errors:
            log_fields = {"rule": failure.rule_id, "uid": result.uid}
            logger.error("rule_error", exc_info=failure.error, extra={"fields": log_fields})


def _check_head(request: HttpRequest, path: str, endpoint: Endpoint | None) -> HttpRejection | None:
    """Return why no review can be read from the request."""
    if endpoint is None or request.method != "POST":
        shown = shorten(path, _MAX_SHOWN_TEXT)
        text = f"{request.method} {shown} is not served; use POST /mutate or /validate"
        if endpoint is None:
            return HttpRejection(404, text)
        return HttpRejection(405, text, ((b"allow", b"POST"),))
    content_type = request.headers.get(b"content-type", b"")
    if content_type != b"application/json" and not _is_json(content_type):
        return _NOT_JSON
    return None


def _is_json(content_type: bytes) -> bool:
    return content_type.partition(b";")[0].strip().lower() == b"application/json"


def _log_fields(endpoint: Endpoint, reason: str) -> dict[str, dict[str, str]]:
    return {"fields": {"endpoint": endpoint, "reason": reason}}
