"""Reading files: the one way in which every path that a user names is read.

A path may name a FIFO on which a read waits for ever, or a device that never ends. What belongs to
graphgate itself (schemas, the index of rules) is read where it is used.
"""

import errno
import os
import stat
import sys
from pathlib import Path
from typing import BinaryIO

MAX_FILE_BYTES = 64 << 20
"""Of a file of manifests, settings or policies. All objects of a large cluster (10,000 of 4 KB) are
40 MB; parsed, a file takes many times its size."""

MAX_PEM_BYTES = 4 << 20
"""Of a certificate, a key or a bundle of CAs. All CAs of a browser are 0.25 MB."""

STANDARD_INPUT = "-"

_PART_BYTES = 1 << 20

# O_NONBLOCK: another file may have taken the place of the one that was looked at. Windows has
# neither such files nor these flags, but opens files as text by default.
_FLAGS = ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY")
_READ_ONLY = os.O_RDONLY | sum(getattr(os, flag, 0) for flag in _FLAGS)

_KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
    stat.S_IFSOCK: "a socket",
}


def read_file(path: Path | str, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return the content of a regular file; symbolic links are followed.

    Raise OSError with the reason as `strerror`: what the system says, or that the path names no
    regular file, or that the file is larger than `max_bytes`.
    """
    _require_regular(os.stat(path), path)  # noqa: PTH116 — before it is opened, which may act on a device
    descriptor = os.open(path, _READ_ONLY)
    with os.fdopen(descriptor, "rb") as file:
        _require_regular(os.fstat(descriptor), path)
        return _read_bounded(file, path, max_bytes)


def read_input(path: Path | str, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return the content of a regular file, or for "-" what standard input holds.

    Raise OSError as `read_file` does.
    """
    if str(path) == STANDARD_INPUT:
        return _read_bounded(sys.stdin.buffer, "standard input", max_bytes)
    return read_file(path, max_bytes)


def is_folder(path: Path | str) -> bool:
    """Return whether a path names a folder; False where it may not be asked."""
    return os.path.isdir(path)  # noqa: PTH112 — Path.is_dir raises PermissionError


def is_file(path: Path | str) -> bool:
    """Return whether a path names a regular file; False where it may not be asked."""
    return os.path.isfile(path)  # noqa: PTH113 — as above


def real_path(path: Path | str) -> Path:
    """Return a path without links; what loops or may not be read stays as it is."""
    return Path(os.path.realpath(path))


def _require_regular(status: os.stat_result, path: Path | str) -> None:
    if stat.S_ISREG(status.st_mode):
        return
    if stat.S_ISDIR(status.st_mode):
        os.scandir(path).close()  # PermissionError says more, of one that may not be read
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
    hint = f'"{STANDARD_INPUT}" is standard input'
    raise OSError(errno.EINVAL, f"{kind}, not a regular file ({hint})", str(path))


def _read_bounded(file: BinaryIO, path: Path | str, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := file.read(min(_PART_BYTES, max_bytes + 1 - size)):
        parts.append(part)
        size += len(part)
        if size > max_bytes:
            raise OSError(errno.EFBIG, f"larger than {max_bytes >> 20} MiB", str(path))
    return b"".join(parts)
