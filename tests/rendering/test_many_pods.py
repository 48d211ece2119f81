"""What rendering costs for each pod does not depend on how many there are."""

import sys
from types import FrameType
from typing import Any

import pytest

from tools.attack.families import HAND_MADE
from webhook.graph.cluster_facts import Operator
from webhook.graph.parse import parse
from webhook.rendering.options import OrchestratorOptions, RenderOptions
from webhook.rendering.render import render


def calls_of(document: Any, operator: Operator) -> int:
    """Return how many functions, of Python's and of C's, are called to render a document."""
    view, count = parse(document), 0

    def profile(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    options = RenderOptions(orchestrator=OrchestratorOptions(""), operator=operator)
    sys.setprofile(profile)
    try:
        assert render(view, options)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("operator", ["graphgate", "seldon"])
def test_three_hundred_pods_take_twice_the_calls_of_half_of_them(operator: Operator) -> None:
    """With a graph of as many nodes; a look at each node for each pod is not seen among 64."""
    family = HAND_MADE["annotations-in-all-pods"]
    calls_of(family(2), operator)
    half, whole = (calls_of(family(number), operator) for number in (140, 280))
    assert whole <= 2.1 * half
