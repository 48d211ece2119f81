"""Another version of Kubernetes for the tests (`version_matrix` runs them).

    python -m tools.control_plane.other_version 1.30.14

In: a version. Out: a folder for KUBEBUILDER_ASSETS, with the programs whose version matters;
the last line on standard output is its path. They are built with the Go that the release itself
was built with. Unlike those of `versions`, their dependencies are not pinned here: Kubernetes' own
go.mod does that, and Go verifies them by its checksum database. Exit codes: 0 there, 1 failed.
"""

import dataclasses
import os
import re
import sys
from pathlib import Path

from tools.control_plane import program
from tools.control_plane.binaries import Binary
from tools.control_plane.build import build
from tools.control_plane.cache import cache_folder, only_builder
from tools.control_plane.errors import ControlPlaneError
from tools.control_plane.pin import ask_go, pinned, run_go
from tools.control_plane.toolchain import Go, find_go
from tools.control_plane.versions import KUBERNETES, TOOLS, Module, Tool

# A newer scheduler than its API server waits for types that are not there.
NAMES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")


def provide_version(version: str) -> Path:
    """Return the folder with the programs of a version ("1.30.14"); missing ones are built."""
    if not re.fullmatch(r"1\.\d+\.\d+", version):
        raise ControlPlaneError(f"{version} is not a version of Kubernetes such as 1.30.14")
    # The date is the pinned release's.
    stamps = tuple(stamp for stamp in KUBERNETES.stamps if "buildDate" not in stamp)
    module = dataclasses.replace(KUBERNETES, version=f"v{version}", stamps=stamps)
    tools = [dataclasses.replace(t, module=module) for t in TOOLS if t.name in NAMES]
    cache = cache_folder(os.environ)
    folder = cache / f"other-kubernetes-{module.version}"
    binaries = [Binary(tool, folder / tool.name, "cache") for tool in tools]
    if all(binary.is_there for binary in binaries):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with only_builder(cache, program.report):
        go = _go_of(module)
        _write_module(folder / "module", module, tools, go)
        for binary in binaries:
            if not binary.is_there:
                what = f"{binary.tool.name} {module.version} with {go.toolchain}"
                build(binary, go, os.environ, program.report, folder / "module", what)
    return folder


def _go_of(module: Module) -> Go:
    """Return the Go that the release was built with; Go fetches it as a module."""
    go = find_go(os.environ.get("PATH", ""), [f"Kubernetes {module.version}"])
    package = f"{module.path}@{module.version}"
    unpacked = Path(ask_go(go, Path("/"), "mod", "download", "-json", package)["Dir"])
    return Go(go.command, f"go{(unpacked / '.go-version').read_text().strip()}")


def _write_module(folder: Path, module: Module, tools: list[Tool], go: Go) -> None:
    """Write a module of which the programs are dependencies."""
    folder.mkdir(exist_ok=True)
    imports = "\n".join(f'import _ "{tool.package}"' for tool in tools)
    # Older than the directive "tool" of go.mod.
    (folder / "tools.go").write_text(f"//go:build tools\n\npackage tools\n\n{imports}\n")
    minor = ".".join(go.toolchain.removeprefix("go").split(".")[:2])
    lines = [
        f"module graphgate.io/control-plane/{module.name}",
        f"go {minor}.0",
        f"require {module.path} {module.version}",
        *pinned(module, go),
    ]
    (folder / "go.mod").write_text("\n".join(lines) + "\n")
    run_go(go, folder, "mod", "tidy")


if __name__ == "__main__":
    version = sys.argv[1] if len(sys.argv) > 1 else ""
    sys.exit(program.run("control plane", lambda: print(provide_version(version))))
