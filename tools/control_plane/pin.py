"""Pins the dependencies: `python -m tools.control_plane.pin` writes go.mod and go.sum.

To be run after a change of versions, never during a build. It needs Go and the network; the
result is committed, so that everybody builds the same code, checked by the same hashes.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.control_plane import program
from tools.control_plane.cache import MODULES_FOLDER
from tools.control_plane.errors import ControlPlaneError
from tools.control_plane.toolchain import Go, build_environment, find_go
from tools.control_plane.versions import GO, MODULES, TOOLS, Module

_SECONDS_FOR_DOWNLOADS = 900  # it took one minute; a slow line may need more


def render_go_mod(module: Module, replaced: Sequence[str]) -> str:
    """Return the go.mod that `go mod tidy` then completes.

    `replaced` are the modules that `module` keeps in its own repository and requires as v0.0.0,
    which no proxy has: each is pinned to the version that is published with it (v1.36.4 → v0.36.4).
    """
    tools = [tool.package for tool in TOOLS if tool.module == module]
    return "\n".join(
        [
            "// Written by python -m tools.control_plane.pin from versions.py.",
            f"module graphgate.io/control-plane/{module.name}",
            f"go {GO.rpartition('.')[0]}.0",
            *_block("tool", tools),
            f"require {module.path} {module.version}",
            *_pins(module, replaced),
            "",
        ]
    )


def pinned(module: Module, go: Go) -> list[str]:
    """Return the lines of go.mod that pin what the module keeps in its own repository."""
    return _pins(module, _find_staging_modules(module, go))


def _pins(module: Module, replaced: Sequence[str]) -> list[str]:
    version = _staging_version(module.version)
    return _block("replace", [f"{name} => {name} {version}" for name in replaced])


def _block(verb: str, lines: Sequence[str]) -> list[str]:
    return [f"{verb} (", *lines, ")"] if lines else []


def _staging_version(version: str) -> str:
    return f"v0.{version.partition('.')[2]}"


def _find_staging_modules(module: Module, go: Go) -> list[str]:
    """Return the modules that the module's own go.mod replaces by folders of its repository."""
    package = f"{module.path}@{module.version}"
    download = ask_go(go, Path("/"), "mod", "download", "-json", package)
    parsed = ask_go(go, Path("/"), "mod", "edit", "-json", download["GoMod"])
    replacements: list[Mapping[str, Mapping[str, str]]] = parsed.get("Replace") or []
    return [r["Old"]["Path"] for r in replacements if r["New"]["Path"].startswith("./staging/")]


def ask_go(go: Go, folder: Path, *args: str) -> dict[str, Any]:
    """Run a command of Go's in a folder; return its answer, which is JSON."""
    answer: dict[str, Any] = json.loads(run_go(go, folder, *args))
    return answer


def run_go(go: Go, folder: Path, *args: str) -> str:
    """Run a command of Go's in a folder; return what it says on standard output."""
    done = subprocess.run(
        [str(go.command), *args],
        cwd=folder,
        env=build_environment(os.environ, go),
        stdout=subprocess.PIPE,  # its stderr is for the person who waits
        text=True,
        timeout=_SECONDS_FOR_DOWNLOADS,
        check=False,
    )
    if done.returncode != 0:
        raise ControlPlaneError(f"go {' '.join(args)} ended with code {done.returncode}")
    return done.stdout


def _pin_all() -> None:
    go = find_go(os.environ.get("PATH", ""), ["go.mod files"])
    for module in MODULES:
        folder = MODULES_FOLDER / module.name
        folder.mkdir(parents=True, exist_ok=True)
        text = render_go_mod(module, _find_staging_modules(module, go))
        (folder / "go.mod").write_text(text)
        (folder / "go.sum").unlink(missing_ok=True)
        run_go(go, folder, "mod", "tidy")
        print(f"{module.name}: {module.version}")


if __name__ == "__main__":
    sys.exit(program.run("pin", _pin_all))
