"""Changed lines, against difflib's own; and the work that fixing a file takes."""

import difflib
from random import Random

import pytest

from webhook.graph.cluster_facts import NO_FACTS
from webhook.lint import line_diff
from webhook.lint.autofix import autofix
from webhook.lint.line_diff import changed_lines, split_lines, unified_diff
from webhook.lint.lint import lint_text
from webhook.settings.model import read_settings

SETTINGS = read_settings()
OBJECT = """apiVersion: machinelearning.seldon.io/v1
kind: SeldonDeployment
metadata: {name: iris}
spec:
  predictors:
  - name: main
    replicas: "1"
    graph: {name: a, implementation: SKLEARN_SERVER, modelUri: "gs://a/b"}
"""


def drawn(random):
    lines = [random.choice("abc\u2028\x0c\r") + "\n" for _ in range(random.randrange(30))]
    return "".join(lines) + random.choice(["", "end"])


def changed(random, text):
    lines = split_lines(text)
    for _ in range(random.randrange(4)):
        at = random.randrange(len(lines) + 1)
        lines[at : at + random.randrange(3)] = random.choice(["x\n", "y\nz\n", ""]).splitlines(True)
    return "".join(lines)


@pytest.mark.parametrize("seed", range(200))
def test_a_diff_gives_the_new_text_and_is_read_as_one(seed):
    """Read as patch reads it: heads say from where to where, and marks what is there."""
    random = Random(seed)
    old = drawn(random)
    new = changed(random, old)
    changes = list(changed_lines(split_lines(old), split_lines(new)))
    diff = split_lines("".join(unified_diff("f", old, changes)))
    assert patched(split_lines(old), diff) == new
    theirs = list(difflib.unified_diff(split_lines(old), split_lines(new)))
    assert len([line for line in diff if line[:2] == "@@"]) <= len(
        [line for line in theirs if line[:2] == "@@"]
    ) + len(changes)


LINES = [f"line {n}\n" for n in range(30)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(LINES, [*LINES[:9], "x\n", *LINES[10:]], id="one line"),
        pytest.param(LINES, [*LINES[:9], "x\n", "y\n", *LINES[12:]], id="two lines for three"),
        pytest.param(LINES, ["x\n", *LINES[1:15], "y\n", *LINES[15:]], id="two places"),
        pytest.param(LINES, ["x\n", *LINES[1:7], "y\n", *LINES[8:]], id="six lines between"),
        pytest.param(LINES, ["x\n", *LINES[1:8], "y\n", *LINES[9:]], id="seven lines between"),
        pytest.param(LINES, LINES[2:], id="without the first lines"),
        pytest.param(LINES, LINES[:-2], id="without the last lines"),
        pytest.param(LINES, [*LINES[:5], *LINES[6:20], *LINES[21:]], id="fewer lines twice"),
        pytest.param(["a\n"], ["b\n"], id="one line alone"),
        pytest.param([], ["a\n"], id="nothing before"),
        pytest.param(["a\n"], [], id="nothing after"),
        pytest.param(LINES, LINES, id="no change"),
    ],
)
def test_a_diff_of_whole_lines_is_that_of_difflib(old, new):
    ours = unified_diff("f", "".join(old), list(changed_lines(old, new)))
    assert list(ours) == list(difflib.unified_diff(old, new, "f", "f"))


def patched(old, diff):
    """Return the new text; a line of the diff that does not fit raises."""
    result, at, before = [], 0, ""
    for line in diff[2:]:
        if line.startswith("@@"):
            first, _, count = line.split()[1][1:].partition(",")
            start = int(first) - (count != "0")
            result += old[at:start]
            at = start
        elif line.startswith("\\"):
            result[-1:] = [result[-1].removesuffix("\n")] if before != "-" else result[-1:]
        elif line[0] == "+":
            result.append(line[1:])
        else:
            assert old[at].rstrip("\n") == line[1:].rstrip("\n")
            result += [old[at]] if line[0] == " " else []
            at += 1
        before = line[0]
    return "".join(result + old[at:])


