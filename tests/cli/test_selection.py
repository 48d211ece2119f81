"""Which files are checked, which findings count, and what a repository says of both."""

import json
import os
import shutil
import subprocess

import pytest
import yaml

from tests.documents_of import minimal, with_graph, with_predictor

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is missing")

BROKEN = with_graph(name="clasifier")  # graph: missing-container
WARNED = with_predictor(replicaz=1)  # schema: unknown-field


def git(folder, *arguments):
    author = ("-c", "user.name=a", "-c", "user.email=a@example")
    subprocess.run(["git", "-C", folder, *author, *arguments], check=True, capture_output=True)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A repository with one right object, and its root as working directory."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "deploy" / "right.yaml", minimal())
    return tmp_path


@pytest.fixture
def repository(folder):
    shutil.rmtree(folder / ".git")
    git(folder, "init", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-m", "first")
    return folder


def write(file, *documents):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump_all(documents))


def files_of(ran):
    return sorted({result["file"] for result in json.loads(ran.out)["results"]})


@needs_git
@pytest.mark.parametrize("flags", [(), ("--changed", "main")])
def test_no_program_runs_that_the_configuration_of_the_repository_names(run, repository, flags):
    """It comes with a folder that somebody unpacked, and git would run it to see what changed."""
    hook = repository / "hook.sh"
    hook.write_text(f"#!/bin/sh\ntouch '{repository}/ran'\n")
    hook.chmod(0o755)
    git(repository, "config", "core.fsmonitor", "./hook.sh")
    assert run("check", *flags, "deploy").code == 0
    assert not (repository / "ran").exists()


@needs_git
def test_what_git_ignores_is_left_out_unless_it_is_named(run, repository):
    write(repository / "out" / "broken.yaml", BROKEN)
    (repository / ".gitignore").write_text("out/\n")
    assert files_of(run("check", "-o", "json", ".")) == ["deploy/right.yaml"]
    assert files_of(run("check", "-o", "json", "out/broken.yaml")) == ["out/broken.yaml"]
    assert files_of(run("check", "-o", "json", repository)) == [f"{repository}/deploy/right.yaml"]


def test_without_git_nothing_is_ignored(run, folder, monkeypatch):
    write(folder / "out" / "broken.yaml", BROKEN)
    (folder / ".gitignore").write_text("out/\n")
    monkeypatch.setenv("PATH", "")
    assert files_of(run("check", "-o", "json", ".")) == ["deploy/right.yaml", "out/broken.yaml"]


@pytest.mark.parametrize("pattern", ["old", "old/", "old/*", "*/broken.yaml", "*broken*"])
def test_excluded_files_are_left_out(run, folder, monkeypatch, pattern):
    write(folder / "old" / "deep" / "broken.yaml", BROKEN)
    monkeypatch.chdir(folder / "deploy")
    ran = run("check", "-o", "json", "--exclude", pattern, "..")
    assert files_of(ran) == ["../deploy/right.yaml"]


def test_a_pattern_is_of_whole_names(run, folder):
    write(folder / "older" / "right.yaml", minimal())
    ran = run("check", "-o", "json", "--exclude", "old", "older")
    assert files_of(ran) == ["older/right.yaml"]


@needs_git
def test_only_what_has_changed(run, repository, monkeypatch):
    git(repository, "checkout", "-b", "topic")
    write(repository / "deploy" / "committed.yaml", minimal())
    git(repository, "add", "-A")
    git(repository, "commit", "-m", "second")
    write(repository / "deploy" / "new file.yaml", minimal())
    git(repository, "checkout", "main")
    write(repository / "deploy" / "of-main.yaml", minimal())
    git(repository, "add", "deploy/of-main.yaml")
    git(repository, "commit", "-m", "third")
    git(repository, "checkout", "topic")
    monkeypatch.chdir(repository / "deploy")
    ran = run("check", "-o", "json", "--changed", "main", "..")
    assert files_of(ran) == ["../deploy/committed.yaml", "../deploy/new file.yaml"]


@needs_git
@pytest.mark.parametrize("reference", ["nowhere", "--output=x"])
def test_an_unknown_reference_is_a_sentence(run, repository, reference):
    ran = run("check", f"--changed={reference}", ".")
    assert ran.code == 2
    assert ran.err.startswith(f"graphgate: --changed {reference}: ")
    assert not (repository / "x").exists()


