"""The table beside Seldon's own checks is complete, and every rule in it exists."""

import re

from tests.seeds import ROOT
from webhook.rules import all_rules

TABLE = (ROOT / "docs" / "seldon-checks.md").read_text()


def test_every_check_and_every_gap_has_a_row():
    numbers = re.findall(r"^\| ([VG]\d+) \|", TABLE, re.M)
    assert numbers == [*(f"V{n}" for n in range(1, 22)), *(f"G{n}" for n in range(1, 47))]


def test_every_rule_in_the_table_exists():
    named = set(re.findall(r"\[([a-z0-9-]+)\]\(rules/\1\.md\)", TABLE))
    assert named
    assert named <= {rule.id for rule in all_rules()}


def test_what_seldon_refuses_is_denied_by_default():
    rows = [line for line in TABLE.splitlines() if line.startswith("| V")]
    actions = {rule.id: rule.action for rule in all_rules()}
    named = {name for row in rows for name in re.findall(r"\[([a-z0-9-]+)\]\(rules/", row)}
    assert {name for name in named if actions[name] != "deny"} == set()
