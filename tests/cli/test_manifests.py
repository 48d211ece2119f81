"""What is checked in a folder: no patches, no templates; and nothing passes that is almost one."""

import errno
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests import patience
from tests.documents_of import minimal, with_graph

PATCH = {"kind": "SeldonDeployment", "metadata": {"name": "a"}, "spec": {"replicas": 3}}


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write files below a folder, which becomes the working directory."""
    monkeypatch.chdir(tmp_path)

    def write(**contents):
        for name, content in contents.items():
            file = tmp_path / name.replace("__", "/").replace("_yaml", ".yaml")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))

    return write


@pytest.mark.parametrize(
    "kustomization",
    [
        {"patches": [{"path": "patch.yaml"}]},
        {"patches": [{"path": "./patch.yaml", "target": {"kind": "SeldonDeployment"}}]},
        {"patchesStrategicMerge": ["patch.yaml", yaml.safe_dump(PATCH)]},
        {"patchesJson6902": [{"path": "patch.yaml", "target": {"name": "a"}}]},
        {"kind": "Component", "patches": [{"path": "patch.yaml"}]},
    ],
)
@pytest.mark.parametrize("named", ["overlay", "overlay/patch.yaml", "."])
def test_a_kustomize_patch_is_not_judged_as_an_object(run, write, kustomization, named):
    write(overlay__patch_yaml=PATCH, overlay__kustomization_yaml=kustomization)
    ran = run("check", named)
    assert (ran.code, ran.out.startswith("0 SeldonDeployments")) == (0, True)
    assert ran.err.splitlines()[0] == (
        "graphgate: 1 kustomize patch of overlay skipped; check what is built: "
        "kustomize build overlay | graphgate check -"
    )


def test_the_patches_of_a_component_elsewhere_are_known(run, write):
    write(
        overlay__kustomization_yaml={"components": ["../gpu"]},
        gpu__kustomization_yaml={"kind": "Component", "patches": [{"path": "patch.yaml"}]},
        gpu__patch_yaml=PATCH,
    )
    assert run("check", ".").code == 0


@pytest.mark.parametrize("kustomization", ["overlay", "other"])
def test_what_is_a_resource_too_is_judged(run, write, kustomization):
    """Whoever applies the folder applies it, whatever names it as a patch."""
    write(
        **{f"{kustomization}__kustomization_yaml": {"resources": ["../overlay/iris.yaml"]}},
        overlay__Kustomization={"patches": ["iris.yaml"], "resources": ["iris.yaml"]},
        overlay__iris_yaml=with_graph(name="clasifier"),
    )
    assert run("check", ".").code == 1


def test_what_is_skipped_is_an_annotation_of_a_pull_request(run, write):
    write(
        overlay__patch_yaml=PATCH, overlay__kustomization_yaml={"patches": [{"path": "patch.yaml"}]}
    )
    assert run("check", "-o", "github", "overlay").out == (
        "::warning title=not checked::1 kustomize patch of overlay skipped; check what is built: "
        "kustomize build overlay | graphgate check -\n"
    )
    assert run("check", "-q", "-o", "github", "overlay").out == ""


@pytest.mark.parametrize("named", [".", "deploy"])
@pytest.mark.parametrize("linked", [False, True])
def test_a_folder_that_is_called_as_those_of_a_mounted_config_map_hides_nothing(
    run, write, named, linked
):
    write(deploy__x_yaml=minimal())
    Path("deploy/..2026").mkdir()
    Path("deploy/..2026/iris.yaml").write_text(yaml.safe_dump(with_graph(name="clasifier")))
    if linked:
        Path("deploy/..data").symlink_to("..2026")
        Path("deploy/iris.yaml").symlink_to("..data/iris.yaml")
        Path("deploy/..2025").mkdir()
        Path("deploy/..2025/iris.yaml").write_text(yaml.safe_dump(with_graph(name="classifie")))
    report = json.loads(run("check", "-o", "json", named).out)
    assert sorted(Path(result["file"]).relative_to("deploy") for result in report["results"]) == (
        [Path("..2025/iris.yaml"), Path("iris.yaml"), Path("x.yaml")]
        if linked
        else [Path("..2026/iris.yaml"), Path("x.yaml")]
    )


def test_what_helm_would_not_change_is_judged(run, write):
    write(
        chart__Chart_yaml={"name": "chart"},
        chart__templates__iris_yaml=with_graph(name="clasifier"),
    )
    assert run("check", ".").code == 1


@pytest.mark.parametrize("torn", ["a: [", "a: *b"])
def test_a_part_that_cannot_be_read_hides_no_other(run, write, torn):
    """Escapes in a quoted text are what they stand for; without them the file is no manifest."""
    text = json.dumps(with_graph(name="clasifier"))
    written = text.replace("SeldonDeployment", r"\u0053eldonDeployment")
    hidden = written.replace("machinelearning.seldon", r"machinelearning.\u0073eldon")
    assert "seldon" not in hidden.lower()
    write(a_yaml=f"# yaml\n{hidden}\n---\n{torn}\n")
    assert run("check", ".").code == 2
    for part in (r'kind: "\x53eldonDeployment', 'kind: "Sel\\\n  donDeployment', "kind: seldon"):
        write(a_yaml=f"{torn}\n{part}\n")
        assert run("check", ".").code == 2
    write(a_yaml=f"{torn}\n")
    assert run("check", ".").code == 0


def test_resources_of_a_kustomization_are_judged(run, write):
    write(base__kustomization_yaml={"resources": ["a.yaml"]}, base__a_yaml=with_graph(name="zzz"))
    assert run("check", "base").code == 1


@pytest.mark.parametrize("content", ["patches: 5", "patches: [[1], {path: 3}]", "a: [", "- x", ""])
def test_a_kustomization_that_makes_no_sense_names_no_patches(run, write, content):
    write(k__kustomization_yaml=content, k__a_yaml=minimal())
    assert "1 SeldonDeployment: 1 allowed" in run("check", "k/a.yaml").out


@pytest.mark.parametrize("command", ["check", "fix"])
@pytest.mark.parametrize("named", ["charts/iris", "charts/iris/templates/model.yaml", "."])
def test_templates_of_a_chart_are_skipped_with_the_command_that_renders_them(
    run, write, command, named
):
    template = "kind: SeldonDeployment\n{{- if .Values.x }}\nmetadata: {}\n{{ end }}\n"
    write(
        charts__iris__Chart_yaml="name: iris",
        charts__iris__templates__model_yaml=template,
        charts__iris__charts__sub__Chart_yaml="name: sub",
        charts__iris__charts__sub__templates__model_yaml=template,
    )
    ran = run(command, named)
    assert ran.code == 0
    assert ran.err.splitlines()[0] == (
        "graphgate: Helm chart charts/iris skipped; check what it renders: "
        "helm template charts/iris | graphgate check -"
    )
    assert ran.err.count("Helm chart") == 1


def test_a_folder_called_templates_without_a_chart_is_judged(run, write):
    write(templates__a_yaml=with_graph(name="zzz"))
    assert run("check", "templates").code == 1


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"kind": "SeldonDeploymnt"}, 'unknown kind "SeldonDeploymnt"'),
        ({"kind": "seldondeployment"}, 'unknown kind "seldondeployment"'),
        ({"kind": "SeldonDeployments"}, 'unknown kind "SeldonDeployments"'),
        ({"kind": "Deployment"}, "has only SeldonDeployment"),
        ({"kind": None}, "kind is missing"),
        ({"kind": 3}, "kind is the number 3"),
        ({"Kind": "SeldonDeployment"}, 'unknown field "Kind"'),
        ({"kind ": "SeldonDeployment"}, 'unknown field "kind "'),
        ({}, "kind is missing"),
        ({"apiVersion": "v1"}, "kind is missing"),
        ({"apiVersion": "v1", "kind": "SeldonDeploymnt"}, 'unknown kind "SeldonDeploymnt"'),
    ],
)
def test_what_is_almost_a_seldon_deployment_is_an_error(run, document, message):
    base = {key: value for key, value in minimal().items() if key != "kind"}
    ran = run("check", "-", stdin=json.dumps({**base, **document}))
    assert (ran.code, message in ran.out, "[misspelled-kind]" in ran.out) == (2, True, True)


@pytest.mark.parametrize(
    "document",
    [
        {"apiVersion": "v1", "kind": "ConfigMap"},
        {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 1}},
        {"apiVersion": "mlops.seldon.io/v1alpha1", "kind": "Model"},
        {"replicas": 3},
        {"spec": {"predictors": 3}},
        ["kind"],
        "text",
    ],
)
@pytest.mark.parametrize(("flags", "code"), [((), 0), (("--require-any",), 2)])
def test_a_run_without_any_seldon_deployment_says_so(run, document, flags, code):
    ran = run("check", *flags, "-", stdin=json.dumps(document))
    assert (ran.code, ran.err) == (
        code,
        "graphgate: no SeldonDeployment found in standard input (1 of other kinds)\n",
    )


def test_an_empty_folder_and_an_empty_input_say_so(run, tmp_path):
    assert run("check", tmp_path).err == f"graphgate: no SeldonDeployment found in {tmp_path}\n"
    ran = run("check", "--require-any", stdin="")
    assert (ran.code, ran.err) == (2, "graphgate: no SeldonDeployment found in standard input\n")


def test_nothing_is_said_where_something_was_found(run, tmp_path):
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(minimal()))
    assert run("check", "--require-any", tmp_path).err == ""


@pytest.mark.parametrize("command", ["check", "fix", "graph", "render", "security"])
def test_a_link_that_loops_is_a_file_that_cannot_be_read(run, tmp_path, command):
    link = tmp_path / "loop.yaml"
    link.symlink_to(link)
    ran = run(command, link)
    assert ran.code == 2
    assert "Too many levels of symbolic links" in ran.out + ran.err


@pytest.fixture
def closed_folder(tmp_path, monkeypatch):
    """A folder below `tmp_path` that may not be read, also by root."""
    folder = tmp_path / "closed"
    folder.mkdir()
    scan = os.scandir

    def scandir(path="."):
        if Path(path) == folder:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    return folder


@pytest.mark.parametrize("command", ["check", "fix", "graph", "render", "security"])
def test_a_folder_that_may_not_be_read_is_not_passed_over(run, tmp_path, closed_folder, command):
    (tmp_path / "ok.yaml").write_text(json.dumps(minimal()))
    ran = run(command, tmp_path)
    assert ran.code == 2
    assert f"{closed_folder}" in ran.out + ran.err
    assert "Permission denied" in ran.out + ran.err


def test_a_file_in_a_folder_that_may_not_be_entered_cannot_be_read(run, tmp_path, monkeypatch):
    file = tmp_path / "closed" / "iris.yaml"

    def stat(path, *, wanted=os.stat, **options):
        if "closed" in str(path):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return wanted(path, **options)

    monkeypatch.setattr(os, "stat", stat)
    ran = run("check", file)
    assert ran.code == 2
    assert "cannot be opened: Permission denied" in ran.out


@pytest.mark.parametrize("command", ["check", "fix", "graph", "render", "security", "audit"])
def test_bytes_that_are_no_text_are_a_file_that_cannot_be_read(run, tmp_path, command):
    file = tmp_path / "latin.yaml"
    file.write_bytes("kind: SeldonDeployment\n\n# é\n".encode("latin-1"))
    ran = run(command, file)
    assert ran.code == 2
    assert "the byte 0xE9 is not valid UTF-8" in ran.out + ran.err


@pytest.mark.skipif(shutil.which("git") is None, reason="git is missing")
@pytest.mark.parametrize(
    "command",
    [
        *(("check", "-o", shape) for shape in ("text", "json", "sarif", "junit", "github")),
        *(("audit", "-o", shape) for shape in ("text", "json", "html", "csv", "sarif", "junit")),
        *(("fix", *flags) for flags in ((), ("--diff",))),
        ("graph",),
        ("security",),
        ("render", "--show-source"),
    ],
    ids=" ".join,
)
def test_a_name_that_is_no_text_is_one_of_a_file_all_the_same(run, tmp_path, monkeypatch, command):
    """It may come with a pull request; that it ends the run would hide everything else."""
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True, timeout=patience.SECONDS)
    Path(os.fsdecode(b"bad\xff.yaml")).write_text(yaml.safe_dump(with_graph(name="clasifier")))
    ran = run(*command, ".")
    assert ran.code == (0 if command[0] in {"graph", "security"} else 1)
    if command[-1] in {"json", "sarif"}:
        json.loads(ran.out)
    if command[-1] == "sarif":
        assert "bad%FF.yaml" in ran.out