def test_texts_that_have_little_in_common_are_one_change(monkeypatch):
    monkeypatch.setattr(line_diff, "MAX_COMPARED_PAIRS", 3)
    old, new = ["same", "a", "b", "a", "same"], ["same", "c", "b", "c", "same"]
    assert list(changed_lines(old, new)) == [(1, 4, ("c", "b", "c"))]


def test_texts_of_the_greatest_size_that_is_compared_are_compared(monkeypatch):
    monkeypatch.setattr(line_diff, "MAX_COMPARED_PAIRS", 9)
    old, new = ["same", "a", "b", "a", "same"], ["same", "c", "b", "c", "same"]
    assert list(changed_lines(old, new)) == [(1, 2, ("c",)), (3, 4, ("c",))]


def test_a_line_that_comes_often_is_no_change():
    often = ["- same\n"] * 300
    changes = changed_lines(["a\n", *often, "a\n"], ["b\n", *often, "b\n"])
    assert list(changes) == [(0, 1, ("b\n",)), (301, 302, ("b\n",))]


ITEM = "- " + OBJECT.replace("\n", "\n  ").rstrip(" ")
LIST = "apiVersion: v1\nkind: List\nitems:\n"


@pytest.mark.parametrize("work", ["fix", "sarif"])
@pytest.mark.parametrize(
    "text_of",
    [lambda n: "---\n".join([OBJECT] * n), lambda n: LIST + ITEM * n],
    ids=["documents", "items of a List"],
)
def test_twice_as_many_faults_take_twice_the_characters(monkeypatch, text_of, work):
    """Of a List each fix reads all of it, so that their number is limited."""
    counts: list[int] = []
    for module in ("webhook.lint.lint", "webhook.lint.autofix", "webhook.yamldoc.editing"):
        monkeypatch.setattr(f"{module}.read", counted(counts))
    for module in ("lint", "autofix"):
        monkeypatch.setattr(f"webhook.lint.{module}.MAX_TEXT_READS", 10)
    spent = []
    for text in map(text_of, (20, 40)):
        counts.clear()
        if work == "fix":
            autofix(text, SETTINGS, NO_FACTS)
        else:
            lint_text("-", text, SETTINGS, NO_FACTS, with_edits=True)
        spent.append(sum(counts))
    assert spent[1] <= 2.1 * spent[0]


def counted(counts):
    from webhook.yamldoc.reading import read

    def count(text):
        counts.append(len(text))
        return read(text)

    return count


def test_a_file_with_too_many_fixes_says_so(monkeypatch):
    monkeypatch.setattr("webhook.lint.autofix.MAX_TEXT_READS", 10)
    result = autofix(LIST + ITEM * 12, SETTINGS, NO_FACTS)
    assert len(result.applied) == 10
    assert {reason for _, reason in result.skipped} == {
        "too many fixes for one run; run graphgate fix again"
    }


def test_an_edit_has_the_line_of_its_finding_whatever_else_ends_a_line_for_python():
    text = f"# \u2028 \x85\n{OBJECT}"
    (result,) = lint_text("-", text, SETTINGS, NO_FACTS, with_edits=True).results
    (found,) = result.findings
    assert [(edit.start, edit.end, edit.text) for edit in found.edits] == [
        (8, 9, "    replicas: 1\n")
    ]
    assert found.line == 8


@pytest.mark.parametrize("reads", [1, 2, 3])
def test_a_file_is_read_for_edits_as_often_as_the_limit_says(monkeypatch, reads):
    monkeypatch.setattr("webhook.lint.lint.MAX_TEXT_READS", reads)
    text = OBJECT.replace("replicas", 'shadow: "false"\n    replicas')
    (result,) = lint_text("-", text, SETTINGS, NO_FACTS, with_edits=True).results
    assert len([each for each in result.findings if each.finding.fix]) == 2
    assert len([each for each in result.findings if each.edits]) == min(reads, 2)
