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


@pytest.mark.parametrize(
    "command",
    [
        "check", "fix", "graph", "security", "render", "audit", "review",
        "policies lint", "policies list", "policies test", "policies exceptions",
        "policies convert --from kyverno", "policies convert-psp",
        "check --settings", "check --facts", "check --policies", "check --old",
        "certs inspect --tls-cert", "certs inspect --ca",
    ],
)  # fmt: skip
def test_a_file_that_is_not_there_is_one_sentence(run, tmp_path, command):
    missing = tmp_path / "missing.yaml"
    ran = run(*command.split(), missing)
    assert ran.code == 2
    assert "No such file or directory" in ran.out + ran.err


def test_a_folder_in_place_of_policies_to_convert_is_one_sentence(run, tmp_path):
    ran = run("policies", "convert", "--from", "kyverno", tmp_path)
    assert (ran.code, ran.err) == (2, f"graphgate: {tmp_path} cannot be read: Is a directory\n")


@pytest.mark.parametrize("command", ["render", "security", "fix", "check"])
def test_that_there_is_no_object_is_said(run, tmp_path, command):
    (tmp_path / "other.yaml").write_text("kind: Service\n")
    ran = run(command, tmp_path / "other.yaml")
    assert ran.code == 0
    assert f"no SeldonDeployment found in {tmp_path}/other.yaml (1 of other kinds)" in ran.err
