"""The API server said no: what it said, as one sentence and as values.

the API server at https://10.0.0.1:6443 refused GET /api/v1/namespaces: namespaces is forbidden:
User "u" cannot list resource "namespaces" in API group "" at the cluster scope (403 Forbidden);
a role for this user must allow it
"""

from collections.abc import Mapping
from typing import Any

import orjson

from webhook.errors import KubeApiUnavailableError
from webhook.kube.transport import Response, Transport

_HINTS: Mapping[int, str] = {
    401: "; log in again, or use another --context",
    403: "; this user needs a role that allows it",
    429: "; it is busy, try again later",
}
_MAX_MESSAGE_LENGTH = (
    2000  # characters of a message: a 422 on a large object may list hundreds of causes
)


class ApiStatusError(KubeApiUnavailableError):
    """An answer that is an error.

    status       of HTTP: 404, 409, 410, 422, …
    reason       Kubernetes' word: "NotFound", "Conflict", "AlreadyExists", "Expired", …; or ""
    message      the API server's own sentence
    retry_after  seconds to wait (Retry-After); None: not given
    """

    def __init__(
        self, sentence: str, status: int, reason: str, message: str, retry_after: float | None
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.reason = reason
        self.message = message
        self.retry_after = retry_after


def api_error(transport: Transport, method: str, path: str, response: Response) -> ApiStatusError:
    """Return the exception for an answer whose status is not a success."""
    try:
        status = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        status = None
    if not isinstance(status, dict):
        status = {"message": response.body.decode(errors="replace").strip()}
    retry_after = response.headers.get("retry-after", "")
    return api_error_from_status(
        transport,
        f"{method} {path}",
        {**status, "code": response.status},
        float(retry_after) if retry_after.isascii() and retry_after.isdigit() else None,
    )


def api_error_from_status(
    transport: Transport, action: str, status: Mapping[str, Any], retry_after: float | None = None
) -> ApiStatusError:
    """Return the exception for a Status object; `what` is the request ("GET /version")."""
    code = status.get("code")
    code = code if type(code) is int else 0
    reason = status.get("reason")
    reason = reason if isinstance(reason, str) else ""
    message = status.get("message")
    message = (
        message[:_MAX_MESSAGE_LENGTH] if isinstance(message, str) and message else "no reason given"
    )
    return ApiStatusError(
        f"the API server at {transport.server} refused {action}: {message} "
        f"({f'{code} {reason}'.strip()}){_HINTS.get(code, '')}",
        code,
        reason,
        message,
        retry_after,
    )
