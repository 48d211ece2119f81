"""Reviews per second over TLS, of graphgate and of the echo, in turn on the same core."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONNECTIONS = (1, 8, 64)


@dataclass(frozen=True)
class Measured:
    """One server under one load. Times of a call in milliseconds, CPU in microseconds per call.

    others  the share of both cores that somebody else used meanwhile: above 0.1, measure again
    """

    server: str
    review: str
    connections: int
    per_second: float
    p50: float
    p99: float
    cpu: float
    others: float


def cores() -> tuple[int, int]:
    """Return the core of the server and that of the client; the same one if there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


@contextlib.contextmanager
def running(command: list[str], port: int) -> Iterator[int]:
    """Run a server on its core until it is not needed any more; yield its process id."""
    server_core, _ = cores()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    os.sched_setaffinity(process.pid, {server_core})  # and of every thread it will start
    try:
        _until_open(port, process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def _until_open(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        if process.poll() is not None:
            sys.exit(f"{process.args!r} ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    sys.exit(f"{process.args!r} did not open port {port}")


def free_port() -> int:
    """Return a port that nobody has at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port: int = held.getsockname()[1]
        return port


def command(server: str, port: int, pair: Path) -> list[str]:
    """Return the command line of "graphgate" or "echo"."""
    files = str(pair / "tls.crt"), str(pair / "tls.key")
    if server == "echo":
        return [sys.executable, "-m", "benchmarks.echo", str(port), *files]
    options = ["--host", "127.0.0.1", "--port", str(port), "--health-port", str(free_port())]
    options += ["--tls-cert", files[0], "--tls-key", files[1], "--shutdown-delay", "0"]
    return [sys.executable, "-m", "webhook", "serve", *options]


def measure(
    server: str,
    process: int,
    port: int,
    folder: Path,
    review: str,
    connections: int,
    seconds: float,
) -> Measured:
    """Put one load on a running server; the first half second does not count."""
    given = {
        "port": port,
        "ca": str(folder / "ca.crt"),
        "reviews": str(folder / f"{review}.txt"),
        "connections": connections,
    }
    _load({**given, "seconds": 0.5})
    before, busy, started = _cpu(process), _busy(), time.monotonic()
    own = os.times()
    found = _load({**given, "seconds": seconds})
    used, wall = _cpu(process) - before, time.monotonic() - started
    client = os.times()
    ours = used + client.children_user + client.children_system
    ours -= own.children_user + own.children_system
    others = max(0.0, _busy() - busy - ours) / wall / len(os.sched_getaffinity(0))
    return Measured(
        server,
        review,
        connections,
        found["calls"] / found["seconds"],
        found["p50"],
        found["p99"],
        used / found["calls"] * 1e6,
        others,
    )


def _load(given: dict[str, object]) -> dict[str, float]:
    _, client_core = cores()
    caller = [sys.executable, "-m", "benchmarks.load", json.dumps(given)]
    with subprocess.Popen(caller, cwd=ROOT, stdout=subprocess.PIPE) as process:
        os.sched_setaffinity(process.pid, {client_core})
        answer, _ = process.communicate()
    if process.returncode:
        sys.exit("the load failed")
    found: dict[str, float] = json.loads(answer)
    return found


def _cpu(process: int) -> float:
    """Return the CPU seconds that all threads of a process have used, to the nanosecond."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def _busy() -> float:
    """Return the CPU seconds that anybody has used on this machine since it started."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    idle = fields[3] + fields[4]  # idle and iowait
    return (sum(fields[:8]) - idle) / os.sysconf("SC_CLK_TCK")


def peak_memory(process: int) -> float:
    """Return the largest resident memory of a process so far, in MiB."""
    status = Path(f"/proc/{process}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024
