"""One child process that never outlives this one.

Two things hold that, whatever happens to the Python process:

* the kernel kills the child when its parent ends (PR_SET_PDEATHSIG), even by SIGKILL. It is the
  parent *thread* that counts: start a control plane from a thread that lives as long as it.
* a child runs in a session of its own, so Ctrl-C in the terminal does not reach it: Python
  handles the interrupt first, and stops its children in order.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.control_plane.errors import ComponentDiedError, NotReadyError
from tools.control_plane.waiting import wait_until

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
# Loaded here and not in the child: between fork and exec nothing may be imported or allocated.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(*, send: signal.Signals) -> Callable[[], None] | None:
    """Return a `preexec_fn` that has the child get `send` when this process ends (Linux only)."""
    if _LIBC is None:
        return None
    prctl, number, parent = _LIBC.prctl, int(send), os.getpid()

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:  # it died between fork and prctl
            os._exit(1)

    return arrange


@dataclass(frozen=True)
class Process:
    """A running component and the file that holds its output."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    def last_lines(self, count: int = 15) -> str:
        """Return the end of its log. 15 lines hold the cause and fit on a screen."""
        return last_lines(self.log, count)

    def stop(self, *, timeout: float) -> None:
        """Ask it to end; after `patience` seconds (0: at once) kill it. It is gone afterwards."""
        if timeout > 0:
            self.popen.terminate()
        try:
            self.popen.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


class ProcessGroup:
    """Programs that run together: who waits for one notices when another ends."""

    def __init__(self) -> None:
        self._running: dict[str, Process] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._running

    @property
    def processes(self) -> Mapping[str, Process]:
        """Those that are meant to run, by name, in the order of their start."""
        return self._running

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        """Start one of them."""
        self._running[name] = start_process(name, command, env, log)

    def wait(self, condition: Callable[[], bool], *, what: str, seconds: float) -> None:
        """Wait until a condition holds.

        Raise ComponentDiedError when one of them ends, NotReadyError when the time is over.
        """

        def look() -> bool:
            for running in self._running.values():
                code = running.popen.poll()
                if code is not None:
                    raise ComponentDiedError(running.name, code, running.last_lines())
            return condition()

        try:
            wait_until(look, what=what, seconds=seconds)
        except NotReadyError as late:
            newest = list(self._running.values())[-1]
            log = newest.last_lines()
            raise NotReadyError(f"{late}; the log of {newest.name} ends:\n{log}") from None

    def stop_one(self, name: str, *, timeout: float) -> None:
        """Stop one of them, and forget it."""
        self._running.pop(name).stop(timeout=timeout)

    def stop(self) -> None:
        """Kill all, the last started first, so that none finds another one gone."""
        while self._running:
            self._running.popitem()[1].stop(timeout=0)


def last_lines(log: Path, count: int) -> str:
    """Return the last `count` lines of a log file."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])


def start_process(name: str, command: Sequence[str], env: Mapping[str, str], log: Path) -> Process:
    """Start a component; its output is appended to `log`, also that of an earlier start."""
    with log.open("ab") as output:
        popen = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=log.parent,
            start_new_session=True,
            preexec_fn=die_with_parent(send=signal.SIGKILL),  # noqa: PLW1509 — two system calls
        )
    return Process(name, popen, log)
