"""Which files a command is about."""

import os
from collections.abc import Iterator
from pathlib import Path

from webhook.files import is_file, is_folder, real_path

MANIFEST_SUFFIXES = (".yaml", ".yml", ".json")
"""What kubectl takes from a folder."""


def manifest_files(paths: tuple[str, ...], *, mounted: bool = False) -> Iterator[str]:
    """Yield each file named, and each manifest below each folder named, in a stable order.

    mounted  whether the folders may be mounted ConfigMaps: then files behind their links (..data
             and its like) are left out, also those of a version that no link leads to yet

    A folder that may not be read is yielded itself: whoever reads it then says why it is missing.
    """
    for path in paths or ("-",):
        if path == "-" or not is_folder(path):
            yield path
        else:
            yield from sorted(_files_below(path, mounted=mounted))


def _files_below(folder: str, *, mounted: bool) -> Iterator[str]:
    unreadable: list[str] = []
    for parent, _, names in os.walk(folder, onerror=lambda e: unreadable.append(str(e.filename))):
        for name in names:
            file = Path(parent, name)
            if file.suffix in MANIFEST_SUFFIXES and is_file(file):
                inside = Path(os.path.relpath(file, folder))
                if not _is_mirror(Path(folder), inside, mounted=mounted):
                    yield str(file)
    yield from unreadable


def _is_mirror(folder: Path, inside: Path, *, mounted: bool) -> bool:
    """Return whether a file is behind the links of a mounted ConfigMap (..data and its like).

    In a repository a folder may be called so as well: there a link must lead to the file.
    """
    hidden = next((n for n, part in enumerate(inside.parts) if part.startswith("..")), None)
    if hidden is None or mounted:
        return hidden is not None
    link = folder.joinpath(*inside.parts[:hidden], *inside.parts[hidden + 1 :])
    return link.is_symlink() and real_path(link) == real_path(folder / inside)
