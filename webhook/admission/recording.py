"""Reviews as they are kept to be replayed: what may be secret is replaced before it is written.

A placeholder says what it replaces: "<env value>". Placeholders in a replayed review are
counted, since a rule or policy that reads such a value may decide differently.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from webhook.admission.request import API_VERSION, KIND
from webhook.graph.model import get_mapping, get_str
from webhook.graph.well_known import LAST_APPLIED_ANNOTATION, SELDON_GROUP, SELDON_RESOURCE

ENV_VALUE = "<env value>"
LAST_APPLIED = "<last-applied-configuration>"
USER_EXTRA = "<userInfo.extra>"
PLACEHOLDERS = (ENV_VALUE, LAST_APPLIED, USER_EXTRA)

_AUDIT_API_VERSION = "audit.k8s.io/v1"
_COMPLETE = "ResponseComplete"
_OPERATIONS = {"create": "CREATE", "update": "UPDATE", "patch": "UPDATE"}


@dataclass(frozen=True, slots=True)
class RecordedReview:
    """A review, and what was answered when it was recorded.

    body          the AdmissionReview
    endpoint      "mutate" or "validate"
    allowed       whether it was let through
    time          RFC 3339
    placeholders  how many values were replaced
    without_old   whether it is an update whose old object is not known: nothing in it counts as old
    """

    body: bytes
    endpoint: str
    allowed: bool
    time: str = ""
    placeholders: int = 0
    without_old: bool = False


def redact(value: Any) -> Any:
    """Return a review without what may be secret; what is passed is left as it is.

    Replaced are the values of environment variables, wherever they are, the annotation
    last-applied-configuration, which repeats them, and userInfo.extra.
    """
    if isinstance(value, list):
        return [redact(item) for item in value]
    if not isinstance(value, dict):
        return value
    redacted: dict[str, Any] = {}
    for key, item in value.items():
        if key == "env" and isinstance(item, list):
            redacted[key] = [_redact_env(each) for each in item]
        elif key == LAST_APPLIED_ANNOTATION:
            redacted[key] = LAST_APPLIED
        elif key == "userInfo" and isinstance(item, dict) and isinstance(item.get("extra"), dict):
            redacted[key] = {**item, "extra": {name: [USER_EXTRA] for name in item["extra"]}}
        else:
            redacted[key] = redact(item)
    return redacted


def _redact_env(item: Any) -> Any:
    redacted = redact(item)
    if isinstance(redacted, dict) and redacted.get("value"):
        redacted["value"] = ENV_VALUE
    return redacted


def record_line(body: bytes, endpoint: str, verdict: str, time: str) -> bytes:
    """Return the line that keeps a review; raise ValueError for invalid JSON."""
    line = {
        "time": time,
        "endpoint": endpoint,
        "verdict": verdict,
        "review": redact(orjson.loads(body)),
    }
    return orjson.dumps(line) + b"\n"


def read_recording(content: bytes) -> Iterator[RecordedReview | str]:
    """Yield the reviews that lines hold: the server's records, or an API server's audit log.

    A line that holds none that can be replayed is a sentence; events of other objects are passed.
    """
    for number, text in enumerate(content.splitlines(), 1):
        if not text.strip():
            continue
        try:
            line = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            yield f"line {number} is not JSON: {error}"
            continue
        if isinstance(line, dict) and isinstance(line.get("review"), dict):
            yield _recorded(line)
        elif isinstance(line, dict) and line.get("apiVersion") == _AUDIT_API_VERSION:
            event = _audited(line)
            if event is not None:
                yield event if isinstance(event, RecordedReview) else f"line {number}: {event}"
        else:
            yield f"line {number} is neither a recorded review nor an audit event"


def _recorded(line: dict[str, Any]) -> RecordedReview:
    return RecordedReview(
        orjson.dumps(line["review"]),
        "validate" if line.get("endpoint") == "validate" else "mutate",
        allowed=line.get("verdict") != "denied",
        time=get_str(line, "time"),
        placeholders=_count_placeholders(line["review"]),
    )


def _audited(event: dict[str, Any]) -> RecordedReview | str | None:
    reference, verb = get_mapping(event, "objectRef"), get_str(event, "verb")
    if (
        event.get("stage") != _COMPLETE
        or reference.get("apiGroup") != SELDON_GROUP
        or reference.get("resource") != SELDON_RESOURCE
        or reference.get("subresource")
        or verb not in _OPERATIONS
    ):
        return None
    code = get_mapping(event, "responseStatus").get("code")
    allowed = isinstance(code, int) and code < 300
    # The request of a patch is the patch.
    document = event.get("responseObject" if verb == "patch" else "requestObject")
    if not isinstance(document, dict) or document.get("kind") == "Status":
        return f"the object of this {verb} is not in the log"
    version = get_str(reference, "apiVersion") or "v1"
    names = {"group": SELDON_GROUP, "version": version}
    request = {
        "uid": get_str(event, "auditID") or "replay",
        "kind": {**names, "kind": "SeldonDeployment"},
        "resource": {**names, "resource": SELDON_RESOURCE},
        "namespace": get_str(reference, "namespace"),
        "name": get_str(reference, "name"),
        "operation": _OPERATIONS[verb],
        "userInfo": get_mapping(event, "user"),
        "object": document,
        "dryRun": False,
    }
    body = orjson.dumps({"apiVersion": API_VERSION, "kind": KIND, "request": request})
    return RecordedReview(
        body,
        "mutate",
        allowed=allowed,
        time=get_str(event, "requestReceivedTimestamp"),
        without_old=verb != "create",
    )


def _count_placeholders(value: Any) -> int:
    if isinstance(value, str):
        return value in PLACEHOLDERS
    if isinstance(value, dict):
        return sum(map(_count_placeholders, value.values()))
    return sum(map(_count_placeholders, value)) if isinstance(value, list) else 0
