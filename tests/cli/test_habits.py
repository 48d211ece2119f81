"""What people wire graphgate into: hooks, actions, completion, explain, conversion."""

import json
import os
import re
import shutil
import subprocess
import sys

import click
import pytest
import yaml
from click.shell_completion import ShellComplete

from tests import patience
from tests.documents_of import minimal, with_graph
from tests.seeds import ROOT, SEEDS
from webhook.cli import graphgate


def flags_of(command):
    found = graphgate.get_command(click.Context(graphgate), command)
    assert found is not None
    return {option for parameter in found.params for option in parameter.opts}


def test_hooks_call_commands_that_exist():
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    for hook in hooks:
        program, command, *flags, end = hook["entry"].split()
        assert (program, end) == ("graphgate", "--")
        assert set(flags) <= flags_of(command)


def test_a_committed_file_that_is_called_like_a_flag_stays_a_file(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "relaxed.yaml").write_text("rules: {missing-container: off}\n")
    (tmp_path / "--settings=relaxed.yaml").write_text("kind: ConfigMap\n")
    (tmp_path / "broken.yaml").write_text(json.dumps(with_graph(name="zzz")))
    check, _ = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    _, *arguments = check["entry"].split()
    assert run(*arguments, "--settings=relaxed.yaml", "broken.yaml").code == 1


def test_hooks_pin_what_the_lock_pins():
    lock = (ROOT / "requirements.lock").read_text()
    for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text()):
        assert {"click", "orjson", "pyyaml"} <= {
            dependency.split("==")[0] for dependency in hook["additional_dependencies"]
        }
        assert all(f"\n{dependency} " in lock for dependency in hook["additional_dependencies"])


def action_step(number):
    return yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"][number]["run"]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ("deploy", ["deploy"]),
        ("a b", ["a", "b"]),
        ("a\nb c\n", ["a", "b", "c"]),
        ("--settings=x", ["--settings=x"]),
        ("a*", ["a*"]),
    ],
)
def test_the_action_checks_all_lines_of_its_paths(tmp_path, paths, expected):
    assert run_action(tmp_path, PATHS=paths)[-1].split("\n--\n")[-1].split("\n") == expected


def run_action(folder, base="", **inputs):
    """Run the steps after the installation in a folder; return what `graphgate` was called with."""
    program = folder / "tools" / "graphgate" / "bin" / "graphgate"
    program.parent.mkdir(parents=True)
    program.write_text(
        '#!/bin/sh\n{ for word; do echo "$word"; done; echo ====; } >> "$RUNNER_TEMP/calls"\n'
    )
    program.chmod(0o755)
    inputs = {name: inputs.get(name, "") for name in ACTION_INPUTS}
    environment = {**os.environ, "RUNNER_TEMP": str(folder / "tools"), "BASE": base, **inputs}
    for step in (1, 2):
        subprocess.run(
            ["bash", "-euo", "pipefail", "-c", action_step(step)],
            cwd=folder,
            env=environment,
            check=True,
            capture_output=True,
            timeout=patience.SECONDS,
        )
    calls = (folder / "tools" / "calls").read_text().split("\n====\n")
    return [call for call in calls if call]


ACTION_INPUTS = ("PATHS", "SETTINGS", "POLICIES", "FACTS", "POD_SECURITY", "FAIL_ON", "SARIF")


def test_the_action_passes_its_inputs_on(tmp_path):
    report, check = run_action(
        tmp_path,
        SETTINGS="my settings.yaml",
        POLICIES="a b\nc",
        FACTS="facts.yaml",
        POD_SECURITY="baseline",
        FAIL_ON="warn",
        SARIF="out.sarif",
    )
    flags = [
        "--no-config",
        *("--policies=a", "--policies=b", "--policies=c"),
        *("--settings=my settings.yaml", "--facts=facts.yaml"),
        *("--pod-security=baseline", "--fail-on=warn", "--", "."),
    ]
    assert report.split("\n") == ["check", "--output", "sarif", *flags]
    assert check.split("\n") == ["check", "--output", "github", *flags]
    assert (tmp_path / "out.sarif").exists()


