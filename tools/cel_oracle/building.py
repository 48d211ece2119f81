"""Builds the oracle: `python -m tools.cel_oracle.building`.

In: the environment, `program/` (Go sources, go.mod, go.sum). Out: the program's file in the
cache of the tests' control plane; it is built when it is missing, whole or not at all. Exit codes:
0 there, 1 the build failed, 3 there is no Go.
"""

import hashlib
import json
import os
import platform
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tools.cel_oracle.project import (
    GO,
    KUBERNETES,
    BuildFailedError,
    ControlPlaneError,
    GoMissingError,
    build_environment,
    cache_folder,
    die_with_parent,
    find_go,
    follow,
    only_builder,
)

PROGRAM = Path(__file__).parent / "program"
NAME = "cel-oracle"
_TAGS = "-tags=" + ",".join(
    KUBERNETES.tags
)  # as kube-apiserver is built: it shares what Go compiled
_LDFLAGS = "-ldflags=-s -w"


def library_version() -> str:
    """Return the version of k8s.io/apiserver that belongs to the pinned Kubernetes: v0.36.4."""
    return f"v0.{KUBERNETES.version.removeprefix('v1.')}"


def oracle_file(environ: Mapping[str, str]) -> Path:
    """Return where the program lies once it is built: ".../cel-oracle-v0.36.4-3f9a0c1b72de/"."""
    files = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(PROGRAM.iterdir())
        if path.suffix in (".go", ".mod", ".sum")
    }
    parts = [files, GO, _TAGS, _LDFLAGS, platform.system(), platform.machine()]
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return cache_folder(environ) / f"{NAME}-{library_version()}-{digest[:12]}" / NAME


def provide_oracle(environ: Mapping[str, str], report: Callable[[str], None]) -> Path:
    """Return the program's file; build it if it is missing."""
    file = oracle_file(environ)
    if file.is_file():
        return file
    check_versions()
    cache = cache_folder(environ)
    cache.mkdir(parents=True, exist_ok=True)
    with only_builder(cache, report):
        if not file.is_file():
            report(f"building the CEL oracle {library_version()} from source, once")
            _build(file, environ, report)
    return file


def check_versions() -> None:
    """Raise BuildFailedError unless go.mod asks for the pinned Kubernetes' libraries."""
    text = (PROGRAM / "go.mod").read_text()
    wanted = library_version()
    pinned = re.findall(r"^\t(k8s\.io/\w[\w-]*) (v0\.\d+\.\d+)$", text, re.MULTILINE)
    wrong = [f"{path} {version}" for path, version in pinned if version != wanted]
    if wrong or not pinned:
        raise BuildFailedError(
            f"{PROGRAM.name}/go.mod does not have {wanted}, which belongs to Kubernetes "
            f"{KUBERNETES.version}: {', '.join(wrong) or 'nothing'}; write it there and run "
            "`go mod tidy`"
        )


def _build(file: Path, environ: Mapping[str, str], report: Callable[[str], None]) -> None:
    go = find_go(environ.get("PATH", ""), [NAME])
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.parent / f".{NAME}.partial"
    command = [str(go.command), "build", "-v", "-mod=readonly", "-trimpath", "-buildvcs=false"]
    compiler = subprocess.Popen(
        [*command, _TAGS, _LDFLAGS, f"-o={unfinished}", "."],
        cwd=PROGRAM,
        env=build_environment(environ, go),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent(send=signal.SIGTERM),  # noqa: PLW1509 — it makes two system calls
    )
    try:
        follow(compiler, NAME, report)
        unfinished.rename(file)
    finally:
        unfinished.unlink(missing_ok=True)


def main() -> int:
    """Provide the oracle and say where it is; return the exit code."""
    try:
        print(provide_oracle(os.environ, lambda line: print(line, file=sys.stderr, flush=True)))
    except GoMissingError as missing:
        print(f"cel-oracle: {missing}", file=sys.stderr)
        return 3
    except ControlPlaneError as failed:
        print(f"cel-oracle: {failed}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
