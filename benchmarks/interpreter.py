"""Which Python is measured: Debian's where it can be, because the image has it.

How an interpreter was built changes the figures by a third, so each run prints what it ran with.
"""

import argparse
import os
import platform
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[1]
DEBIAN = Path("/usr/bin/python3")
OLDEST = (3, 11)

_PROBE = """
import sys
print(*sys.version_info[:2], flush=True)
import webhook.policy, webhook.server.lifecycle
"""
"""Prints the minor version, then imports what is measured."""


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add --interpreter."""
    parser.add_argument(
        "--interpreter",
        choices=["debian", "this"],
        default="debian",
        help=f"what runs: {DEBIAN} as in the image, if it can (the default), or this Python",
    )


def use(chosen: str, module: str) -> None:
    """Start this run again with the chosen interpreter, unless it is the one that runs already.

    chosen  "debian" or "this"
    module  what `python -m` was asked to run
    Returns if this interpreter stays; prints why, if another one was asked for.
    """
    if chosen == "this" or Path(sys.executable).resolve() == DEBIAN.resolve():
        return
    problem = why_not(DEBIAN)
    if problem:
        print(f"Debian's Python is not used, the figures are not the image's: {problem}")
        return
    sys.stdout.flush()
    # The last --interpreter wins: the new run stays where it is.
    arguments = [str(DEBIAN), "-m", module, *sys.argv[1:], "--interpreter", "this"]
    os.execve(DEBIAN, arguments, environment())


def why_not(python: Path) -> str:
    """Return why the measurements cannot run with an interpreter; "": they can."""
    if not Path("/etc/debian_version").is_file():
        return "this is not Debian"
    if not python.is_file():
        return f"there is no {python}"
    command = [str(python), "-c", _PROBE]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    version = tuple(map(int, done.stdout.split()))
    if not version:
        return f"{python} does not start: {_last(done.stderr)}"
    called = ".".join(map(str, version))
    if version < OLDEST:
        return f"{python} is Python {called}, and graphgate needs {'.'.join(map(str, OLDEST))}"
    if version != sys.version_info[:2]:
        ours = ".".join(map(str, sys.version_info[:2]))
        return f"{python} is Python {called}, and the dependencies are installed for {ours}"
    if done.returncode:
        return f"{python} cannot import the dependencies: {_last(done.stderr)}"
    return ""


def environment() -> dict[str, str]:
    """Return an environment in which another interpreter finds checkout and dependencies.

    The dependencies are those of this interpreter, on a path as in the image.
    """
    packages = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *packages])}


def description() -> dict[str, str]:
    """Return what tells this interpreter from others.

    optimisation  the options of ./configure that ask for PGO and LTO. Debian's build applies both
                  by other means, which leave no trace here: "none" does not mean that it is slow.
    """
    configured = str(sysconfig.get_config_var("CONFIG_ARGS") or "").replace("'", "").split()
    flags = dict.fromkeys(str(sysconfig.get_config_var("PY_CFLAGS") or "").split())
    wanted = [word for word in configured if word.startswith(("--enable-opt", "--with-lto"))]
    return {
        "version": f"{platform.python_implementation()} {platform.python_version()}",
        "executable": str(Path(sys.executable).resolve()),
        "system": _system(),
        "compiler": platform.python_compiler(),
        "flags": " ".join(flag for flag in flags if flag.startswith(("-O", "-flto", "-fprofile"))),
        "optimisation": " ".join(wanted) or "none",
    }


def shown() -> str:
    """Return the description as a line."""
    info = description()
    return (
        f"{info['version']}, {info['executable']} on {info['system']}, built with"
        f" {info['compiler']} {info['flags']}; configured for PGO or LTO: {info['optimisation']}"
    )


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _last(text: str) -> str:
    return text.strip().rpartition("\n")[2]
