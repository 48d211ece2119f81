"""Each reason is of a rule that denies, and stands in the documentation."""

import os

from tests.seeds import ROOT
from tests.soundness.reasons import CATEGORIES, REASONS
from webhook.rules import all_rules
from webhook.rules.other_ids import POD_SECURITY_RULE_ID_PREFIX

PAGE = ROOT / "docs" / "soundness.md"
START, END = "<!-- reasons -->\n", "<!-- end of reasons -->\n"


def page(rule):
    return "pod-security.md" if rule.startswith(POD_SECURITY_RULE_ID_PREFIX) else f"rules/{rule}.md"


def table():
    lines = []
    for who, meaning in CATEGORIES.items():
        rules = sorted(rule for rule, reason in REASONS.items() if reason.category == who)
        lines += [f"**{meaning}**\n", "\n", "| rule | |\n", "| --- | --- |\n"]
        lines += [f"| [{rule}]({page(rule)}) | {REASONS[rule].explanation} |\n" for rule in rules]
        lines.append("\n")
    return "".join(lines)


def test_the_page_has_every_reason():
    before, _, rest = PAGE.read_text().partition(START)
    shown, _, after = rest.partition(END)
    if os.environ.get("GRAPHGATE_UPDATE"):
        PAGE.write_text(f"{before}{START}\n{table()}{END}{after}")
        return
    assert shown.strip() == table().strip()


def test_a_reason_is_of_a_rule_that_denies():
    denying = {rule.id for rule in all_rules() if rule.action == "deny"}
    assert {rule for rule in REASONS if not rule.startswith(POD_SECURITY_RULE_ID_PREFIX)} <= denying


def test_every_kind_of_reason_is_somebodys():
    assert {reason.category for reason in REASONS.values()} == set(CATEGORIES)


def test_a_reason_is_one_sentence():
    assert [why for _, why in REASONS.values() if not why.endswith(".") or len(why) > 100] == []