def test_changed_needs_a_repository(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = run("check", "--changed", "main", ".")
    assert (ran.code, ran.err) == (
        2,
        "graphgate: --changed needs a git repository\n",
    )


def rules_of(ran):
    (result,) = json.loads(ran.out)["results"]
    return result["verdict"], [finding["ruleId"] for finding in result["findings"]]


BOTH = {**BROKEN, "spec": {**BROKEN["spec"], "replicaz": 1}}


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ((), ("denied", ["missing-container", "unknown-field"])),
        (("--select", "unknown-field"), ("allowed", ["unknown-field"])),
        (("--select", "graph,schema"), ("denied", ["missing-container", "unknown-field"])),
        (("--select", "graph", "--select", "pod"), ("denied", ["missing-container"])),
        (("--ignore", "graph"), ("allowed", ["unknown-field"])),
        (("--select", "graph", "--ignore", "missing-container"), ("allowed", [])),
        (("--select", "pod-security"), ("allowed", [])),
        (("--select", "policy/replicas-bounded"), ("allowed", [])),
    ],
)
def test_selected_rules_count(run, flags, expected):
    ran = run("check", "-o", "json", *flags, stdin=json.dumps(BOTH))
    assert rules_of(ran) == expected
    assert ran.code == (expected[0] == "denied")


@pytest.mark.parametrize("flag", ["--select", "--ignore"])
def test_an_unknown_rule_is_an_error_with_the_nearest_name(run, flag):
    ran = run("check", flag, "missing-contaner", stdin=json.dumps(minimal()))
    assert (ran.code, ran.err) == (
        2,
        f'graphgate: {flag}: unknown rule or group "missing-contaner"; '
        'did you mean "missing-container"?\n',
    )


def test_what_was_not_read_cannot_be_ignored(run):
    document = minimal()
    document["metadata"]["annotations"] = {f"k{n}": "" for n in range(30_001)}
    ran = run("check", "-o", "json", "--ignore", "schema", stdin=json.dumps(document))
    verdict, rules = rules_of(ran)
    assert (ran.code, verdict) == (1, "denied")
    assert "object-too-large" in rules


@pytest.mark.parametrize(("fail_on", "code"), [("deny", 0), ("warn", 1)])
def test_fail_on_says_what_exit_code_1_is_for(run, fail_on, code):
    assert run("check", "--fail-on", fail_on, stdin=json.dumps(WARNED)).code == code


def test_quiet_prints_what_denies_only(run):
    assert run("check", "-q", stdin=json.dumps(WARNED)).out == ""
    out = run("check", "-q", stdin=json.dumps(BOTH)).out
    assert "[missing-container]" in out
    assert "unknown-field" not in out


def test_a_file_that_is_no_manifest_is_skipped_in_a_folder_and_not_if_it_is_named(run, folder):
    template = folder / "deploy" / "values.yaml"
    template.write_text("{% if a %}: [\n")
    ran = run("check", "deploy")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("1 SeldonDeployment: 1 allowed, 1 of other kinds skipped")
    assert run("check", template).code == 2
    assert run("check", stdin=template.read_text()).code == 2


def test_a_file_that_cannot_be_read_and_names_seldon_is_an_error_in_a_folder(run, folder):
    (folder / "deploy" / "broken.yaml").write_text("kind: SeldonDeployment\na: [\n")
    assert run("check", "deploy").code == 2


@pytest.mark.parametrize("output", ["sarif", "github"])
def test_code_scanning_gets_paths_from_the_root_of_the_repository(run, folder, monkeypatch, output):
    write(folder / "deploy" / "broken.yaml", BROKEN)
    monkeypatch.chdir(folder / "deploy")
    out = run("check", "-o", output, folder / "deploy").out
    assert "deploy/broken.yaml" in out
    assert str(folder) not in out


CONFIG = """
settings: policies/settings.yaml
paths: [deploy]
exclude: [deploy/old]
ignore: [schema]
fail-on: warn
"""


@pytest.fixture
def configured(folder):
    (folder / ".graphgate.yaml").write_text(CONFIG)
    (folder / "policies").mkdir()
    (folder / "policies" / "settings.yaml").write_text(
        "apiVersion: graphgate.io/v1alpha1\nkind: Settings\n"
        "rules: {missing-container: {action: warn}}\n"
    )
    write(folder / "deploy" / "broken.yaml", BOTH)
    write(folder / "deploy" / "old" / "broken.yaml", BROKEN)
    return folder


