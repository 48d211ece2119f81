"""Deadline out of range

Why: progressDeadlineSeconds is how long a rollout may take before it counts as failed. The API
server refuses a Deployment with a deadline of 0 or less.

Fix: Use at least 1 second, or remove progressDeadlineSeconds.

Bad:
    progressDeadlineSeconds: 0

Good:
    progressDeadlineSeconds: 600
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, get_int

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"progressDeadlineSeconds"})


def check(predictor: Predictor) -> Iterator[Finding]:
    """Yield each deadline below 1.

    Source: it must exceed minReadySeconds, which is 0; seldon-checks G25.
    """
    if "progressDeadlineSeconds" in predictor.raw:
        seconds = get_int(predictor.raw, "progressDeadlineSeconds")
        if seconds is not None and seconds < 1:
            yield Finding(
                predictor.path / "progressDeadlineSeconds",
                f"progressDeadlineSeconds must be at least 1, got {seconds}",
            )
