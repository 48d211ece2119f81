"""Runs command-line programs against a control plane: kubectl, helm, the product itself.

In: a command and the environment that leads it to the cluster. Out: what it wrote, or
CommandFailed.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.control_plane.errors import CommandFailedError
from tools.control_plane.layout import Layout


@dataclass(frozen=True, slots=True)
class Finished:
    """What a command left behind."""

    stdout: str
    stderr: str
    returncode: int


def prepare_environment(layout: Layout, binaries: Mapping[str, Path]) -> dict[str, str]:
    """Return the environment in which programs find this cluster and our binaries first.

    What they cache goes into the control plane's folder, not into the developer's home.
    """
    programs = layout.path("bin")
    programs.mkdir()
    for name, binary in binaries.items():
        (programs / name).symlink_to(binary)
    home = layout.path("caches")
    return {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "KUBECONFIG": str(layout.kubeconfig("admin")),
        "KUBECACHEDIR": str(home / "kubectl"),
        "HELM_CACHE_HOME": str(home / "helm-cache"),
        "HELM_CONFIG_HOME": str(home / "helm-config"),
        "HELM_DATA_HOME": str(home / "helm-data"),
    }


def run_command(
    command: Sequence[str], env: Mapping[str, str], *, text: str, check: bool, timeout: float
) -> Finished:
    """Run a program to its end; `text` is its stdin, which is never the terminal."""
    # Looked up on the PATH that the command gets: exec would search the one of this process.
    done = subprocess.run(
        ["/usr/bin/env", *command],
        input=text,
        env=dict(env),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if check and done.returncode != 0:
        raise CommandFailedError(
            f"{' '.join(command)} ended with code {done.returncode}:\n{done.stderr or done.stdout}"
        )
    return Finished(done.stdout, done.stderr, done.returncode)
