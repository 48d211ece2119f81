"""A file replaced as a whole or not at all."""

import errno
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from webhook.files import is_folder, real_path

_IS_POSIX = hasattr(os, "fchown")
"""Windows has no owner or mode to keep, and makes a new name last by itself."""


def folders_of(paths: tuple[str, ...]) -> tuple[Path, ...]:
    """Return the folders in which the named paths let a command write: a file's is its own."""
    return tuple(real_path(path if is_folder(path) else Path(path).parent) for path in paths)


def replace_file(path: Path, content: bytes, folders: tuple[Path, ...]) -> None:
    """Write a file: a reader, a full disk or a power cut meets the old content or the new.

    A symbolic link is followed inside of `folders` only, and stays one. The mode is kept, and the
    owner where that is allowed. Raises OSError, and then the file is as it was.
    """
    target = path.resolve(strict=True)
    if not any(target.is_relative_to(folder) for folder in folders):
        raise OSError(errno.EPERM, f"is a link to {target}, outside the given folders")
    before = target.stat()
    if not stat.S_ISREG(before.st_mode):
        raise OSError(errno.EINVAL, "is not a regular file")
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name[:200]}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if _IS_POSIX:
                _keep_owner_and_mode(file.fileno(), before)
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
    if _IS_POSIX:
        _sync_folder(target.parent)


def _keep_owner_and_mode(descriptor: int, before: os.stat_result) -> None:
    if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
        with suppress(PermissionError):
            os.fchown(descriptor, before.st_uid, before.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(before.st_mode))


def _sync_folder(folder: Path) -> None:
    """Make the new name last; a file system that cannot do so has no better way."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
