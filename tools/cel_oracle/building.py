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
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tools.cel_oracle.project import (
    GO,
    KUBERNETES,
    Binary,
    BuildFailedError,
    Module,
    Tool,
    cache_folder,
    program,
    provide_binary,
)

PROGRAM = Path(__file__).parent / "program"
NAME = "cel-oracle"
# What its file is known by in the cache.
_FLAGS = (f"-tags={','.join(KUBERNETES.tags)}", "-ldflags=-s -w")


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
    parts = [files, GO, *_FLAGS, platform.system(), platform.machine()]
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return cache_folder(environ) / f"{NAME}-{library_version()}-{digest[:12]}" / NAME


def provide_oracle(environ: Mapping[str, str], report: Callable[[str], None]) -> Path:
    """Return the program's file; build it if it is missing."""
    # With the tags of kube-apiserver: both share what Go compiled.
    module = Module(PROGRAM.name, "k8s.io/apiserver", library_version(), tags=KUBERNETES.tags)
    binary = Binary(Tool(NAME, module, "."), oracle_file(environ), "cache")
    if not binary.is_there:
        check_versions()
    return provide_binary(binary, environ, report, PROGRAM)


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


if __name__ == "__main__":
    sys.exit(program.run("cel-oracle", lambda: print(provide_oracle(os.environ, program.report))))
