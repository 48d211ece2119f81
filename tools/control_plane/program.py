"""How the programs of this package end: a sentence on standard error, and an exit code."""

import sys
from collections.abc import Callable

from tools.control_plane import errors

_EXIT_CODES: dict[type[errors.ControlPlaneError], int] = {
    errors.GoMissingError: 3,
    errors.AssetsMissingError: 2,
}


def run(name: str, work: Callable[[], None]) -> int:
    """Do the work; return 0, or the exit code of what went wrong (`errors`).

    name  how the program calls itself
    """
    try:
        work()
    except errors.ControlPlaneError as error:
        return _fail(name, error, _EXIT_CODES.get(type(error), 1))
    except KeyboardInterrupt:
        return _fail(name, "interrupted; what is built so far is kept", 130)
    return 0


def report(line: str) -> None:
    """Write a line of progress to standard error."""
    print(line, file=sys.stderr, flush=True)


def _fail(name: str, why: object, code: int) -> int:
    report(f"{name}: {why}")
    return code
