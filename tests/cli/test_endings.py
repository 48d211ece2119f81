"""How a command ends that somebody else ends, and what it prints where the terminal is a poor one.

Exit code 1 means that something was denied, and nothing else.
"""

import json
import os
import subprocess
import sys

import pytest

from tests.documents_of import minimal
from webhook import __main__ as program

QUOTED = minimal(lambda d: d["metadata"].update(name="“iris”"))


def run_process(*arguments, stdin=b"", **options):
    environment = {**os.environ, **options.pop("env", {})}
    return subprocess.run(
        [sys.executable, "-m", "webhook", *map(str, arguments)],
        input=stdin,
        env=environment,
        check=False,
        **({"capture_output": True} | options),
    )


@pytest.mark.parametrize("command", ["check", "fix", "graph", "render", "security"])
def test_an_interrupted_command_denies_nothing(run, monkeypatch, command):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(
        f"webhook.cli.{'output' if command == 'render' else 'commands.' + command}.read_input",
        interrupt,
    )
    ran = run(command, "-")
    assert (ran.code, ran.err.strip()) == (130, "graphgate: interrupted")


@pytest.mark.parametrize("command", [("check", "-"), ("fix", "-"), ("rules", "list")], ids=" ".join)
def test_a_closed_pipe_denies_nothing(command):
    reading_end, writing_end = os.pipe()
    os.close(reading_end)
    ran = run_process(
        *command,
        stdin=json.dumps(minimal()).encode(),
        stdout=writing_end,
        stderr=subprocess.PIPE,
        capture_output=False,
    )
    os.close(writing_end)
    assert (ran.returncode, ran.stderr) == (141, b"")


def test_an_error_of_graphgate_denies_nothing(monkeypatch, capsys):
    def fail():
        raise ValueError("a bug")

    monkeypatch.setattr(program, "graphgate", fail)
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-2:] == [
        "ValueError: a bug",
        "graphgate: this is an error of graphgate; please report it",
    ]


@pytest.mark.parametrize("encoding", ["cp437", "ascii:strict"])
@pytest.mark.parametrize("command", ["check", "graph", "security", "fix", "render", "audit"])
def test_characters_that_the_terminal_lacks_are_escaped(command, encoding):
    ran = run_process(
        command, "-", stdin=json.dumps(QUOTED).encode(), env={"PYTHONIOENCODING": encoding}
    )
    assert b"Traceback" not in ran.stderr
    assert ran.returncode in (0, 1)


@pytest.mark.parametrize("output", ["json", "sarif", "junit", "github"])
def test_what_programs_read_is_utf_8_on_every_terminal(output):
    ran = run_process(
        *("check", "-o", output, "-"),
        stdin=json.dumps(QUOTED).encode(),
        env={"PYTHONIOENCODING": "cp1252"},
    )
    assert "“iris”" in ran.stdout.decode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_the_fixed_text_has_the_bytes_of_the_file(tmp_path, encoding):
    file = tmp_path / "iris.yaml"
    file.write_bytes("# ü\r\nkind: Other\r\n".encode(encoding))
    ran = run_process("fix", file, env={"PYTHONIOENCODING": "cp437"})
    assert ran.stdout == file.read_bytes()


def test_an_unknown_command_gets_the_nearest_name(run):
    assert run("chekc").err.endswith("Error: No such command 'chekc'. Did you mean 'check'?\n")
    assert run("xyzzy").err.endswith("Error: No such command 'xyzzy'.\n")
