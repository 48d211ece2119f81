import pytest

from webhook.graph.names import is_dns_label, to_dns_label
from webhook.graph.path import Path
from webhook.graph.suggest import hint_at_known, nearest_word, spelling_fix_safety
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


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("INPUT_TRANSFORMER", ["OUTPUT_TRANSFORMER"]),
        ("maxReplica", ["minReplicas"]),
        ("NotExists", ["Exists"]),
        ("postStop", ["preStop"]),
        ("runAsUsr", ["runAsNonRoot"]),
        ("httpGet", ["httpGet"]),
        ("x" * 5000, ["x" * 4999]),
    ],
)
def test_a_word_is_never_offered_for_its_opposite_or_itself(word, known):
    assert nearest_word(word, known, 0.1) == ""


@pytest.mark.parametrize(
    ("word", "nearest", "safety"),
    [
        ("model", "MODEL", "safe"),
        ("RANDOM_AB_TEST", "RANDOM_ABTEST", "safe"),
        ("SKLEARN_SERVER ", "SKLEARN_SERVER", "safe"),
        ("SKLEARN_SERVR", "SKLEARN_SERVER", "safe"),
        ("replicaz", "replicas", "safe"),
        ("MODLE", "MODEL", "safe"),
        ("modelss", "models", "safe"),
        ("cpus", "cpu", "unsafe"),
        ("RSET", "REST", "safe"),
        ("classifer-v2", "classifier", "unsafe"),
        ("INPUT", "OUTPUT", "unsafe"),
        ("", "MODEL", "unsafe"),
    ],
)
def test_one_slip_is_safe_and_more_is_a_guess(word, nearest, safety):
    assert spelling_fix_safety(word, nearest) == safety


def test_a_hint_lists_twenty_words_and_says_how_many_more_there_are() -> None:
    words = [f"w{number}" for number in range(22)]
    assert hint_at_known("w3", words) == 'did you mean "w3"?'
    assert hint_at_known("", words[:2]) == "allowed: w0, w1"
    assert hint_at_known("", words[:20]).endswith("w18, w19")
    assert hint_at_known("", words).endswith("w18, w19 and 2 more")
