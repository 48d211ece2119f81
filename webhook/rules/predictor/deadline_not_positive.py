"""A deadline is not positive

Why: progressDeadlineSeconds is how long a rollout may take before it counts as failed. Kubernetes
takes no Deployment whose deadline is 0 or less.

Fix: Write a number of seconds above 0, or leave the deadline out.

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
                f"the deadline of {seconds} seconds is not above 0",
            )
