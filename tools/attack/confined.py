"""A process of graphgate at the chart's memory limit: in a cgroup where one can be made.

Where none can (no Linux, no right to), nothing ends the process at the limit; its peak of resident
memory (VmHWM) is reported either way.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.control_plane.process import die_with_parent

ROOT = Path(__file__).parents[2]
MEBIBYTE = 1 << 20
_CGROUPS = Path("/sys/fs/cgroup")


def chart_limit(*keys: str) -> int:
    """Return a memory limit of the chart's default values, in bytes."""
    value = yaml.safe_load((ROOT / "manifests/chart/values.yaml").read_text())
    for key in (*keys, "resources", "limits", "memory"):
        value = value[key]
    number, unit = re.fullmatch(r"(\d+)([MG])i", value).groups()  # type: ignore[union-attr]
    return int(number) << {"M": 20, "G": 30}[unit]


@dataclass
class Confined:
    """A running process.

    cgroup  the group that holds it to its limit; None: none could be made
    """

    process: "subprocess.Popen[bytes]"
    cgroup: Path | None

    def __post_init__(self) -> None:
        self._discarding = threading.Thread(target=self._discard, daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether it runs still: the kernel kills it at the limit."""
        return self.process.poll() is None

    def wait_for_event(self, event: str) -> dict[str, Any]:
        """Return the first line of its log with this event; whatever follows is thrown away.

        Raise RuntimeError if it ends before that.
        """
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found: dict[str, Any] = json.loads(line)
            if found["event"] == event:
                self._discarding.start()
                return found
        raise RuntimeError(f"{self.process.args!r} ended without {event!r}")

    def _discard(self) -> None:
        assert self.process.stdout is not None
        while self.process.stdout.read(1 << 16):
            pass

    def end(self) -> None:
        """Kill it, if it still lives."""
        self.process.kill()
        self.process.wait(30)
        if self._discarding.is_alive():
            self._discarding.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
        if self.cgroup is not None:
            with contextlib.suppress(OSError):
                self.cgroup.rmdir()

    def resident_mib(self) -> float:
        """Return its resident memory of this moment."""
        return self._status("VmRSS")

    def peak_mib(self) -> float:
        """Return the largest resident memory so far; infinite if it is dead."""
        return self._status("VmHWM")

    def waited_for_processor(self) -> float:
        """Return the seconds that its first thread could have run and did not, so far."""
        if not self.is_alive:
            return float("inf")
        _, waited, _ = Path(f"/proc/{self.process.pid}/schedstat").read_text().split()
        return int(waited) / 1e9

    def _status(self, field: str) -> float:
        if not self.is_alive:
            return float("inf")
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        match = re.search(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE)
        return int(match[1]) / 1024 if match else float("inf")


@contextlib.contextmanager
def confined(
    command: list[str],
    limit: int,
    env: Mapping[str, str] | None = None,
) -> Iterator[Confined]:
    """Run a command with so many bytes of memory; end it in any case."""
    cgroup = _make_cgroup(limit)
    follow = die_with_parent(send=signal.SIGKILL)

    def prepare() -> None:
        if follow is not None:
            follow()
        if cgroup is not None:
            (cgroup / "cgroup.procs").write_text("0")

    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        preexec_fn=prepare,  # noqa: PLW1509 — two system calls and a write
    )
    confined_process = Confined(process, cgroup)
    try:
        yield confined_process
    finally:
        confined_process.end()


def _make_cgroup(limit: int) -> Path | None:
    """Return a new group of this memory and no swap, of either version; None: that is not ours."""
    name = f"graphgate-attack-{os.getpid()}"
    for parent, files in (
        (_CGROUPS, {"memory.max": limit, "memory.swap.max": 0}),
        (_CGROUPS / "memory", {"memory.limit_in_bytes": limit}),
    ):
        cgroup = parent / name
        try:
            cgroup.mkdir()
        except OSError:
            continue
        try:
            for file, value in files.items():
                (cgroup / file).write_text(str(value))
        except OSError:
            with contextlib.suppress(OSError):
                cgroup.rmdir()
            continue
        return cgroup
    return None
