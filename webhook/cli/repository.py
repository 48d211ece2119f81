"""The git repository around the working directory: its root, what it ignores, what has changed.

This runs git; without it, or outside of a repository, nothing is ignored.
"""

import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from webhook.errors import SettingsError

_TIMEOUT_SECONDS = 60

_RUN_NOTHING = ("-c", "core.fsmonitor=false")
"""The configuration of a repository names programs, and whoever unpacked it wrote none of it: here
what git runs to see what has changed, and with it (below) what it runs to fetch what is missing."""


def find_root(start: Path) -> Path | None:
    """Return the folder with `.git` at or above `start`; None outside of a repository."""
    return next((folder for folder in (start, *start.parents) if (folder / ".git").exists()), None)


def drop_ignored(files: Sequence[str], root: Path) -> list[str]:
    """Return the files without those that .gitignore, or another of git's lists, ignores.

    Files outside of the repository stay, and so does every file if git is not available.
    """
    inside = {os.path.relpath(file, root): file for file in files if _is_inside(file, root)}
    ran = _git(root, "check-ignore", "--stdin", "-z", stdin="".join(f"{name}\0" for name in inside))
    if ran is None or ran.returncode not in {0, 1}:
        return list(files)
    ignored = {inside[name] for name in ran.stdout.split("\0") if name in inside}
    return [file for file in files if file not in ignored]


def changed_files(reference: str, root: Path) -> set[Path]:
    """Return the files that differ from where this branch left `reference`, new ones included.

    Raise SettingsError if git is missing or does not know the reference.
    """
    if reference.startswith("-"):
        raise SettingsError(f"--changed {reference}: not a commit or branch")
    found: set[Path] = set()
    for arguments in (
        ("diff", "--name-only", "-z", "--no-ext-diff", "--merge-base", reference, "--"),
        ("ls-files", "--others", "--exclude-standard", "-z"),
    ):
        ran = _git(root, *arguments)
        if ran is None:
            raise SettingsError("--changed needs git, which is not installed")
        if ran.returncode:
            reason = ran.stderr.strip().partition("\n")[0]
            raise SettingsError(f"--changed {reference}: git says: {reason}")
        found.update(root / name for name in ran.stdout.split("\0") if name)
    return found


def name_in_repository(file: str) -> str:
    """Return a file's path from the root of the repository, as code scanning services want it.

    A file that is in none, and "-", keep their names.
    """
    root = find_root(Path.cwd())
    if file == "-" or root is None or not _is_inside(file, root):
        return file
    return normalize(file).relative_to(root).as_posix()


def is_excluded(file: str, patterns: Iterable[str], root: Path) -> bool:
    """Return whether a pattern matches a file, or a folder that it is in.

    Patterns are relative to the root, as in a shell: * matches anything, slashes included.
    """
    from fnmatch import fnmatchcase

    name = Path(os.path.relpath(file, root)).as_posix()
    parts = name.split("/")
    prefixes = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    return any(
        fnmatchcase(prefix, pattern.rstrip("/")) for pattern in patterns for prefix in prefixes
    )


def normalize(file: str) -> Path:
    """Return the absolute path without "..", as git names files: a link is not followed."""
    return Path(os.path.abspath(file))  # noqa: PTH100 — resolve() follows links


def _is_inside(file: str, root: Path) -> bool:
    return normalize(file).is_relative_to(root)


def _git(
    root: Path, *arguments: str, stdin: str | None = None
) -> "subprocess.CompletedProcess[str] | None":
    """Run git; None if there is no git, or if it does not end."""
    try:
        return subprocess.run(  # noqa: S603 — no shell, and names go through standard input
            ["git", *_RUN_NOTHING, "-C", str(root), *arguments],  # noqa: S607 — the user's own git
            env={**os.environ, "GIT_NO_LAZY_FETCH": "1"},
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",  # as Python reads names that are not UTF-8
            check=False,
            timeout=_TIMEOUT_SECONDS,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
