"""A path that is no regular file is an error of one line, in each place that takes one."""

import os

import pytest

from tests.seeds import SEEDS

MINIMAL = SEEDS / "minimal.yaml"


@pytest.fixture
def fifo(tmp_path):
    path = tmp_path / "fifo.yaml"
    os.mkfifo(path)
    return path


COMMANDS = {
    "check": lambda fifo: ("check", fifo),
    "check a device": lambda _: ("check", "/dev/full"),
    "fix": lambda fifo: ("fix", fifo),
    "security": lambda fifo: ("security", fifo),
    "render": lambda fifo: ("render", fifo),
    "review": lambda fifo: ("review", fifo),
    "settings": lambda fifo: ("check", "--settings", fifo, MINIMAL),
    "facts": lambda fifo: ("check", "--facts", fifo, MINIMAL),
    "policies": lambda fifo: ("check", "--policies", fifo, MINIMAL),
    "policies test": lambda fifo: ("policies", "test", fifo),
    "policies lint": lambda fifo: ("policies", "lint", fifo),
    "certificate": lambda fifo: ("serve", "--tls-cert", fifo, "--tls-key", fifo),
    "certs inspect": lambda fifo: ("certs", "inspect", "--tls-cert", fifo, "--tls-key", fifo),
    "CA": lambda fifo: ("certs", "inspect", "--ca", fifo),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_what_is_no_regular_file_is_refused_and_not_waited_for(run, fifo, command):
    ran = run(*command(fifo))
    assert ran.code == 2
    assert "not a regular file" in ran.out + ran.err
