"""When text is coloured: a flag goes before the environment, that before what reads it."""

import json

import pytest
from click.testing import CliRunner

from tests.documents_of import with_graph
from webhook.cli import graphgate

BROKEN = json.dumps(with_graph(name="clasifier"))
RED = "\x1b[31m"


@pytest.mark.parametrize(
    ("flags", "environment", "coloured"),
    [
        ((), {}, False),
        (("--color", "always"), {}, True),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
        (("--color", "auto"), {"FORCE_COLOR": "1"}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ((), {"FORCE_COLOR": ""}, False),
    ],
)
def test_colour(monkeypatch, flags, environment, coloured):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    ran = CliRunner(env=environment).invoke(graphgate, ["check", "--no-config", *flags], BROKEN)
    assert (RED in ran.stdout) is coloured


@pytest.mark.parametrize("command", [("check",), ("fix",), ("policies", "lint"), ("serve",)])
def test_every_command_has_the_flag(command):
    assert "--color" in CliRunner().invoke(graphgate, [*command, "--help"]).stdout
