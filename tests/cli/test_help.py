"""The help of each command: its summary fits one line, and its two examples run."""

import json
import shutil
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from tests import patience
from tests.documents_of import minimal
from tests.seeds import ROOT
from webhook.cli import graphgate

NEEDS_CLUSTER = {"audit", "diff", "facts", "reconcile", "serve", "watch", "certs rotate"}
"""What waits for a cluster or runs until SIGTERM: of these the arguments are parsed."""

SETTINGS = "apiVersion: graphgate.io/v1alpha1\nkind: Settings\n"
PSP = """\
apiVersion: policy/v1beta1
kind: PodSecurityPolicy
metadata: {name: a}
spec: {runAsUser: {rule: MustRunAsNonRoot}, volumes: ['*']}
"""
POLICY = """\
apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: named}
spec:
  matchConstraints:
    resourceRules:
    - apiGroups: [machinelearning.seldon.io]
      apiVersions: ['*']
      operations: [CREATE]
      resources: [seldondeployments]
  validations:
  - {expression: "object.metadata.name != 'iris'", message: another name}
"""
EXCEPTIONS = """\
apiVersion: graphgate.io/v1alpha1
kind: PolicyException
metadata: {name: legacy}
spec:
  reason: replaced next quarter
  expiresAt: "2100-01-01T00:00:00Z"
  match: {names: [legacy-*]}
  exempt: {rules: [traffic-not-100]}
"""
REVIEW = {
    "apiVersion": "admission.k8s.io/v1",
    "kind": "AdmissionReview",
    "request": {
        "uid": "1",
        "kind": {"group": "machinelearning.seldon.io", "version": "v1", "kind": "SeldonDeployment"},
        "resource": {
            "group": "machinelearning.seldon.io",
            "version": "v1",
            "resource": "seldondeployments",
        },
        "operation": "CREATE",
        "name": "iris",
        "namespace": "models",
        "userInfo": {},
        "object": minimal(),
    },
}


def commands(group=graphgate, path=()):
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            yield " ".join((*path, name)), command
            if isinstance(command, click.Group):
                yield from commands(command, (*path, name))


COMMANDS = dict(commands())


def show_help(*words):
    return CliRunner().invoke(graphgate, [*words, "--help"], terminal_width=80).output


def examples_of(command):
    lines = show_help(*command.split()).rstrip().splitlines()
    begin = lines.index("  Examples:")
    return [line.strip() for line in lines[begin + 1 :]]


@pytest.mark.parametrize("group", ["", *(n for n, c in COMMANDS.items() if hasattr(c, "commands"))])
def test_the_summary_of_each_command_fits_its_line(group):
    listed = show_help(*group.split()).partition("\nCommands:\n")[2].partition("\n\n")[0]
    below = [n for n in COMMANDS if n.rpartition(" ")[0] == group]
    assert len(listed.splitlines()) == len(below)
    assert "..." not in listed


@pytest.mark.parametrize("command", COMMANDS)
def test_each_help_ends_with_two_examples_of_its_command(command):
    first, second = examples_of(command)
    assert first.startswith(f"graphgate {command}")
    assert second.startswith(f"graphgate {command}")


@pytest.fixture
def folder(tmp_path):
    model = json.dumps(minimal())
    for name, text in {
        "model.yaml": model,
        "models/model.yaml": model,
        "settings.yaml": SETTINGS,
        "psp.yaml": PSP,
        "policy.yaml": POLICY,
        "exceptions.yaml": EXCEPTIONS,
        "review.json": json.dumps(REVIEW),
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    shutil.copytree(ROOT / "policies" / "library" / "graph-depth-bounded", tmp_path / "policies")
    return tmp_path


EXAMPLES = [(command, example) for command in COMMANDS for example in examples_of(command)]


@pytest.mark.parametrize(("command", "example"), EXAMPLES, ids=[example for _, example in EXAMPLES])
def test_examples_run(command, example, folder, monkeypatch):
    arguments = example.partition(" > ")[0].split()[1 + len(command.split()) :]
    if command in NEEDS_CLUSTER:
        monkeypatch.chdir(folder)
        COMMANDS[command].make_context(command, arguments)  # raises click.UsageError
        return
    if "certs inspect" in example:
        made = CliRunner().invoke(graphgate, ["certs", "init", "--out", str(folder / "certs")])
        assert made.exit_code == 0
    shell = f'set -eu; graphgate() {{ "{sys.executable}" -m webhook "$@"; }}; {example}'
    ran = subprocess.run(
        ["bash", "-c", shell],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=patience.SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
