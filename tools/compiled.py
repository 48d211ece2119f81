"""The engine compiled, as the image has it.

Built from a copy of the checkout: no compiled file gets between the sources and who works on them.

    python -m tools.compiled        build if needed; print the folder

In: the checkout, and a C compiler. Out: a folder to put first on the path, which holds what the
compiled wheel holds. Kept in build/compiled until a source changes that it is compiled from.
"""

import compileall
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parent.parent
BUILT = ROOT / "build" / "compiled"

_PACKED = ("pyproject.toml", "README.md", "LICENSE")

_ABOVE = ("__main__.py", "certificates", "cli", "cluster", "controller", "server")
"""The layers above the engine: it does not know them, so it is not compiled anew for them."""

_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.so")


class NotCompiled(Exception):  # noqa: N818 — named by the outcome
    """There is no C compiler, or it failed."""


def compiled() -> Path:
    """Return the folder, after building it if a source has changed. Raise NotCompiled."""
    folder = BUILT / _digest()
    BUILT.mkdir(parents=True, exist_ok=True)
    with (BUILT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two who ask at once get one build
        if not folder.is_dir():
            _compile(folder)
        _renew(folder)
    return folder


def _renew(folder: Path) -> None:
    """Take over what is not compiled, and may have changed."""
    for name in _ABOVE:
        source, target = ROOT / "webhook" / name, folder / "webhook" / name
        if source.is_file():
            shutil.copy2(source, target)
        else:
            shutil.copytree(source, target, ignore=_LEFT_OUT, dirs_exist_ok=True)
    compileall.compile_dir(folder, quiet=1)  # as an installed package has it


def _compile(folder: Path) -> None:
    if shutil.which(os.environ.get("CC", "cc")) is None:
        raise NotCompiled("compiling the engine needs a C compiler (gcc and python3-dev)")
    with tempfile.TemporaryDirectory(dir=BUILT) as name:
        copy = Path(name)
        shutil.copytree(ROOT / "webhook", copy / "webhook", ignore=_LEFT_OUT)
        for file in _PACKED:
            shutil.copy(ROOT / file, copy)
        _build(copy)
        (wheel,) = (copy / "dist").glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(copy / "site")
        for old in BUILT.iterdir():
            if old.is_dir() and old != copy:
                shutil.rmtree(old)
        (copy / "site").rename(folder)


def _digest() -> str:
    """Return a name for what the result is made of: the sources, this Python, the compiler."""
    content = hashlib.sha256()
    package = ROOT / "webhook"
    files = sorted(
        file
        for file in package.rglob("*")
        if file.suffix in {".py", ".json"} and file.relative_to(package).parts[0] not in _ABOVE
    )
    for file in [*files, ROOT / "pyproject.toml"]:
        content.update(f"{file.relative_to(ROOT)} {file.stat().st_size} ".encode())
        content.update(file.read_bytes())
    made_by = " ".join(metadata.version(name) for name in ("mypy", "hatch-mypyc", "setuptools"))
    content.update(f"{sys.version} {made_by}".encode())
    return content.hexdigest()[:16]


def _build(copy: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"]
    environ = {**os.environ, "HATCH_BUILD_HOOK_ENABLE_MYPYC": "true"}
    done = subprocess.run(
        command, cwd=copy, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotCompiled(f"compiling the engine failed:\n{done.stdout}{done.stderr}")


def main() -> int:
    """Build, and print the folder; return 1 if it cannot be built."""
    print("compiling the engine, if it has changed (a minute or two)", file=sys.stderr)
    try:
        print(compiled())
    except NotCompiled as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
