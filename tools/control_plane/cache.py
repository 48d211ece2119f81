"""Where built binaries lie: outside the checkout, so that no clean and no new clone loses them.

One folder per Go module, its name ends in a hash of everything that decides what is in the
binaries: another version of Helm does not build Kubernetes again.
"""

import fcntl
import hashlib
import json
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tools.control_plane.versions import GO, Module, Tool

MODULES_FOLDER = Path(__file__).parent / "modules"
Report = Callable[[str], None]


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return `$XDG_CACHE_HOME/graphgate/control-plane`; a relative XDG_CACHE_HOME does not count.

    (The XDG base directory specification says so.)
    """
    given = Path(environ.get("XDG_CACHE_HOME", ""))
    root = given if given.is_absolute() else Path(environ.get("HOME", "~")).expanduser() / ".cache"
    return root / "graphgate" / "control-plane"


def cache_key(
    module: Module, *, folder: Path = MODULES_FOLDER, go: str = GO, machine: str = ""
) -> str:
    """Return the folder name of a module's binaries: "etcd-v3.6.16-0d81a3b5c6f7".

    The Go that counts is the pinned one, not the one that happens to be installed: a machine
    without Go finds what was built or unpacked there.
    """
    files = {
        name: hashlib.sha256((folder / module.name / name).read_bytes()).hexdigest()
        for name in ("go.mod", "go.sum")
    }
    parts = {
        "path": module.path,
        "version": module.version,
        "ldflags": module.ldflags,
        "tags": module.tags,
        "files": files,
        "go": go,
        "machine": machine or f"{platform.system()}/{platform.machine()}",
    }
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    # 12 hex digits: the name stays readable, and there will never be a million of them.
    return f"{module.name}-{module.version}-{digest[:12]}"


def cached_binary(tool: Tool, cache: Path) -> Path:
    """Return where the tool's binary lies once it is built."""
    return cache / cache_key(tool.module) / tool.name


@contextmanager
def only_builder(cache: Path, report: Report) -> Iterator[None]:
    """Hold the cache's lock; the kernel frees it when its holder ends, however that happens."""
    with (cache / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("another run is building the control plane; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
