"""The command line run in this process: what it prints, and its exit code."""

from dataclasses import dataclass

import pytest
from click.testing import CliRunner

from webhook.__main__ import format_error
from webhook.cli import graphgate
from webhook.errors import GraphgateError


@dataclass(frozen=True)
class Ran:
    out: str
    err: str
    code: int


@pytest.fixture
def run(monkeypatch):
    """Run `graphgate ARGUMENTS`; errors of the tree become sentences as in `webhook.__main__`."""
    monkeypatch.delenv("DEFAULT_USER_ID", raising=False)

    def run(*arguments, stdin=None, env=None):
        result = CliRunner().invoke(graphgate, [str(a) for a in arguments], input=stdin, env=env)
        if isinstance(result.exception, GraphgateError):
            return Ran(result.stdout, format_error(result.exception), 2)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.stdout, result.stderr, result.exit_code)

    return run