def clone_of_branch(folder, files):
    """Return a clone of a repository of these files, and the commit that has them."""
    origin, checkout = folder / "origin", folder / "checkout"
    origin.mkdir()
    author = ("-c", "user.name=a", "-c", "user.email=a@example")

    def git(*arguments):
        command = ["git", "-C", str(origin), *author, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-b", "main")
    git("config", "uploadpack.allowAnySHA1InWant", "true")
    for name, text in files.items():
        (origin / name).parent.mkdir(exist_ok=True)
        (origin / name).write_text(text)
    git("add", "-A")
    git("commit", "-m", "base")
    base = git("rev-parse", "HEAD")
    subprocess.run(["git", "clone", str(origin), str(checkout)], check=True, capture_output=True)
    return checkout, base


needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is missing")


@needs_git
@pytest.mark.parametrize("configured", [True, False])
def test_the_action_takes_the_configuration_from_the_base_branch(tmp_path, configured):
    name = ".graphgate.yaml" if configured else "README"
    checkout, base = clone_of_branch(tmp_path, {name: "ignore: [naming]\n"})
    (checkout / ".graphgate.yaml").write_text("ignore: [graph]\n")
    (call,) = run_action(checkout, base)
    config = checkout / "tools" / "graphgate-base" / ".graphgate.yaml"
    flag, *rest = call.split("\n")[3:]
    if configured:
        assert (flag, rest) == (f"--config={config}", ["--"])
        assert config.read_text() == "ignore: [naming]\n"
    else:
        assert (flag, rest) == ("--no-config", ["--", "."])


@needs_git
def test_the_action_takes_the_files_of_its_inputs_from_the_base_branch(tmp_path):
    strict = {"settings.yaml": "strict", "policies/one.yaml": "strict", "facts.yaml": "strict"}
    checkout, base = clone_of_branch(tmp_path, strict)
    for name in strict:
        (checkout / name).write_text("relaxed by the pull request")
    (checkout / "made.yaml").write_text("by an earlier step")
    (call,) = run_action(
        checkout,
        base,
        SETTINGS="settings.yaml",
        POLICIES="policies made.yaml",
        FACTS="facts.yaml",
    )
    of_base = checkout / "tools" / "graphgate-base"
    assert call.split("\n")[4:] == [
        f"--policies={of_base}/policies",
        "--policies=made.yaml",
        f"--settings={of_base}/settings.yaml",
        f"--facts={of_base}/facts.yaml",
        *("--", "."),
    ]
    assert (of_base / "settings.yaml").read_text() == "strict"


def test_the_action_writes_its_report_in_place_of_a_link(tmp_path):
    (tmp_path / "profile").write_text("untouched")
    (tmp_path / "out.sarif").symlink_to(tmp_path / "profile")
    run_action(tmp_path, SARIF="out.sarif")
    assert (tmp_path / "profile").read_text() == "untouched"
    assert not (tmp_path / "out.sarif").is_symlink()


def test_the_action_runs_no_module_of_the_repository(tmp_path):
    (tmp_path / "venv.py").write_text("raise SystemExit('this is the repository')\n")
    (command,) = re.findall(r"(?m)^python3 .* venv ", action_step(0))
    subprocess.run(
        ["bash", "-c", f"{command} --without-pip made"],
        cwd=tmp_path,
        check=True,
        timeout=patience.SECONDS,
    )
    assert (tmp_path / "made" / "pyvenv.cfg").exists()


def test_the_action_installs_nothing_without_a_hash():
    lines = action_step(0).replace("\\\n", "").splitlines()
    installs = [line for line in lines if "install --" in line]
    assert len(installs) == 2
    assert all("--require-hashes" in line or "--no-index" in line for line in installs)
    assert all("--no-deps" in line for line in installs)


def test_the_action_calls_check_with_flags_that_exist():
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    script = action["runs"]["steps"][-1]["run"]
    known = flags_of("check")
    assert set(re.findall(r"--[a-z][-a-z]+", script)) <= known
    assert "${{" not in script


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_can_complete(shell):
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            "from webhook.cli import graphgate; graphgate(prog_name='graphgate')",
        ],
        env={**os.environ, "_GRAPHGATE_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        check=True,
        timeout=patience.SECONDS,
    )
    assert "_GRAPHGATE_COMPLETE" in ran.stdout


