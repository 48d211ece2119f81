"""Work grows as the object does: calls are counted, not seconds.

Each family (`tools.attack.families`) is judged at a size and at its double. Whatever is done twice as
often for each of twice as many things is four times as much: that fails here, also where a constant
factor hides it from a clock.
"""

import sys
from types import FrameType
from typing import Any

import pytest

from tools.attack.families import HAND_MADE, all_families, of_schema
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import NO_FACTS, Facts
from webhook.settings.model import Settings, read_settings

SETTINGS = read_settings(
    {
        "apiVersion": "graphgate.io/v1alpha1",
        "kind": "Settings",
        "podSecurity": {"mode": "enforce", "level": "restricted"},
    }
)
FACTS = Facts(kubernetes_minor=31, max_graph_depth=11)

SIZE = 24
"""Things of a family, at first; at twice and four times as many the growth is compared, which leaves
out what does not grow at all."""

MARGIN = 2.6
"""How much more is done at most for twice as many more things. 4 is quadratic."""


def calls_of(document: Any, settings: Settings = SETTINGS, facts: Facts = NO_FACTS) -> int:
    """Return how many functions, of Python's and of C's, are called to judge a document."""
    count = 0

    def profile(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        if event in ("call", "c_call"):
            count += 1

    sys.setprofile(profile)
    try:
        decision = evaluate(document, settings, facts)
    finally:
        sys.setprofile(None)
    assert decision.rule_errors == ()
    return count


@pytest.fixture(scope="module", autouse=True)
def _warmed_up() -> None:
    """Compile, import and cache what is done once in a process, and not for each object."""
    for family in all_families().values():
        evaluate(family(3), SETTINGS, FACTS)


@pytest.mark.parametrize("name", all_families())
def test_twice_as_many_things_are_twice_the_calls(name: str) -> None:
    family = all_families()[name]
    small, medium, large = (calls_of(family(SIZE * factor)) for factor in (1, 2, 4))
    # Between SIZE and 2 SIZE there are SIZE more things; between 2 SIZE and 4 SIZE twice as many.
    assert large - medium <= MARGIN * max(medium - small, small / 10)


def test_the_count_tells_linear_from_quadratic(monkeypatch: pytest.MonkeyPatch) -> None:
    quadratic = SETTINGS.rule_set.rules[0]

    def check(deployment: Any) -> Any:
        names = [node.name for p in deployment.predictors for node in p.nodes]
        for name in names:
            [name.__eq__(other) for other in names]
        yield from ()

    vars(quadratic)["check"] = check
    try:
        family = HAND_MADE["nodes-and-containers-fine"]
        small, medium, large = (calls_of(family(SIZE * factor)) for factor in (1, 2, 4))
    finally:
        del vars(quadratic)["check"]
    assert large - medium > MARGIN * (medium - small) or quadratic.subject != "deployment"


def test_every_list_and_mapping_of_the_schema_is_a_family() -> None:
    assert {
        "many of /spec/predictors",
        "many of /spec/predictors/0/graph/children",
        "many of /spec/predictors/0/componentSpecs/0/spec/containers/0/env",
        "many of /spec/predictors/0/labels",
        "many of /spec/predictors/0/componentSpecs/0/spec/volumes/0/projected/sources",
    } <= of_schema().keys()
