"""Which files a command is about."""

import os
from collections.abc import Iterator
from pathlib import Path

from webhook.files import is_file, is_folder

MANIFEST_SUFFIXES = (".yaml", ".yml", ".json")
"""What kubectl takes from a folder."""


def manifest_files(paths: tuple[str, ...]) -> Iterator[str]:
    """Yield each file named, and each manifest below each folder named, in a stable order.

    A folder that may not be read is yielded itself: whoever reads it then says why it is missing.
    """
    for path in paths or ("-",):
        if path == "-" or not is_folder(path):
            yield path
        else:
            yield from sorted(_files_below(path))


def _files_below(folder: str) -> Iterator[str]:
    unreadable: list[str] = []
    for parent, _, names in os.walk(folder, onerror=lambda e: unreadable.append(str(e.filename))):
        for name in names:
            file = Path(parent, name)
            is_manifest = file.suffix in MANIFEST_SUFFIXES and not _is_mirror(file)
            if is_manifest and is_file(file):
                yield str(file)
    yield from unreadable


def _is_mirror(file: Path) -> bool:
    """Return whether a file is behind the links of a mounted ConfigMap (..data and its like)."""
    return any(part.startswith("..") and part != ".." for part in file.parts)
