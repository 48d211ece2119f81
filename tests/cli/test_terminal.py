"""A terminal obeys nothing that an object or the name of a file holds, and GitHub's runner neither.

Colours are switched on, because click takes all escape sequences out of what no terminal shows.
"""

import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import patience
from tests.documents_of import minimal
from tests.seeds import ROOT
from webhook.cli.standard_output import write_document

EVIL = "a\x1b[2J\x1b]8;;x\x07red\u202eevil\u2066x\x9b\u2028b\n::stop-commands::c##[add-mask]d"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
COMMAND = re.compile(r"^\s*::(?!(error|warning|notice|debug) file=)|##\[", re.MULTILINE)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
COMMANDS = (
    *(("check", "-o", shape) for shape in ("text", "github")),
    ("audit", "-o", "text"),
    ("fix",),
    ("fix", "--diff"),
    ("fix", "--unsafe-fixes"),
    ("security",),
    ("graph",),
    ("render",),
)
PLACES = {
    "name": lambda d: d["metadata"].update(name=EVIL),
    "namespace": lambda d: d["metadata"].update(namespace=EVIL, labels=[]),
    "label": lambda d: d["metadata"].update(labels={EVIL: EVIL}),
    "unknown field": lambda d: d["spec"].update({EVIL: 1}),
    "predictor": lambda d: d["spec"]["predictors"][0].update(name=EVIL, replicas="1"),
    "node": lambda d: d["spec"]["predictors"][0]["graph"].update(name=EVIL, type=EVIL),
    "image": lambda d: _container(d).update(image=EVIL),
    "variable": lambda d: _container(d).update(env=[{"name": EVIL, "value": 1}]),
}


def _container(document: dict[str, Any]) -> dict[str, Any]:
    container: dict[str, Any]
    container = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"][0]
    return container


def obeyed(printed: str, *, is_data: bool = False) -> list[str]:
    """Return what a terminal or the runner would obey; of data that a program reads, a terminal."""
    assert printed
    shown = COLOUR.sub("", printed)
    commands = [] if is_data else [match[0] for match in COMMAND.finditer(shown)]
    return [*OBEYED.findall(shown), *commands]


@pytest.fixture(autouse=True)
def _runner(monkeypatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_prints_what_is_obeyed(run, tmp_path, command, place) -> None:
    file = tmp_path / f"{EVIL}.json".replace("/", "")
    file.write_text(json.dumps(minimal(place)))
    result = run(*command, file)
    is_data = command[0] in {"render", "fix"} or command[-1] == "github"
    assert obeyed(result.out or "-", is_data=is_data) == []
    assert obeyed(result.err or "-") == []


@pytest.mark.parametrize("command", ["check", "fix", "audit", "graph", "render", "security"])
def test_no_name_of_a_folder_or_file_is_obeyed(run, tmp_path, monkeypatch, command) -> None:
    folder = tmp_path / EVIL
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("name: chart")
    (folder / "templates" / "a.yaml").write_text("a: {{ .Values.a }}")
    (folder / "kustomization.yaml").write_text("patches: [{path: patch.yaml}]")
    (folder / "patch.yaml").write_text("kind: SeldonDeployment")
    (folder / "broken.yaml").write_text("kind: SeldonDeployment\na: [")
    monkeypatch.chdir(tmp_path)
    result = run(command, ".", folder / "none.yaml")
    assert obeyed(result.out or "-", is_data=command == "fix") == []
    assert obeyed(result.err) == []


def test_a_command_to_copy_runs_nothing_of_a_name(run, tmp_path, monkeypatch) -> None:
    for name in ("$(touch a)", "-f x"):
        (tmp_path / name / "templates").mkdir(parents=True)
        (tmp_path / name / "Chart.yaml").write_text("name: chart")
        (tmp_path / name / "templates" / "a.yaml").write_text("a: {{ 1 }}")
    monkeypatch.chdir(tmp_path)
    notes = run("check", "--no-config", ".").err
    assert "helm template '$(touch a)' |" in notes
    assert "helm template './-f x' |" in notes


@pytest.mark.parametrize("command", ["test", "lint", "list", "exceptions"])
def test_no_command_on_policies_prints_what_is_obeyed(run, tmp_path, command) -> None:
    folder = tmp_path / EVIL
    folder.mkdir()
    exception = {
        "apiVersion": "graphgate.io/v1alpha1",
        "kind": "PolicyException",
        "metadata": {"name": EVIL},
        "spec": {
            "reason": EVIL,
            "expiresAt": "2020-01-01T00:00:00Z",
            "match": {"names": [EVIL], "namespaces": [EVIL]},
            "exempt": {"policies": [EVIL], "rules": ["missing-container"]},
        },
    }
    test = {
        "apiVersion": "graphgate.io/v1alpha1",
        "kind": "PolicyTest",
        "object": minimal(),
        "cases": [{"name": EVIL, "expect": [{"rule": f"{EVIL}/0"}]}],
    }
    policy = (ROOT / "policies" / "library" / "owner-named" / "policy.yaml").read_text()
    (folder / "policy.yaml").write_text(policy)
    (folder / "broken.yaml").write_text(policy.replace("expression: ", "expression: 1 + "))
    (folder / "exception.json").write_text(json.dumps(exception))
    (folder / "test.json").write_text(json.dumps(test))
    result = run("policies", command, folder)
    assert obeyed(result.out + result.err) == []


def test_a_document_on_a_terminal_is_not_obeyed(tmp_path) -> None:
    """It may be unreadable in part, so that nothing has looked at what it holds."""
    file = tmp_path / "a.yaml"
    file.write_bytes(b"a: 1\r\n---\n[\x1b[2J\xc2\x9b2J\tb\n")
    reader, writer = pty.openpty()
    with os.fdopen(reader, "rb", buffering=0) as terminal:
        subprocess.run(
            [sys.executable, "-m", "webhook", "fix", "--no-config", file],
            stdout=writer,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            check=False,
            timeout=patience.SECONDS,
        )
        os.close(writer)
        shown = os.read(terminal.fileno(), 4096).decode()
    assert shown.replace("\r\n", "\n") == "a: 1\n---\n[\\x1b[2J\\x9b2J\tb\n"


class Terminal(io.BytesIO):
    """A standard output that says it is a terminal."""

    buffer = property(lambda self: self)

    def isatty(self) -> bool:
        return True


def test_blanks_without_end_are_written_in_linear_time(monkeypatch) -> None:
    """A search back from each of them took half a minute for fifty thousand."""
    terminal, blanks = Terminal(), " " * 1_000_000
    monkeypatch.setattr(sys, "stdout", terminal)
    write_document(f"{blanks}\n\ta \x1b[31m{blanks}\n")
    assert terminal.getvalue() == f"{blanks}\n\ta \\x1b[31m{blanks}\n".encode()


def test_every_command_writes_by_one_module() -> None:
    """Progress, the version and an interruption hold nothing of others."""
    folder = ROOT / "webhook" / "cli"
    writers = {
        str(Path(file).relative_to(folder))
        for file in folder.rglob("*.py")
        if re.search(r"click\.s?echo|sys\.std(out|err)\.write|print\(", file.read_text("utf-8"))
    }
    assert writers == {"__init__.py", "audit_sources.py", "standard_output.py"}
