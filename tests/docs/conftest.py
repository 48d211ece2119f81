"""The command line, as its own tests run it."""

from tests.cli.conftest import run as run  # noqa: PLC0414 — a fixture is found by its name here
