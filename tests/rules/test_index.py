"""What the engine reads of a rule from the index is what the rule's module says."""

import inspect
import re
from importlib import import_module

import pytest

from webhook.rules import Rule, all_rules
from webhook.rules.constraints import walk

VERSION = re.compile(r"\d+\.\d+\.\d+")
MODULES = [rule for rule in all_rules() if not rule.in_table]
ROWS = [rule for rule in all_rules() if rule.in_table]


@pytest.mark.parametrize("rule", MODULES, ids=lambda rule: rule.id)
def test_the_index_has_what_the_module_says(rule: Rule) -> None:
    module = import_module(f"webhook.rules.{rule.group}.{rule.id.replace('-', '_')}")
    parameters = list(inspect.signature(module.check).parameters.values())
    positional = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    assert (rule.subject, *rule.inputs) == tuple(positional)
    assert rule.action == module.ACTION
    assert rule.fields == getattr(module, "FIELDS", frozenset())
    assert rule.local is getattr(module, "LOCAL", False)
    assert rule.words == getattr(module, "WORDS", frozenset())
    assert rule.bound is getattr(module, "BOUND", False)
    assert rule.supersedable is getattr(module, "SUPERSEDABLE", False)
    assert rule.since == module.SINCE


@pytest.mark.parametrize("rule", ROWS, ids=lambda rule: rule.id)
def test_the_index_has_what_the_table_says(rule: Rule) -> None:
    in_table = walk.load_rules()[rule.id]
    assert (rule.action, rule.since) == (in_table.action, in_table.since)
    assert rule.docstring == in_table.page


def test_the_table_has_no_rule_that_the_index_has_not() -> None:
    assert set(walk.load_rules()) == {rule.id for rule in ROWS}


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_a_rule_says_since_which_version_it_is_there(rule: Rule) -> None:
    assert VERSION.fullmatch(rule.since)
