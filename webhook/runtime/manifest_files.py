"""Which files a command is about."""

from collections.abc import Iterator
from pathlib import Path

MANIFEST_SUFFIXES = (".yaml", ".yml", ".json")
"""What kubectl takes from a folder."""


def manifest_files(paths: tuple[str, ...]) -> Iterator[str]:
    """Yield each file named, and each manifest below each folder named, in a stable order."""
    for path in paths or ("-",):
        if path == "-" or not Path(path).is_dir():
            yield path
        else:
            yield from sorted(
                str(file)
                for file in Path(path).rglob("*")
                if file.suffix in MANIFEST_SUFFIXES and file.is_file() and not _is_mirror(file)
            )


def _is_mirror(file: Path) -> bool:
    """Return whether a file is behind the links of a mounted ConfigMap (..data and its like)."""
    return any(part.startswith("..") and part != ".." for part in file.parts)
