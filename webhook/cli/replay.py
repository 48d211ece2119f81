"""Recorded reviews, answered again: which answers would be others now."""

from typing import TYPE_CHECKING

import orjson

from webhook.admission import handle_review
from webhook.admission.recording import RecordedReview, read_recording
from webhook.cli.standard_output import report_line, write_line, write_text
from webhook.errors import MalformedReviewError

if TYPE_CHECKING:
    from webhook.admission import Endpoint
    from webhook.engine.policy_context import PolicyContext
    from webhook.graph.cluster_facts import Facts
    from webhook.settings.model import Settings


def tell_replay(
    content: bytes,
    settings: "Settings",
    facts: "Facts",
    policy_context: "PolicyContext | None",
) -> int:
    """Print each review whose answer is another one now, and why; return the exit code."""
    replayed, denied, allowed, code = 0, 0, 0, 0
    for recorded in read_recording(content):
        if isinstance(recorded, str):
            report_line(recorded)
            code = 2
            continue
        endpoint: Endpoint = "validate" if recorded.endpoint == "validate" else "mutate"
        try:
            result = handle_review(recorded.body, endpoint, settings, facts, policy_context)
        except MalformedReviewError as error:
            report_line(f"a review of {recorded.time}: {error}")
            code = 2
            continue
        replayed += 1
        is_allowed = result.verdict != "denied"
        if is_allowed == recorded.allowed:
            continue
        denied, allowed = denied + (not is_allowed), allowed + is_allowed
        name = f"{result.namespace}/{result.name}"
        change = (
            "was denied, would now be allowed" if is_allowed else "was allowed, would now be denied"
        )
        write_line(f"{recorded.time} {name} {result.operation} ({endpoint}): {change}")
        if not is_allowed:
            message = orjson.loads(result.body)["response"]["status"]["message"]
            write_text(f"{_indent(message)}\n")
        for note in _notes(recorded):
            write_line(f"  note: {note}")
    noun = "review" if replayed == 1 else "reviews"
    changes = [
        f"{count} {text}"
        for count, text in (
            (denied, "would now be denied"),
            (allowed, "would now be allowed"),
        )
        if count
    ]
    write_line(f"{replayed} {noun}: {', '.join(changes) or 'no response changes'}")
    return code or bool(denied)


def _notes(recorded: RecordedReview) -> list[str]:
    notes = []
    if recorded.placeholders:
        notes.append(
            "values were replaced when it was recorded (environment variables, "
            f"last-applied-configuration, userInfo.extra: {recorded.placeholders}); rules that "
            "read them may respond differently"
        )
    if recorded.without_old:
        notes.append("the object before the update is not in the log: existing errors count as new")
    return notes


def _indent(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
