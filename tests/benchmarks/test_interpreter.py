"""The benchmarks run with an interpreter only if it can run them, and say which one it was."""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import interpreter


@pytest.fixture(autouse=True)
def _on_debian(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.is_file
    monkeypatch.setattr(
        Path, "is_file", lambda self: str(self) == "/etc/debian_version" or real(self)
    )


def python(folder: Path, script: str) -> Path:
    """A program that answers the probe in its own way."""
    made = folder / "python3"
    made.write_text(f"#!/bin/sh\n{script}\n")
    made.chmod(0o755)
    return made


def version(minor: int) -> str:
    return f"echo 3 {minor}"


def test_the_one_that_runs_the_tests_can_run_them() -> None:
    assert interpreter.why_not(Path(sys.executable)) == ""


def test_one_that_is_missing(tmp_path: Path) -> None:
    assert interpreter.why_not(tmp_path / "none") == f"there is no {tmp_path / 'none'}"


def test_one_that_is_not_of_debian(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_file", lambda _: False)
    assert interpreter.why_not(Path(sys.executable)) == "this is not Debian"


def test_one_that_is_too_old(tmp_path: Path) -> None:
    old = python(tmp_path, version(10))
    expected = f"{old} is Python 3.10, and graphgate needs 3.11"
    assert interpreter.why_not(old) == expected


def test_one_of_another_minor_than_the_dependencies(tmp_path: Path) -> None:
    other = sys.version_info.minor + 1
    newer = python(tmp_path, version(other))
    told = interpreter.why_not(newer)
    assert told.startswith(
        f"{newer} is Python 3.{other}, and the dependencies are installed for 3."
    )


def test_one_that_does_not_find_the_dependencies(tmp_path: Path) -> None:
    script = f"{version(sys.version_info.minor)}\necho \"No module named 'orjson'\" >&2\nexit 1"
    poor = python(tmp_path, script)
    assert interpreter.why_not(poor) == (
        f"{poor} cannot import the dependencies: No module named 'orjson'"
    )


def test_one_that_does_not_start(tmp_path: Path) -> None:
    broken = python(tmp_path, "echo no libpython >&2\nexit 127")
    assert interpreter.why_not(broken) == f"{broken} does not start: no libpython"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The arguments of what would have been run instead."""
    runs: list[list[str]] = []
    monkeypatch.setattr("os.execve", lambda _, arguments, __: runs.append(arguments))
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--only", "policies"])
    return runs


def test_debian_s_runs_with_the_same_arguments(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, started: list[list[str]]
) -> None:
    other = python(tmp_path, version(sys.version_info.minor))
    monkeypatch.setattr(interpreter, "DEBIAN", other)
    interpreter.use("debian", "benchmarks")
    (arguments,) = started
    assert arguments[:3] == [str(other), "-m", "benchmarks"]
    assert arguments[3:5] == ["--only", "policies"]
    parser = argparse.ArgumentParser()
    interpreter.add_option(parser)
    known, _ = parser.parse_known_args(["--interpreter", "debian", *arguments[3:]])
    assert known.interpreter == "this"


def test_another_one_stays_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    started: list[list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(interpreter, "DEBIAN", tmp_path / "none")
    interpreter.use("debian", "benchmarks")
    assert not started
    assert f"there is no {tmp_path / 'none'}" in capsys.readouterr().out


def test_whoever_asks_for_this_one_gets_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, started: list[list[str]]
) -> None:
    monkeypatch.setattr(interpreter, "DEBIAN", python(tmp_path, version(sys.version_info.minor)))
    interpreter.use("this", "benchmarks")
    assert not started


def test_the_description_is_of_the_interpreter_that_runs() -> None:
    told = interpreter.shown()
    asked = subprocess.run([sys.executable, "-VV"], capture_output=True, text=True, check=True)
    assert told.split(",")[0].removeprefix("CPython ") == asked.stdout.split()[1]
    assert str(Path(sys.executable).resolve()) in told
    assert "configured for PGO or LTO: " in told
