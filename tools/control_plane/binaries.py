"""Which file is used for each tool, and whether it is there yet.

KUBEBUILDER_ASSETS (the convention of envtest) wins; a kubectl that is new enough is taken from
PATH; everything else comes from the cache, where `build` puts it. Nothing is built here.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tools.control_plane.cache import cache_folder, cached_binary
from tools.control_plane.errors import AssetsMissingError
from tools.control_plane.versions import OLDEST_KUBECTL, TOOLS, Tool


@dataclass(frozen=True, slots=True)
class Binary:
    """The file that is, or will be, used for a tool."""

    tool: Tool
    path: Path
    source: Literal["KUBEBUILDER_ASSETS", "PATH", "cache"]

    @property
    def is_there(self) -> bool:
        """Say whether the file can be run; one in the cache may still have to be built."""
        return _is_program(self.path)


def choose_binaries(environ: Mapping[str, str]) -> tuple[Binary, ...]:
    """Choose a file for every tool, in the order of `TOOLS`."""
    assets = _find_assets(environ)
    return tuple(_choose(tool, assets, environ) for tool in TOOLS)


def _find_assets(environ: Mapping[str, str]) -> Path | None:
    given = environ.get("KUBEBUILDER_ASSETS", "")
    if not given:
        return None
    folder = Path(given).absolute()
    if not folder.is_dir():
        raise AssetsMissingError(
            f"KUBEBUILDER_ASSETS names {given}, which is not a folder; "
            "unset it to build the control plane from source"
        )
    return folder


def _choose(tool: Tool, assets: Path | None, environ: Mapping[str, str]) -> Binary:
    if assets is not None and _is_program(assets / tool.name):
        return Binary(tool, assets / tool.name, "KUBEBUILDER_ASSETS")
    if tool.name == "kubectl" and (found := _find_kubectl(environ)):
        return Binary(tool, found, "PATH")
    return Binary(tool, cached_binary(tool, cache_folder(environ)), "cache")


def _find_kubectl(environ: Mapping[str, str]) -> Path | None:
    found = shutil.which("kubectl", path=environ.get("PATH", ""))
    if found is None or _ask_kubectl_version(found, environ) < OLDEST_KUBECTL:
        return None
    return Path(found).absolute()


def _ask_kubectl_version(kubectl: str, environ: Mapping[str, str]) -> tuple[int, int]:
    """Return (1, 32) for a kubectl 1.32, and (0, 0) for one that does not tell."""
    try:
        answer = subprocess.run(
            [kubectl, "version", "--client", "--output=json"],
            env={**environ, "KUBECONFIG": os.devnull},  # no cluster of the developer is asked
            capture_output=True,
            check=True,
            timeout=10,  # it takes 0.1 s
        )
        version = json.loads(answer.stdout)["clientVersion"]
        # Vendors write "32+".
        return int(version["major"]), int(version["minor"].rstrip("+"))
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return 0, 0


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