@pytest.mark.parametrize(
    ("command", "typed", "offered"),
    [
        ("explain", ["missing-cont"], "missing-container"),
        ("explain", ["pod-security/runAsN"], "pod-security/runAsNonRoot"),
        ("check", ["--select", "missing-cont"], "missing-container"),
        ("check", ["--ignore", "nam"], "naming"),
        ("check", ["--fail-on", "w"], "warn"),
    ],
)
def test_the_shell_completes_words(command, typed, offered):
    completion = ShellComplete(graphgate, {}, "graphgate", "_GRAPHGATE_COMPLETE")
    items = completion.get_completions([command, *typed[:-1]], typed[-1])
    assert offered in [item.value for item in items]


@pytest.mark.parametrize("command", ["check", "fix", "render", "graph", "security"])
def test_the_shell_completes_files(command):
    completion = ShellComplete(graphgate, {}, "graphgate", "_GRAPHGATE_COMPLETE")
    assert [item.type for item in completion.get_completions([command], "")] == ["file"]


def test_security_prints_a_block_for_each_container(run):
    ran = run("security", SEEDS / "user-id.yaml")
    assert ran.code == 0
    assert "runAsUser                 1000" in ran.out
    assert "its pod meets privileged, baseline; not restricted" in ran.out


@pytest.mark.parametrize(
    ("operator", "name"), [("seldon", "Seldon's operator"), ("graphgate", "graphgate's reconciler")]
)
def test_security_says_whose_pods_it_shows(run, operator, name):
    last = run("security", "--operator", operator, SEEDS / "minimal.yaml").out.splitlines()[-1]
    assert last == f"pods shown as {name} creates them: the setting operator"


def test_security_prints_json(run):
    report = json.loads(run("security", "-o", "json", SEEDS / "minimal.yaml").out)
    container, orchestrator = report["results"][0]["containers"]
    assert container["securityContext"]["runAsUser"] == {"value": "8888", "origin": "default"}
    assert (container["injected"], orchestrator["injected"]) == (False, True)


def test_security_reports_a_file_that_cannot_be_read(run, tmp_path):
    assert run("security", tmp_path / "gone.yaml").code == 2
    assert run("security", "-", stdin="a: [").code == 2


PSP = {
    "apiVersion": "policy/v1beta1",
    "kind": "PodSecurityPolicy",
    "metadata": {"name": "restricted"},
    "spec": {
        "privileged": False,
        "runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 1000, "max": 2000}]},
        "seLinux": {"rule": "RunAsAny"},
        "supplementalGroups": {"rule": "RunAsAny"},
        "fsGroup": {"rule": "RunAsAny"},
        "volumes": ["*"],
    },
}


def test_a_pod_security_policy_becomes_settings_that_hold(run, tmp_path):
    (tmp_path / "psp.yaml").write_text(yaml.safe_dump(PSP))
    converted = run("policies", "convert-psp", tmp_path / "psp.yaml")
    assert converted.code == 0
    (tmp_path / "settings.yaml").write_text(converted.out)
    document = minimal()
    pod = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
    pod["securityContext"] = {"runAsUser": 5}
    ran = run("check", "--settings", tmp_path / "settings.yaml", "-", stdin=json.dumps(document))
    assert "[pod-security/restrictions/runAsUser]" in ran.out
    assert ran.code == 1  # as the policy denied


def test_what_is_no_pod_security_policy_is_one_sentence(run, tmp_path):
    (tmp_path / "x.yaml").write_text("kind: Pod")
    ran = run("policies", "convert-psp", tmp_path / "x.yaml")
    assert (ran.code, ran.err) == (2, "graphgate: the document is not a PodSecurityPolicy\n")


@pytest.mark.parametrize("flag", ["restricted:", "Restricted", "restricted:v1.036", "x:v1.30"])
def test_a_level_that_is_none_is_refused(run, flag):
    ran = run("check", "--pod-security", flag, SEEDS / "minimal.yaml")
    assert ran.code == 2
    assert "restricted:v1.36" in ran.err


def test_pod_security_from_the_command_line_warns(run):
    ran = run("check", "-o", "json", "--pod-security", "restricted", SEEDS / "minimal.yaml")
    (result,) = json.loads(ran.out)["results"]
    assert result["verdict"] == "allowed"
    assert {f["ruleId"].split("/")[0] for f in result["findings"]} == {"pod-security"}
