"""Work grows as the object does: calls are counted, not seconds.

Each family (`tools.attack.families`) is judged at a size and at its double. Whatever is done twice
as often for each of twice as many things is four times as much: that fails here, also where a
constant factor hides it from a clock.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import Any, TypeVar

import pytest

from tools.attack.families import (
    HAND_MADE,
    Family,
    all_families,
    container,
    deployment,
    of_schema,
    pod,
    predictor,
    spellings_of,
)
from webhook.engine.evaluate import evaluate
from webhook.engine.ratchet import ratchet
from webhook.engine.rule_runner import ActionFinding
from webhook.graph.cluster_facts import NO_FACTS, Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, SeldonDeployment
from webhook.graph.parse import parse
from webhook.rules.pod import overwritten_field
from webhook.settings.model import Settings, read_settings
from webhook.settings.rule_set import EnabledRule, RuleSet

T = TypeVar("T")

SETTINGS = read_settings(
    {
        "apiVersion": "graphgate.io/v1alpha1",
        "kind": "Settings",
        "podSecurity": {"mode": "enforce", "level": "restricted"},
    }
)
FACTS = Facts(kubernetes_minor=31, max_graph_depth=11)

SIZE = 16
"""Things of a family, at first; at twice and four times as many the growth is compared, which
leaves out what does not grow at all."""

MARGIN = 2.6
"""How much more is done at most for twice as many more things. 4 is quadratic."""


def calls_of(document: Any, settings: Settings = SETTINGS, facts: Facts = NO_FACTS) -> int:
    """Return how many functions, of Python's and of C's, are called to judge a document."""
    count, decision = counted(lambda: evaluate(document, settings, facts))
    assert decision.rule_errors == ()
    return count


def calls_of_update(document: Any, settings: Settings = SETTINGS) -> int:
    """Return how many are called to judge an update of all pods, which leaves old faults in."""
    old_document = with_other_images(document)
    count, decision = counted(
        lambda: evaluate(document, settings, FACTS, old_document=old_document)
    )
    assert decision.rule_errors == ()
    return count


def with_other_images(document: Any) -> Any:
    """Return a document with other images and models, so that none of its pods is the same."""
    if isinstance(document, list):
        return [with_other_images(item) for item in document]
    if not isinstance(document, dict):
        return document
    changed = {key: with_other_images(value) for key, value in document.items()}
    for field in ("image", "modelUri"):
        if isinstance(changed.get(field), str):
            changed[field] += "-before"
    return {**changed, "annotations": {"changed": "yes"}} if "predictors" in changed else changed


def counted(work: Callable[[], T]) -> tuple[int, T]:
    """Return how many functions are called by `work`, and what it returns."""
    count = 0

    def profile(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        if event in ("call", "c_call"):
            count += 1

    sys.setprofile(profile)
    try:
        result = work()
    finally:
        sys.setprofile(None)
    return count, result


@pytest.fixture(scope="module", autouse=True)
def _warmed_up() -> None:
    """Compile, import and cache what is done once in a process, and not for each object."""
    for family in all_families().values():
        evaluate(family(3), SETTINGS, FACTS)


@pytest.mark.parametrize("name", all_families())
def test_twice_as_many_things_are_twice_the_calls(name: str) -> None:
    assert grows_in_step(all_families()[name], SETTINGS)


@pytest.mark.parametrize("name", all_families())
def test_an_update_of_twice_as_many_things_is_twice_the_calls(name: str) -> None:
    assert grows_in_step(all_families()[name], SETTINGS, calls_of_update)


def grows_in_step(
    family: Family, settings: Settings, calls: Callable[[Any, Settings], int] = calls_of
) -> bool:
    """Tell whether the calls for twice as many things grow twice as much, with a margin."""
    small, medium, large = (calls(family(SIZE * factor), settings) for factor in (1, 2, 4))
    # Between SIZE and 2 SIZE there are SIZE more things; between 2 SIZE and 4 SIZE twice as many.
    # Something that is done up to a size only must not make all growth look large.
    return large - medium <= MARGIN * max(medium - small, medium / 2)


def test_a_node_is_found_in_its_component_without_a_look_at_the_others() -> None:
    """A rule alone: in a whole evaluation so little for each pair does not show."""

    def findings_of(view: SeldonDeployment) -> list[Finding]:
        return [*overwritten_field.check(view.predictors[0], view, NO_FACTS)]

    counts = []
    for size in (4 * SIZE, 8 * SIZE):
        view = parse(HAND_MADE["servers-in-components-of-their-own"](size))
        count, found = counted(partial(findings_of, view))
        assert len(found) == size
        counts.append(count)
    assert counts[1] < MARGIN * counts[0]


def test_the_count_tells_quadratic_from_linear() -> None:
    compared_in_pairs = EnabledRule("x", "deny", lambda: _compare_all_pairs, "predictor")
    rules = RuleSet((*SETTINGS.rule_set.rules, compared_in_pairs))
    settings = replace(SETTINGS)
    vars(settings)["rule_set"] = rules  # a cached property
    family = HAND_MADE["nodes-and-containers-fine"]
    assert grows_in_step(family, SETTINGS)
    assert not grows_in_step(family, settings)


def _compare_all_pairs(predictor: Predictor) -> Iterator[Finding]:
    for node in predictor.nodes:
        for other in predictor.nodes:
            for _ in range(20):
                node.name.startswith(other.name)
    yield from ()


def test_an_update_compares_each_fault_with_what_stands_at_its_place() -> None:
    def compare(size: int) -> int:
        document = HAND_MADE["nodes-and-containers-no-dns-label"](size)
        decision = evaluate(document, SETTINGS, FACTS)
        findings: list[ActionFinding] = [("deny", finding) for finding in decision.denials]
        assert len(findings) >= size
        count, ratcheted = counted(lambda: ratchet(findings, [document], findings, document))
        assert {action for action, _ in ratcheted} == {"warn"}
        return count

    assert compare(400) <= MARGIN * compare(200)


def test_every_list_and_mapping_of_the_schema_is_a_family() -> None:
    assert {
        "many of /spec/predictors",
        "many of /spec/predictors/0/graph/children",
        "many of /spec/predictors/0/componentSpecs/0/spec/containers/0/env",
        "many of /spec/predictors/0/labels",
        "many of /spec/predictors/0/componentSpecs/0/spec/volumes/0/projected/sources",
    } <= of_schema().keys()


@pytest.mark.parametrize("field", ["volumemounts", "nodeselector", "implementation"])
@pytest.mark.parametrize("place", ["spec", "predictor"])
def test_the_level_of_a_stray_field_is_found_without_looking_at_all_pods(
    field: str, place: str
) -> None:
    """Of `spellings_of`, 60 more cost as many calls with 20 pods as with 200."""

    def calls(pods: int, fields: int) -> int:
        components = [pod(containers=[container(f"c{number}")]) for number in range(pods)]
        stray = spellings_of(field, fields)
        whole = predictor(componentSpecs=components) | (stray if place == "predictor" else {})
        return calls_of(deployment(whole, **(stray if place == "spec" else {})))

    few, many = (calls(pods, 80) - calls(pods, 20) for pods in (20, 200))
    assert many < few * 1.1


def test_an_unknown_implementation_is_found_without_looking_at_all_servers() -> None:
    """As many more nodes cost as many calls with ten servers more to know."""

    def calls(servers: int, nodes: int) -> int:
        known: dict[str, Any] = {f"S{number}_SERVER": {} for number in range(servers)}
        children = [
            {"name": f"n{number}", "implementation": f"{number:03}-NOBODY-KNOWS"}
            for number in range(nodes)
        ]
        facts = replace(FACTS, model_servers=known)
        document = deployment(predictor(graph={"name": "root", "children": children}))
        calls_of(document, facts=facts)  # what is kept of the servers is made once
        return calls_of(document, facts=facts)

    few, many = (calls(servers, 60) - calls(servers, 20) for servers in (5, 15))
    assert many < few * 1.2
