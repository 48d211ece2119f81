"""What gives way to what, where two rules speak of one place."""

import pytest

from tests.documents_of import minimal
from webhook.engine.dedupe import drop_superseded, group_by_action
from webhook.engine.evaluate import evaluate
from webhook.engine.rule_runner import ActionFinding
from webhook.graph.cluster_facts import NO_FACTS
from webhook.graph.finding import Finding
from webhook.graph.path import Path
from webhook.rules import all_rules
from webhook.settings.model import read_settings


def test_a_denial_does_not_give_way_to_a_warning_at_the_same_place():
    document = minimal()
    component = document["spec"]["predictors"][0]["componentSpecs"][0]
    component |= {
        "replicas": 2**32,
        "kedaSpec": {"triggers": [{"type": "cron", "metadata": {"timezone": "UTC"}}]},
    }
    decision = evaluate(document, read_settings(), NO_FACTS)
    assert [finding.rule_id for finding in decision.denials] == ["number-out-of-range"]
    assert "replicas-beside-autoscaler" in {finding.rule_id for finding in decision.warnings}


def finding(rule_id, *path, **fields):
    return Finding(Path(path), "a fact", rule_id=rule_id, **fields)


GIVES_WAY = next(rule.id for rule in all_rules() if rule.supersedable)
STAYS = next(rule.id for rule in all_rules() if not rule.supersedable)


@pytest.mark.parametrize(
    ("own", "other", "place", "stays"),
    [
        ("warn", "warn", "a", False),
        ("warn", "deny", "a", False),
        ("deny", "deny", "a", False),
        ("deny", "warn", "a", True),
        ("audit", "audit", "a", False),
        ("deny", "deny", "b", True),
    ],
)
def test_what_gives_way_does_so_at_the_same_place_to_what_is_as_strong(own, other, place, stays):
    first, second = finding(GIVES_WAY, "a"), finding(STAYS, place)
    kept = drop_superseded([(own, first), (other, second)])
    assert kept == [*([(own, first)] if stays else []), (other, second)]


def test_two_that_give_way_do_not_give_way_to_each_other():
    both: list[ActionFinding] = [
        ("warn", finding(GIVES_WAY, "a")),
        ("warn", finding(GIVES_WAY, "a")),
    ]
    assert drop_superseded(both) == both


DOCUMENT = {"z": {"b": [1, 2, {"y": 1, "x": 2}], "a": 1}, "c": 1}


def test_findings_stand_in_the_order_of_the_document_and_then_of_their_rules():
    places = [
        ("(document)", ()),
        ("z", ("z",)),
        ("z.b[0]", ("z", "b", 0)),
        ("z.b[1]", ("z", "b", 1)),
        ("z.b[2].y", ("z", "b", 2, "y")),
        ("z.b[2].x", ("z", "b", 2, "x")),
        ("z.a", ("z", "a")),
        ("c", ("c",)),
    ]
    findings: list[ActionFinding] = [
        ("warn", finding(rule, *path)) for _, path in reversed(places) for rule in "ba"
    ]
    grouped = group_by_action(DOCUMENT, findings)
    assert [(f.rule_id, str(f.path)) for f in grouped["warn"]] == [
        (rule, name) for name, _ in places for rule in "ab"
    ]


def test_what_is_below_a_place_that_is_not_there_stands_at_the_nearest_one():
    found: list[ActionFinding] = [
        ("warn", finding("b", "z", "b", 0)),
        ("warn", finding("c", "z", "q", "a")),
    ]
    assert [f.rule_id for f in group_by_action(DOCUMENT, found)["warn"]] == ["c", "b"]


def test_what_one_rule_says_twice_of_a_place_stays_in_its_order():
    first, second = finding("a", "c"), Finding(Path(("c",)), "a second fact", rule_id="a")
    twice: list[ActionFinding] = [("warn", first), ("warn", second), ("warn", first)]
    assert group_by_action(DOCUMENT, twice)["warn"] == (first, second, first)


@pytest.mark.parametrize("action", ["deny", "warn", "audit", "off"])
def test_findings_are_grouped_by_what_they_do(action):
    found = finding("a", "c")
    empty = {"deny": (), "warn": (), "audit": (), "off": ()}
    assert group_by_action(DOCUMENT, [(action, found)]) == {**empty, action: (found,)}


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        (("z", "b", 3, "k"), "z.b"),
        (("z", "b", "k"), "z.b"),
        (("q",), "(document)"),
        (("z", "q", "r"), "z"),
    ],
)
def test_a_place_that_is_not_there_is_the_nearest_that_is(path, nearest):
    (found,) = group_by_action(DOCUMENT, [("deny", finding("a", *path))])["deny"]
    assert str(found.path) == nearest


def test_texts_hold_nothing_that_a_terminal_obeys():
    hostile = Finding(Path(("c",)), "a\x1b[2J", "b\r\n", rule_id="a")
    (found,) = group_by_action(DOCUMENT, [("deny", hostile)])["deny"]
    assert (found.message, found.remediation) == ("a\\x1b[2J", "b\\r\\n")


def test_rules_that_do_not_give_way_are_both_told():
    first, second = [rule.id for rule in all_rules() if not rule.supersedable][:2]
    both: list[ActionFinding] = [("deny", finding(first, "a")), ("deny", finding(second, "a"))]
    assert drop_superseded(both) == both
