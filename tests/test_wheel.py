"""The wheel holds everything: run from another folder, without the checkout."""

import json
import os
import subprocess
import sys
import zipfile

import pytest

from tests.documents_of import with_graph
from tests.seeds import ROOT


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """A folder that holds the wheel's content and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder


def graphgate(folder, *arguments, stdin=""):
    # The path of the unpacked wheel goes before that of the editable installation.
    return subprocess.run(
        [sys.executable, "-m", "webhook", *arguments],
        input=stdin,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "site")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_module_that_runs_is_the_wheel_s(unpacked):
    where = subprocess.run(
        [sys.executable, "-c", "import webhook; print(webhook.__file__)"],
        cwd=unpacked,
        env={**os.environ, "PYTHONPATH": str(unpacked / "site")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert where.stdout.startswith(str(unpacked / "site"))


def test_rules_pages_and_schema_are_found(unpacked):
    judged = graphgate(unpacked, "check", "-o", "json", stdin=json.dumps(with_graph(modelURI="x")))
    (finding,) = json.loads(judged.stdout)["results"][0]["findings"]
    assert (finding["ruleId"], finding["remediation"]) == (
        "unknown-field",
        'did you mean "modelUri"?',
    )
    explained = graphgate(unpacked, "explain", "unknown-field")
    assert "Why:" in explained.stdout


def test_the_commands_have_both_names(unpacked):
    (points,) = (unpacked / "site").glob("*.dist-info/entry_points.txt")
    assert points.read_text().split() == [
        "[console_scripts]",
        *("graphgate", "=", "webhook.__main__:main"),
        *("kubectl-graphgate", "=", "webhook.__main__:main"),
    ]
