"""A release, made twice: the same bytes, each with its checksum, a bill and a statement."""

import hashlib
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import click
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests import patience
from tests.seeds import ROOT
from tools.generators.manifests import find_helm
from tools.release.bom import REQUIREMENTS, pinned_packages
from tools.release.image import build_commands
from tools.release.notes import release_notes
from tools.release.signing import sign_command

VERSION = "0.1.0"
CHART = f"graphgate-chart-{VERSION}.tgz"
ARTEFACTS = {
    "RELEASE-NOTES.md",
    f"graphgate-{VERSION}-py3-none-any.whl",
    f"graphgate-{VERSION}.cdx.json",
    f"graphgate-{VERSION}.tar.gz",
    CHART,
    "install.yaml",
    "policyexceptions.yaml",
    "provenance.intoto.json",
    "seldondeployments.yaml",
}


def make(folder):
    return subprocess.run(
        [sys.executable, "-m", "tools.release", "--dry-run", "--without-image", f"--out={folder}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=patience.SECONDS,
    )


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    if not (ROOT / ".git").exists():
        pytest.skip("a release is made from a git checkout, and this is none")
    folder = tmp_path_factory.mktemp("release")
    made = make(folder)
    assert made.returncode == 0, made.stderr
    return folder


def test_every_artefact_has_its_checksum(release):
    lines = (release / "SHA256SUMS").read_text().splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert listed.keys() == ARTEFACTS
    assert {path.name for path in release.iterdir()} == ARTEFACTS | {"SHA256SUMS"}
    for name, digest in listed.items():
        assert hashlib.sha256((release / name).read_bytes()).hexdigest() == digest


def test_the_same_commit_gives_the_same_bytes(release, tmp_path):
    assert make(tmp_path).returncode == 0
    assert (tmp_path / "SHA256SUMS").read_text() == (release / "SHA256SUMS").read_text()


def test_a_folder_with_something_in_it_is_left_alone(release):
    again = make(release)
    assert again.returncode == 1
    assert "is not empty" in again.stderr


def test_the_bill_is_cyclonedx_and_names_every_package_of_the_image(release):
    text = (release / f"graphgate-{VERSION}.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    components = json.loads(text)["components"]
    expected = pinned_packages(REQUIREMENTS.read_text())
    assert {(each["name"], each["version"]) for each in components} == {
        (name, version) for name, version, _ in expected
    }
    assert all(each["hashes"] for each in components)


def test_the_statement_is_about_every_artefact_and_its_source(release):
    statement = json.loads((release / "provenance.intoto.json").read_text())
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    subjects = {each["name"]: each["digest"]["sha256"] for each in statement["subject"]}
    assert subjects.keys() == ARTEFACTS - {"provenance.intoto.json"}
    for name, digest in subjects.items():
        assert hashlib.sha256((release / name).read_bytes()).hexdigest() == digest
    source = statement["predicate"]["buildDefinition"]["resolvedDependencies"][0]
    assert len(source["digest"]["gitCommit"]) == 40


def test_the_chart_is_an_archive_of_every_file_with_the_time_of_the_commit(release):
    chart = ROOT / "manifests" / "chart"
    ran = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    with tarfile.open(release / CHART) as archive:
        members = list(archive)
    assert {member.name.removeprefix("graphgate/") for member in members} == {
        path.relative_to(chart).as_posix() for path in chart.rglob("*") if path.is_file()
    }
    assert {member.mtime for member in members} == {int(ran.stdout)}


def test_helm_reads_the_chart(release):
    helm = find_helm({"HOME": str(Path.home()), "PATH": "/usr/local/bin:/usr/bin"})
    if helm is None:
        pytest.skip("helm is missing: make control-plane builds it")
    shown = subprocess.run(
        [helm, "show", "chart", release / CHART],
        capture_output=True,
        text=True,
        check=True,
        timeout=patience.SECONDS,
    )
    assert f"version: {VERSION}" in shown.stdout


CHANGELOG = """# Changelog

## Unreleased

- a

## 0.2.0 - 2026-11-29

### Added

- b

## [0.1.0]
"""


@pytest.mark.parametrize(
    ("title", "text"), [("Unreleased", "- a\n"), ("0.2.0", "### Added\n\n- b\n")]
)
def test_notes_are_a_section_of_the_changelog(title, text):
    assert release_notes(CHANGELOG, title) == text


@pytest.mark.parametrize(
    ("title", "said"), [("0.3.0", 'no section "## 0.3.0"'), ("0.1.0", "is empty")]
)
def test_a_release_without_notes_is_none(title, said):
    with pytest.raises(click.ClickException, match=said):
        release_notes(CHANGELOG, title)


def test_an_image_has_the_time_of_the_commit(tmp_path):
    archive = tmp_path / "image.tar"
    build, _ = build_commands("buildah", "graphgate:0.1.0", archive, 7)
    assert "--timestamp=7" in build
    (build,) = build_commands("docker", "graphgate:0.1.0", archive, 7)
    assert "--build-arg=SOURCE_DATE_EPOCH=7" in build


@pytest.mark.parametrize(
    ("tool", "command"),
    [
        ("cosign", "cosign sign-blob --yes --key=k --output-signature=SHA256SUMS.sig SHA256SUMS"),
        ("minisign", "minisign -S -s k -m SHA256SUMS -x SHA256SUMS.minisig"),
    ],
)
def test_signing_takes_a_key(tool, command):
    assert " ".join(sign_command(tool, Path("k"), Path("SHA256SUMS"))) == command
