"""Follows a running `go build -v`: a line of progress now and then, its errors at the end.

In: the process, its stderr a pipe of text. Out: nothing, or BuildFailed with the last lines.
"""

import queue
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import IO

from tools.control_plane.errors import BuildFailedError

# A job whose log stays silent for minutes looks dead to a person, and to some CI systems.
_SECONDS_BETWEEN_REPORTS = 20
# Go names the failing package and at most ten errors in it.
_LINES_OF_AN_ERROR = 20


def follow(compiler: subprocess.Popen[str], name: str, report: Callable[[str], None]) -> None:
    """Read the compiler's stderr to its end, reporting; raise BuildFailed if it fails."""
    assert compiler.stderr is not None
    # Read in a thread: a pipe has no readline with a time limit, and a compile of one large
    # package takes minutes without a line.
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(compiler.stderr, lines), daemon=True)
    reader.start()
    try:
        errors = _count_and_report(lines, report)
        code = compiler.wait()
    except BaseException:
        compiler.terminate()
        raise
    finally:
        compiler.wait()
        reader.join()
        compiler.stderr.close()
    if code != 0:
        raise BuildFailedError(f"go build of {name} ended with code {code}:\n" + "\n".join(errors))


def _read(stream: IO[str], lines: "queue.SimpleQueue[str | None]") -> None:
    for line in stream:
        lines.put(line.rstrip("\n"))
    lines.put(None)


def _count_and_report(
    lines: "queue.SimpleQueue[str | None]", report: Callable[[str], None]
) -> deque[str]:
    """Return the last lines that are neither a package's name nor a download."""
    errors: deque[str] = deque(maxlen=_LINES_OF_AN_ERROR)
    started = reported = time.monotonic()
    compiled = downloaded = 0
    while True:
        try:
            line = lines.get(timeout=1)
        except queue.Empty:
            line = ""
        if line is None:
            return errors
        if line.startswith("go: downloading "):
            downloaded += 1
        elif line and " " not in line and "/" in line:
            compiled += 1
        elif line:
            errors.append(line)
        now = time.monotonic()
        if now - reported >= _SECONDS_BETWEEN_REPORTS:
            reported = now
            elapsed = f"{int(now - started) // 60} min {int(now - started) % 60:02} s"
            report(f"{elapsed}, {downloaded} modules fetched, {compiled} packages compiled")