@pytest.mark.parametrize("below", [".", "deploy/old"])
def test_the_configuration_of_a_repository_is_read_from_its_root(
    run, configured, monkeypatch, below
):
    monkeypatch.chdir(configured / below)
    ran = run("check", "-o", "json")
    root, deploy = (".", "deploy") if below == "." else ("../..", "..")
    assert ran.err == f"graphgate: using {os.path.normpath(f'{root}/.graphgate.yaml')}\n"
    assert files_of(ran) == [f"{deploy}/broken.yaml", f"{deploy}/right.yaml"]
    findings = [each for result in json.loads(ran.out)["results"] for each in result["findings"]]
    assert [(each["ruleId"], each["action"]) for each in findings] == [
        ("missing-container", "warn")
    ]
    assert ran.code == 1


def test_flags_go_before_the_configuration(run, configured):
    ran = run("check", "-o", "json", "--fail-on", "deny", "--ignore", "graph", "deploy/broken.yaml")
    assert (ran.code, rules_of(ran)) == (0, ("allowed", ["unknown-field"]))


def test_without_paths_the_repository_is_checked(run, folder, monkeypatch):
    (folder / ".graphgate.yaml").write_text("fail-on: warn\n")
    monkeypatch.chdir(folder / "deploy")
    assert files_of(run("check", "-o", "json")) == ["../deploy/right.yaml"]


def test_no_config_reads_none(run, configured):
    ran = run("check", "-o", "json", "--no-config", "deploy/broken.yaml")
    assert (ran.code, ran.err) == (1, "")


def test_a_configuration_from_elsewhere_names_files_beside_itself(run, configured, tmp_path):
    elsewhere = tmp_path / "base"
    shutil.copytree(configured / "policies", elsewhere / "policies")
    shutil.move(configured / ".graphgate.yaml", elsewhere / "any.yaml")
    (configured / ".graphgate.yaml").write_text("ignore: [graph]\n")
    shutil.rmtree(configured / "policies")
    ran = run("check", "-o", "json", "--config", elsewhere / "any.yaml")
    assert "using base/any.yaml" in ran.err
    assert files_of(ran) == ["deploy/broken.yaml", "deploy/right.yaml"]


def test_fix_takes_what_it_knows_of_the_configuration(run, configured):
    ran = run("fix", "--diff")
    assert ran.err.startswith("graphgate: using .graphgate.yaml\n")
    assert "old/broken.yaml" not in ran.out + ran.err


def test_each_error_of_a_configuration_is_a_line_in_the_order_of_the_file(run, folder):
    (folder / ".graphgate.yaml").write_text(
        "pathes: [a]\nfail-on: wran\nselect: [pod, grpah, policy/a]\npod-security: restrict\n"
        "mode: warn\nmode: warn\n"
    )
    ran = run("check")
    assert (ran.code, ran.err) == (
        2,
        'graphgate: .graphgate.yaml:1:1: unknown key pathes; did you mean "paths"?\n'
        'graphgate: .graphgate.yaml:2:10: fail-on must be deny or warn, got "wran"; did you mean '
        '"warn"?\n'
        'graphgate: .graphgate.yaml:3:15: select: unknown rule or group "grpah"; did you mean '
        '"graph"?\n'
        'graphgate: .graphgate.yaml:4:15: invalid pod-security "restrict"; use privileged, '
        "baseline or restricted, with an optional version as in restricted:v1.36\n"
        "graphgate: .graphgate.yaml:6:7: mode is written twice\n",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pathes: [a]", 'unknown key pathes; did you mean "paths"?'),
        ("fail-on: never", 'fail-on must be deny or warn, got "never"'),
        ("paths: deploy", 'paths must be a list, got "deploy"'),
        ("- a", "(document) must be a mapping, got a list"),
    ],
)
def test_a_wrong_configuration_is_one_sentence(run, folder, text, said):
    (folder / ".graphgate.yaml").write_text(text)
    ran = run("check")
    assert ran.code == 2
    (line,) = ran.err.splitlines()
    assert line.startswith("graphgate: ")
    assert said in line
