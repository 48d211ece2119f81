"""The README is short and true, and so are commands that the documentation shows with output.

`GRAPHGATE_UPDATE=1` writes what the commands print into the pages.
"""

import json
import os
import re
import shlex

import click

from tests.docs.judged import commands_of, of
from tests.docs.pages import blocks_of
from tests.docs.shell import faults_in, made_by
from tests.seeds import ROOT
from webhook.cli import graphgate
from webhook.rules import all_rules

README = ROOT / "README.md"
TEXT = README.read_text("utf-8")
UPDATE = bool(os.environ.get("GRAPHGATE_UPDATE"))
# Run against an API server, in their order: tests/apiserver/test_quickstart.py.
RUN_ELSEWHERE = {"docs/quickstart.md"}


def commands_shown(page):
    return re.findall(r"^\$ (.*)$", "\n".join(block.text for block in blocks_of(page)), re.M)


def made_by_page(page):
    return set().union(*(made_by(commands_of(block)) for block in blocks_of(ROOT / page)))


@of("console")
def test_a_command_prints_what_stands_in_the_page(run, monkeypatch, block):
    if block.page in RUN_ELSEWHERE:
        assert faults_in(commands_of(block), frozenset(made_by_page(block.page))) == []
        return
    monkeypatch.chdir(ROOT)
    for command, printed in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n?)*)", block.text + "\n", re.M):
        assert command.startswith("graphgate "), f"{block.place}: only graphgate is run: {command}"
        out = run(*shlex.split(command)[1:]).out
        if UPDATE:
            page = ROOT / block.page
            text = page.read_text("utf-8").replace(f"$ {command}\n{printed}", f"$ {command}\n{out}")
            page.write_text(text, "utf-8")
        else:
            assert out == printed


def test_findings_in_the_quick_start_are_worded_as_they_are(run):
    """What the API server answers there is tried with it; its words change with a message."""
    page = ROOT / "docs" / "quickstart.md"
    (result,) = json.loads(run("check", "-o", "json", ROOT / "docs/examples/iris.yaml").out)[
        "results"
    ]
    text, shown = page.read_text("utf-8"), 0
    for found in result["findings"]:
        ending = f"[{found['ruleId']}]"
        lines = re.findall(rf"^.*{re.escape(found['path'])}: .*{re.escape(ending)}$", text, re.M)
        for line in lines:
            remedy = f"; {found['remediation']}" if line.startswith("* ") else ""
            begin = line[: line.index(f"{found['path']}: ")]
            expected = f"{begin}{found['path']}: {found['message']}{remedy} {ending}"
            assert UPDATE or line == expected
            text, shown = text.replace(line, expected), shown + 1
    if UPDATE:
        page.write_text(text, "utf-8")
    assert shown >= 4 * len(result["findings"])


def test_it_is_two_screens_long():
    assert len(TEXT.splitlines()) <= 110


def test_it_shows_a_command_with_what_it_prints_and_a_picture_of_the_same_file():
    assert commands_shown(README) == ["graphgate check docs/examples/iris.yaml"]
    assert "](docs/pictures/iris.svg)" in TEXT


def test_the_documentation_shows_the_three_manifests():
    shown = " ".join(commands_shown(ROOT / "docs" / "checking.md"))
    assert all(f"seed/{name}.yaml" in shown for name in ("minimal", "user-id", "three-steps"))


def test_the_number_of_rules_is_that_of_the_rules():
    (shown,) = re.findall(r"\| (\d+) rules and more \|", TEXT)
    assert int(shown) == len(all_rules()) // 10 * 10


def test_the_number_of_policies_is_that_of_the_library():
    (shown,) = re.findall(r"\*\*ready-made policies\*\* \| (\d+) \|", TEXT)
    assert int(shown) == len(list((ROOT / "policies" / "library").glob("*/policy.yaml")))


def test_its_tests_are_those_of_continuous_integration():
    ran = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "make check test" in ran
    assert "\nmake check test " in TEXT


def test_every_command_is_described_in_the_documentation():
    report = (ROOT / "docs" / "cli.md").read_text("utf-8")
    commands = graphgate.list_commands(click.Context(graphgate))
    assert [command for command in commands if f"`{command}" not in report] == []
