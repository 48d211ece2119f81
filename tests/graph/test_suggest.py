import pytest

from webhook.graph.names import is_dns_label, to_dns_label
from webhook.graph.path import Path
from webhook.graph.suggest import nearest_word
from webhook.graph.text import escape_control_chars


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, with é and 名", "plain, with é and 名"),
        ("red\x1b[31m", "red\\x1b[31m"),
        ("two\nlines", "two\\nlines"),
        ("\u202etxt.exe", "\\u202etxt.exe"),
        ("\x00", "\\x00"),
    ],
)
def test_what_a_terminal_would_obey_is_spelt_out(text, shown):
    assert escape_control_chars(text) == shown


def test_a_key_that_a_terminal_would_obey_is_spelt_out_in_a_path():
    assert str(Path(("a", "\x1b[31m"))) == 'a["\\u001b[31m"]'


@pytest.mark.parametrize(
    ("word", "known", "near"),
    [
        ("model", ["MODEL", "ROUTER"], "MODEL"),
        ("OUTPUT-TRANSFORMER", ["OUTPUT_TRANSFORMER"], "OUTPUT_TRANSFORMER"),
        ("MODLE", ["MODEL", "ROUTER"], "MODEL"),
        ("BANANA", ["MODEL", "ROUTER"], ""),
        ("", ["MODEL"], ""),
        ("x", [], ""),
    ],
)
def test_the_nearest_word_is_the_one_that_was_probably_meant(word, known, near):
    assert nearest_word(word, known) == near


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("step_one", "step-one"),
        ("Step One!", "step-one"),
        ("--a--", "a"),
        ("___", ""),
        ("a" * 64, ""),
        ("é", ""),
    ],
)
def test_the_dns_label_that_says_the_same(name, label):
    assert to_dns_label(name) == label
    assert not is_dns_label(name)
    assert label == "" or is_dns_label(label)
