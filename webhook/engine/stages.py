"""What a review was busy with when something ended it where no rule runs."""

from collections.abc import Mapping

_STAGES: Mapping[str, str] = {
    "webhook.admission.request": "parsing the review",
    "webhook.graph.limits": "counting the values of the object",
    "webhook.defaulting.defaulter": "filling in defaults",
    "webhook.graph.parse": "reading the object",
    "webhook.graph.schema.explain": "checking the object against the schema",
    "webhook.engine.rule_runner": "running the rules",
    "webhook.engine.ratchet": "comparing with the object before the update",
    "webhook.engine.dedupe": "ordering the findings",
}
"""By module: the innermost one was running."""


def stage_of(error: BaseException) -> str:
    """Return what was being done where an exception was raised; "evaluating" if nothing fits."""
    stage = "evaluating the object"
    frame = error.__traceback__
    while frame is not None:
        stage = _STAGES.get(frame.tb_frame.f_globals.get("__name__", ""), stage)
        frame = frame.tb_next
    return stage
