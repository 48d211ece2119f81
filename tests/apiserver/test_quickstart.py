"""docs/quickstart.md, command by command, against a real API server.

The commands are those of the page. What differs from a cluster: kwok plays the nodes, and the pods
of the Deployment are processes of this machine (`release`). `GRAPHGATE_UPDATE=1` writes into the
page what the commands print.
"""

import os
import re
import subprocess
import sys

import pytest

from tests import patience
from tests.apiserver.release import Release
from tests.docs.judged import commands_of
from tests.docs.pages import blocks_of
from tests.docs.shell import commands_in
from tests.seeds import ROOT
from tools.control_plane.run import ControlPlane

pytestmark = pytest.mark.cluster

PAGE = ROOT / "docs" / "quickstart.md"
UPDATE = bool(os.environ.get("GRAPHGATE_UPDATE"))
# What makes a cluster and an image needs docker, which the tests do not have.
NOT_RUN = {
    "docker build": "the image: tests/apiserver/test_install.py runs its content as processes",
    "kind create": "the cluster is the control plane of the tests",
    "kind load": "no node here pulls an image",
    "kind delete": "the control plane of the tests ends with them",
    "minikube start": "as kind create",
    "minikube -p": "as docker build",
    "python3 -m": "the command line is this checkout's; tests/test_wheel.py runs what is installed",
    "pip install": "as python3 -m",
}


def steps():
    """Yield each command of the page in its order; and what it prints, None if it is not shown."""
    for block in blocks_of(PAGE):
        if block.language == "console":
            yield from re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n?)*)", block.text + "\n", re.M)
        elif block.language == "sh":
            for command in re.sub(r"\\\n\s*", "", commands_of(block)).splitlines():
                yield command, None


def kind_of(command):
    return " ".join(next(commands_in(command))[:2])


@pytest.fixture
def cluster(binaries, tmp_path):
    with ControlPlane.start(binaries) as plane:
        plane.start_nodes(1)
        yield plane


@pytest.fixture
def checkout(tmp_path):
    """A folder in which the page's files are found, and may be written."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("manifests", "docs"):
        (folder / name).symlink_to(ROOT / name)
    program = tmp_path / "bin" / "graphgate"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m webhook "$@"\n')
    program.chmod(0o755)
    return folder


def test_every_command_of_the_quick_start_does_what_the_page_says(cluster, checkout, tmp_path):
    page, position, shown = PAGE.read_text("utf-8"), 0, 0
    environment = {
        **cluster.env,
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{cluster.env['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    with Release(cluster, tmp_path, "graphgate", "graphgate-system") as release:
        for command, printed in steps():
            if kind_of(command) in NOT_RUN:
                continue
            done = subprocess.run(
                ["bash", "-c", f"exec 2>&1; {command}"],
                cwd=checkout,
                check=False,
                env=environment,
                capture_output=True,
                text=True,
                timeout=patience.SECONDS,
            )
            # Who was asked, when, and with which versions.
            out = re.sub(f"of {re.escape(cluster.server)}, .*", "of https://…", done.stdout)
            if command.startswith("helm install"):
                release.adopt()
                release.start_pod().wait_until_ready()
                release.wait_until_called()
            if printed is None:
                assert done.returncode == 0, f"{command}\n{out}"
            elif UPDATE:
                position = page.index(f"$ {command}\n{printed}", position) + len(f"$ {command}\n")
                page = f"{page[:position]}{out}{page[position + len(printed) :]}"
            else:
                assert out == printed, command
                shown += 1
    if UPDATE:
        PAGE.write_text(page, "utf-8")
    assert UPDATE or shown == sum(printed is not None for _, printed in steps())


def test_what_is_not_run_is_a_short_list():
    skipped = [command for command, _ in steps() if kind_of(command) in NOT_RUN]
    assert len(skipped) == 8
    assert {kind_of(command) for command in skipped} == set(NOT_RUN)
