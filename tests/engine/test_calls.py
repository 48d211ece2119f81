"""What a common review costs, in calls: seconds depend on the machine, calls on the code."""

import sys
from types import FrameType

from benchmarks.reviews import LARGE, SMALL, review
from webhook.admission import handle_review
from webhook.graph.cluster_facts import NO_FACTS
from webhook.settings.model import read_settings

SETTINGS = read_settings()

MAX_CALLS = {SMALL: 440, LARGE: 5_340}
"""Of Python functions for a review of 4 KB and of 208 KB: what they need today, and a tenth more.
Rules that are added for what these reviews do not have cost nothing."""


def count_calls(body: bytes) -> int:
    count = 0

    def profile(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    handle_review(body, "mutate", SETTINGS, NO_FACTS)  # imports, compiles, and remembers fields
    sys.setprofile(profile)
    try:
        result = handle_review(body, "mutate", SETTINGS, NO_FACTS)
    finally:
        sys.setprofile(None)
    assert result.verdict == "allowed"
    return count


def test_a_common_review_takes_a_bounded_number_of_calls() -> None:
    for shape, most in MAX_CALLS.items():
        assert count_calls(review(shape)) <= most
