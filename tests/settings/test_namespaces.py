"""Which settings a namespace has: its name, the longest pattern, its labels, what is global."""

import pytest

from webhook.errors import SettingsError
from webhook.graph.cluster_facts import NO_FACTS, Facts, Namespace
from webhook.rules import all_rules
from webhook.settings.model import RuleSetting, read_settings

HEAD = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings"}


def read(**fields):
    return read_settings({**HEAD, **fields})


def facts(**labels):
    return Facts(namespaces={"shop": Namespace(labels)})


SETTINGS = read(
    namespaces={
        "team-a": {"mode": "warn"},
        "team-*": {"mode": "observe"},
        "team-a-*": {"ratchet": False},
    },
    namespaceSelectors=[
        {"selector": {"matchLabels": {"stage": "dev"}}, "mode": "observe"},
        {
            "selector": {
                "matchExpressions": [{"key": "stage", "operator": "NotIn", "values": ["prod"]}]
            },
            "mode": "warn",
        },
    ],
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("team-a", "warn"), ("team-b", "observe"), ("team-", "observe"), ("teams", "enforce")],
)
def test_the_name_goes_before_a_pattern(name, expected):
    assert SETTINGS.for_namespace(name, NO_FACTS).mode == expected


def test_the_longest_pattern_counts():
    own = SETTINGS.for_namespace("team-a-1", NO_FACTS)
    assert (own.mode, own.ratchet) == ("enforce", False)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"stage": "dev"}, "observe"),
        ({"stage": "test"}, "warn"),
        ({}, "warn"),
        ({"stage": "prod"}, "enforce"),
    ],
)
def test_the_first_selector_that_matches_counts(labels, expected):
    assert SETTINGS.for_namespace("shop", facts(**labels)).mode == expected


def test_a_pattern_goes_before_a_selector():
    known = Facts(namespaces={"team-b": Namespace({"stage": "prod"})})
    assert SETTINGS.for_namespace("team-b", known).mode == "observe"


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        (("observe", "warn", "observe"), "warn"),
        (("observe", "observe", "observe"), "observe"),
        (("observe", "observe", "enforce"), "enforce"),
        (("enforce", "observe", "observe"), "enforce"),
    ],
)
def test_where_labels_are_not_known_the_strictest_mode_holds(modes, expected):
    selectors = [
        {"selector": {"matchLabels": {"n": str(number)}}, "mode": mode, "ratchet": False}
        for number, mode in enumerate(modes[1:])
    ]
    settings = read(mode=modes[0], namespaceSelectors=selectors)
    own = settings.for_namespace("shop", NO_FACTS)
    assert (own.mode, own.ratchet) == (expected, True)


def test_the_flag_goes_before_the_file_and_not_before_a_namespace():
    document = {**HEAD, "mode": "enforce", "namespaces": {"a": {"mode": "observe"}, "b": {}}}
    settings = read_settings(document, mode="warn")
    modes = [settings.for_namespace(name, NO_FACTS).mode for name in ("a", "b", "c")]
    assert modes == ["observe", "warn", "warn"]


@pytest.mark.parametrize("name", ["Team", "team_a", "team/*", "[ab]", "te?m", ""])
def test_what_is_no_namespace_and_no_pattern_is_an_error(name):
    with pytest.raises(SettingsError, match="namespaces"):
        read(namespaces={name: {}})


@pytest.mark.parametrize(
    "selector",
    [{"stage": "dev"}, {"matchExpressions": [{"key": "a", "operator": "Is"}]}, "stage=dev"],
)
def test_what_is_no_selector_is_an_error(selector):
    with pytest.raises(SettingsError, match="namespaceSelectors"):
        read(namespaceSelectors=[{"selector": selector}])


def test_an_unknown_mode_is_an_error():
    with pytest.raises(SettingsError, match='mode must be enforce, warn or observe, got "audit"'):
        read(mode="audit")


def test_all_rules_a_group_and_an_id_each_go_before_the_one_before():
    settings = read(
        rules={
            "traffic-not-100": {"action": "deny"},
            "predictor": {"action": "audit"},
            "*": {"action": "warn"},
        }
    )
    expected = {
        rule.id: RuleSetting("audit" if rule.group == "predictor" else "warn")
        for rule in all_rules()
    }
    assert settings.rules == {**expected, "traffic-not-100": RuleSetting("deny")}


def test_a_namespace_s_group_goes_before_a_global_id():
    settings = read(
        rules={"traffic-not-100": {"action": "deny"}},
        namespaces={"a": {"rules": {"*": {"action": "off"}}}},
    )
    own = settings.for_namespace("a", NO_FACTS)
    assert own.rules["traffic-not-100"] == RuleSetting("off")


def test_a_group_takes_an_action_only():
    with pytest.raises(SettingsError, match=r"unknown key rules.pod.parameters"):
        read(rules={"pod": {"parameters": {}}})


def test_every_group_of_rules_can_be_set():
    groups = {rule.group for rule in all_rules()}
    settings = read(rules={group: {"action": "audit"} for group in groups})
    assert {setting.action for setting in settings.rules.values()} == {"audit"}
    assert settings.rules.keys() == {rule.id for rule in all_rules()}
