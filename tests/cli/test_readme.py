"""The README tells what the commands really print."""

import os
import re
import shlex

import click
import pytest

from tests.seeds import ROOT
from webhook.cli import graphgate

README = ROOT / "README.md"
BLOCKS = re.findall(r"```console\n\$ (graphgate [^\n]*)\n(.*?)```", README.read_text(), re.S)
UPDATE = bool(os.environ.get("GRAPHGATE_UPDATE"))


@pytest.mark.parametrize(("command", "printed"), BLOCKS, ids=[command for command, _ in BLOCKS])
def test_a_command_in_the_readme_prints_what_stands_there(run, monkeypatch, command, printed):
    monkeypatch.chdir(ROOT)
    out = run(*shlex.split(command)[1:]).out
    if UPDATE:
        block = f"$ {command}\n"
        README.write_text(README.read_text().replace(block + printed, block + out))
        return
    assert out == printed


def test_the_readme_shows_the_three_manifests():
    shown = " ".join(command for command, _ in BLOCKS)
    assert all(f"seed/{name}.yaml" in shown for name in ("minimal", "user-id", "three-steps"))


def test_every_file_that_the_readme_links_to_is_there():
    text = (ROOT / "README.md").read_text()
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_command_is_described_in_the_documentation():
    report = (ROOT / "docs" / "cli.md").read_text()
    commands = graphgate.list_commands(click.Context(graphgate))
    assert [command for command in commands if f"`{command}" not in report] == []
