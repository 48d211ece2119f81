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

from tools.control_plane import errors
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
        what = f"[{number}/{len(missing)}] {binary.tool.name} {binary.tool.module.version}"
        started = time.monotonic()
        folder = MODULES_FOLDER / binary.tool.module.name
        build(binary, go, environ, partial(_report_on, what, report), folder)
        size = binary.path.stat().st_size / 1e6
        report(f"{what}: built in {time.monotonic() - started:.0f} s, {size:.0f} MB")


def _report_on(what: str, report: Report, line: str) -> None:
    report(f"{what}: {line}")


def build(binary: Binary, go: Go, environ: Mapping[str, str], report: Report, module: Path) -> None:
    """Build to a temporary name beside the binary, then rename: it is whole or not there.

    `module` is the folder whose go.mod pins what the binary is made of.
    """
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
        follow(compiler, binary.tool.name, report)
        unfinished.rename(binary.path)
    finally:
        unfinished.unlink(missing_ok=True)


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


def main() -> int:
    """Provide every tool and say where they are from; return the exit code."""
    try:
        binaries = provide_binaries(os.environ, _print)
        definitions = provide_definitions(os.environ, _print)
    except errors.GoMissingError as missing:
        return _fail(missing, 3)
    except errors.AssetsMissingError as missing:
        return _fail(missing, 2)
    except errors.BuildFailedError as failed:
        return _fail(failed, 1)
    except KeyboardInterrupt:
        return _fail("interrupted; what is built so far is kept", 130)
    for binary in binaries:
        size = binary.path.stat().st_size / 1e6
        print(f"{binary.tool.name:24} {size:4.0f} MB  {binary.source:18} {binary.path}")
    for kind, path in definitions.items():
        print(f"{kind:24} {path.stat().st_size / 1e3:4.0f} kB  {'cache':18} {path}")
    return 0


def _print(line: str) -> None:
    print(line, flush=True)


def _fail(why: object, code: int) -> int:
    print(f"control plane: {why}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
