"""Builds what the tests' control plane lacks: `python -m tools.control_plane.build`.

In: the environment. Out: a file for every tool; missing ones are built from their Go modules
into the cache, one run at a time; then other projects' definitions are fetched (`definitions`).
Exit codes: 0 all there, 1 a build failed, 2 KUBEBUILDER_ASSETS is wrong, 3 there is no Go.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tools.control_plane import program
from tools.control_plane.binaries import Binary, choose_binaries
from tools.control_plane.cache import MODULES_FOLDER, Report, cache_folder, only_builder
from tools.control_plane.compiling import follow
from tools.control_plane.definitions import provide_definitions
from tools.control_plane.process import die_with_parent
from tools.control_plane.toolchain import Go, build_environment, find_go
from tools.control_plane.versions import Tool


def provide_binaries(environ: Mapping[str, str], report: Report) -> tuple[Binary, ...]:
    """Return the file of every tool; what is missing is built first."""
    chosen = choose_binaries(environ)
    if not all(binary.is_there for binary in chosen):
        cache = cache_folder(environ)
        cache.mkdir(parents=True, exist_ok=True)
        with only_builder(cache, report):
            # Chosen again inside the lock: another run may have built them meanwhile.
            missing = [binary for binary in chosen if not binary.is_there]
            _build_all(missing, environ, report)
    return chosen


def _build_all(missing: list[Binary], environ: Mapping[str, str], report: Report) -> None:
    if not missing:
        return
    go = find_go(environ.get("PATH", ""), [binary.tool.name for binary in missing])
    report(
        f"building {len(missing)} tools of the tests' control plane from source, once; "
        "about 10 minutes on two cores"
    )
    for number, binary in enumerate(missing, start=1):
        what = f"[{number}/{len(missing)}] {_describe(binary)}"
        build(binary, go, environ, report, MODULES_FOLDER / binary.tool.module.name, what)


def provide_binary(
    binary: Binary, environ: Mapping[str, str], report: Report, module: Path
) -> Path:
    """Return a program's file; build it if it is missing.

    module  the folder whose go.mod pins what it is made of
    """
    if binary.is_there:
        return binary.path
    go = find_go(environ.get("PATH", ""), [binary.tool.name])
    cache = cache_folder(environ)
    cache.mkdir(parents=True, exist_ok=True)
    with only_builder(cache, report):
        if not binary.is_there:
            what = _describe(binary)
            report(f"building {what} from source, once; some minutes on two cores")
            build(binary, go, environ, report, module, what)
    return binary.path


def _describe(binary: Binary) -> str:
    return f"{binary.tool.name} {binary.tool.module.version}"


def build(
    binary: Binary, go: Go, environ: Mapping[str, str], report: Report, module: Path, what: str
) -> None:
    """Build to a temporary name beside the binary, then rename: it is whole or not there.

    module  the folder whose go.mod pins what the binary is made of
    what    how reports call it
    """
    started = time.monotonic()
    folder = binary.path.parent
    folder.mkdir(parents=True, exist_ok=True)
    for abandoned in folder.glob(".*.partial"):  # of a killed build; the lock is ours
        abandoned.unlink()
    unfinished = folder / f".{binary.tool.name}.partial"
    compiler = subprocess.Popen(
        build_command(binary.tool, go, unfinished),
        cwd=module,
        env=build_environment(environ, go),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # A compiler that is at work then ends by itself, within a minute.
        preexec_fn=die_with_parent(send=signal.SIGTERM),  # noqa: PLW1509 — it makes two system calls
    )
    try:
        follow(compiler, binary.tool.name, lambda line: report(f"{what}: {line}"))
        unfinished.rename(binary.path)
    finally:
        unfinished.unlink(missing_ok=True)
    size = binary.path.stat().st_size / 1e6
    report(f"{what}: built in {time.monotonic() - started:.0f} s, {size:.0f} MB")


def build_command(tool: Tool, go: Go, output: Path) -> list[str]:
    """Return the command line of `go build` for a tool."""
    return [
        str(go.command),
        "build",
        "-v",  # names each package when it is compiled: the progress
        "-mod=readonly",
        "-trimpath",
        "-buildvcs=false",  # the checkout around the go.mod is not what is being built
        f"-tags={','.join(tool.module.tags)}",
        f"-ldflags={tool.module.ldflags}",
        f"-o={output}",
        tool.package,
    ]


def _provide_all() -> None:
    # Progress is what this program is run for: it goes to standard output.
    binaries = provide_binaries(os.environ, partial(print, flush=True))
    definitions = provide_definitions(os.environ, partial(print, flush=True))
    for binary in binaries:
        size = binary.path.stat().st_size / 1e6
        print(f"{binary.tool.name:24} {size:4.0f} MB  {binary.source:18} {binary.path}")
    for kind, path in definitions.items():
        print(f"{kind:24} {path.stat().st_size / 1e3:4.0f} kB  {'cache':18} {path}")


if __name__ == "__main__":
    sys.exit(program.run("control plane", _provide_all))
