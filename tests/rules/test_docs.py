"""Pages of rules and ids: what is read from a docstring, and how it is written."""

import pytest

from webhook.rules import Rule, freeze_parameters, to_keyword_arguments, to_setting_name
from webhook.rules.descriptors import describe, known_ids, render_markdown, render_text
from webhook.rules.docs import parse_docstring
from webhook.rules.docs import render_markdown as render_rule_markdown
from webhook.rules.docs import render_text as render_rule_text
from webhook.rules.other_ids import Descriptor

PAGE = """\
Children are written as a mapping

    Why: the API server
    reads it otherwise.

    A second paragraph.

    Fix: write a list. It has dashes.

    Bad:
        children:
          name: b

    Good:
        children:
        - name: b
"""


class SampleRule(Rule):
    since = "1.2"
    docstring = PAGE


SAMPLE = SampleRule("a-rule", "graph", "warn", "node", parameters={"most": 3, "word": "x"})


def test_a_docstring_is_read_by_its_sections() -> None:
    doc = parse_docstring(PAGE)
    assert doc.title == "Children are written as a mapping"
    assert doc.why == "the API server reads it otherwise.\n\nA second paragraph."
    assert doc.fix == "write a list. It has dashes."
    assert doc.bad == "children:\n  name: b"
    assert doc.good == "children:\n- name: b"
    assert doc.remediation == "write a list"


@pytest.mark.parametrize(
    ("docstring", "lacks"),
    [
        ("", "Why, Fix, Bad, Good"),
        ("A title", "Why, Fix, Bad, Good"),
        (PAGE.replace("Fix: write a list. It has dashes.", "Fix:"), "Fix"),
        (PAGE.replace("Good:", "Better:"), "Good"),
        ("\n".join(["", *PAGE.splitlines()[1:]]), "Why"),  # its line is the title
    ],
)
def test_a_docstring_that_lacks_something_is_refused(docstring: str, lacks: str) -> None:
    with pytest.raises(ValueError, match="the docstring lacks") as raised:
        parse_docstring(docstring)
    assert str(raised.value) == f"the docstring lacks {lacks}"


def test_the_page_of_a_rule_for_a_terminal() -> None:
    assert render_rule_text(SAMPLE) == (
        "a-rule (warn by default, since 1.2)\n\n"
        "Children are written as a mapping.\n\n"
        "Why: the API server reads it otherwise.\n\nA second paragraph.\n\n"
        "Fix: write a list. It has dashes.\n\n"
        "Parameters:\n  most: 3\n  word: x\n\n"
        "Bad:\n  children:\n    name: b\n\nGood:\n  children:\n  - name: b\n"
    )


def test_the_page_of_a_rule_for_the_documentation() -> None:
    assert render_rule_markdown(SAMPLE) == (
        "# a-rule\n\nChildren are written as a mapping.\n\n"
        "Default action: **warn**. Since 1.2.\n\n"
        "## Why\n\nThe API server reads it otherwise.\n\nA second paragraph.\n\n"
        "## Fix\n\nwrite a list. It has dashes.\n\n"
        "## Parameters\n\n* `most`, 3 by default\n* `word`, 'x' by default\n\n"
        "## Bad\n\n```yaml\nchildren:\n  name: b\n```\n\n"
        "## Good\n\n```yaml\nchildren:\n- name: b\n```\n"
    )


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("containers, too, are", "Containers, too, are"),
        ("graphgate's own", "Graphgate's own"),
        ("os.name says", "os.name says"),
        ("defaultMode is", "defaultMode is"),
        ("pvc://a is", "pvc://a is"),
        ("seldon-container-engine is", "seldon-container-engine is"),
    ],
)
def test_a_name_at_the_start_of_a_page_stays_as_it_is(written: str, shown: str) -> None:
    rule = SampleRule("a-rule", "graph", "warn", "node")
    rule.docstring = PAGE.replace("the API server", written)
    assert f"## Why\n\n{shown} " in render_rule_markdown(rule)


def test_a_rule_without_parameters_has_no_such_section() -> None:
    rule = SampleRule("a-rule", "graph", "warn", "node")
    assert "Parameters" not in render_rule_text(rule) + render_rule_markdown(rule)


def test_lines_for_a_terminal_have_80_columns() -> None:
    rule = SampleRule("a-rule", "graph", "warn", "node")
    long = "word " * 40
    rule.__dict__["docstring"] = PAGE.replace("the API server\n", f"{long}\n")
    assert max(map(len, render_rule_text(rule).splitlines())) in range(70, 81)


@pytest.mark.parametrize(
    ("fields", "terminal", "markdown"),
    [
        (
            {},
            "warn by default",
            "Action: **warn**. The settings may change it.",
        ),
        (
            {"action": "deny", "configurable": False},
            "deny",
            "Action: **deny**. No setting of it changes it.",
        ),
        (
            {"action": None, "decided_by": "podSecurity.mode"},
            "decided by podSecurity.mode",
            "Action: **by podSecurity.mode**. The settings may change it.",
        ),
    ],
)
def test_the_page_of_another_id(fields: dict[str, object], terminal: str, markdown: str) -> None:
    descriptor = Descriptor("a/b", "A title", "it breaks.", "mend it.", **fields)  # type: ignore[arg-type]
    assert render_text(descriptor) == (
        f"a/b ({terminal})\n\nA title.\n\nWhy: it breaks.\n\nFix: mend it.\n"
    )
    assert render_markdown(descriptor) == (
        f"## a/b\n\nA title.\n\n{markdown}\n\nit breaks.\n\nFix: mend it.\n"
    )


@pytest.mark.parametrize("rule_id", known_ids())
def test_the_prose_of_an_id_is_whole_sentences(rule_id: str) -> None:
    descriptor = describe(rule_id)
    assert descriptor is not None
    assert descriptor.title[-1].isalnum() or descriptor.title[-1] in "\"')"
    assert descriptor.why.endswith((".", '."', ".)"))
    assert descriptor.fix.endswith(".")
    assert not any("  " in text or "~" in text[-2:] for text in (descriptor.title, descriptor.why))


def test_a_rule_is_described_as_its_docstring_has_it() -> None:
    descriptor = describe("traffic-not-100")
    assert descriptor is not None
    assert (descriptor.id, descriptor.action, descriptor.configurable) == (
        "traffic-not-100",
        "deny",
        True,
    )
    assert describe("no-such-rule") is None


@pytest.mark.parametrize("rule_id", ["policy/a", "policy/a/7"])
def test_an_id_of_a_policy_is_described_as_itself(rule_id: str) -> None:
    descriptor = describe(rule_id)
    assert descriptor is not None
    assert descriptor.id == rule_id


def test_parameters_are_called_in_settings_as_settings_are() -> None:
    assert to_setting_name("engine_ports") == "enginePorts"
    assert to_setting_name("most") == "most"
    assert to_keyword_arguments({"enginePorts": 1, "aBC": 2}) == {"engine_ports": 1, "a_b_c": 2}
    assert freeze_parameters({"a": [1], "b": {"c": [1]}}) == {"a": (1,), "b": {"c": [1]}}
