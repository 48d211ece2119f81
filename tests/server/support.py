"""What the tests of the server have in common: a running one, and clients that miss nothing."""

import http.client
import json
import queue
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from tests import patience
from tests.server.pki import NAME

ROOT = Path(__file__).parents[2]
# Longer than anything takes on a busy machine; a test that reaches it has failed.
TIMEOUT_SECONDS = patience.SECONDS

T = TypeVar("T")


class RunningServer:
    """A server process, its ports and its log."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []
        self._new: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_until_serving(self) -> "RunningServer":
        """Wait until it serves."""
        serving = self.wait_for("serving")
        self.port: int = serving["port"]
        self.health_port: int = serving["healthPort"]
        return self

    def kill(self) -> None:
        """End it in any case."""
        self.process.kill()
        self.process.wait(TIMEOUT_SECONDS)
        self._reader.join(TIMEOUT_SECONDS)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            for text in stdout:
                self._new.put(json.loads(text))
        self._new.put(None)

    def wait_for(self, event: str, **fields: Any) -> dict[str, Any]:
        """Return the next log line of `event` with these fields, not looked at before."""
        while True:
            line = self._new.get(timeout=TIMEOUT_SECONDS)
            assert line is not None, f"the log ended without {event!r}: {self.lines}"
            self.lines.append(line)
            if line["event"] == event and fields.items() <= line.items():
                return line

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(TIMEOUT_SECONDS)

    def get(self, path: str) -> tuple[int, str]:
        """Ask the health port."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.health_port, timeout=TIMEOUT_SECONDS
        )
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def metric(self, sample: str) -> float:
        """Return the value of one sample, as it is spelled in /metrics; 0 if it is not there."""
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(sample + " "):
                return float(line.rpartition(" ")[2])
        return 0.0


@contextmanager
def run_server(folder: Path, **config: Any) -> Iterator[RunningServer]:
    """Run a server on free ports with the pair in `folder`; end it in any case."""
    options = {
        "certificate": str(folder / "tls.crt"),
        "key": str(folder / "tls.key"),
        "host": "127.0.0.1",
        "port": 0,
        "health_port": 0,
        "shutdown_delay": 0.0,
        "reload_interval": 0.05,
        **config,
    }
    server = start_server(options)
    try:
        yield server.wait_until_serving()
    finally:
        server.kill()


def start_server(options: dict[str, Any]) -> RunningServer:
    """Start a server process; `given` is what `tests.server.program` reads."""
    return RunningServer(
        subprocess.Popen(
            [sys.executable, "-m", "tests.server.program", json.dumps(options)],
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
    )


def review(uid: str = "u-1", **request: Any) -> bytes:
    """Return an AdmissionReview as the fake judge reads it."""
    return json.dumps({"kind": "AdmissionReview", "request": {"uid": uid, **request}}).encode()


def trust_context(ca: bytes) -> ssl.SSLContext:
    """Return a client context that trusts this CA."""
    return ssl.create_default_context(cadata=ca.decode())


def connect(port: int, context: ssl.SSLContext, name: str = NAME) -> ssl.SSLSocket:
    """Open a TLS connection as the API server does: to an address, with the service's name.

    With an address for `name`, the handshake carries no name at all.
    """
    raw = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # head and body are two packets
    try:
        return context.wrap_socket(raw, server_hostname=name)
    except BaseException:
        raw.close()
        raise


def apart(call: Callable[..., T], *given: Any) -> T:
    """Call in a thread of its own, and return what it returns.

    OpenSSL keeps errors by thread. With 3.5 and newer, one of a connection that was cut stays
    there, and Python takes it for an error of the next connection in this thread.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call, *given).result()


JSON = {"Content-Type": "application/json"}


class Client(http.client.HTTPSConnection):
    """One kept connection; never opens a second one by itself."""

    auto_open = 0

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        super().__init__(NAME, port, timeout=TIMEOUT_SECONDS)
        self.sock = connect(port, context)

    def post(
        self, path: str, body: bytes, headers: dict[str, str] | None = None
    ) -> tuple[int, str, http.client.HTTPMessage]:
        """Return status, text and headers."""
        self.request("POST", path, body, JSON if headers is None else headers)
        response = self.getresponse()
        return response.status, response.read().decode(), response.headers

    def is_reviewed(self, uid: str = "u-1") -> bool:
        """Whether a review is answered with its own uid."""
        status, text, _ = self.post("/mutate?timeout=10s", review(uid))
        return status == 200 and json.loads(text)["response"] == {"uid": uid, "allowed": True}


def wait_until_closed(sock: socket.socket) -> bool:
    """Wait for the peer to end the connection; whatever it still says is skipped."""
    sock.settimeout(TIMEOUT_SECONDS)
    try:
        while sock.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:  # a reset, or TLS without a goodbye
        return True
    return True


def peak_memory_bytes(server: RunningServer) -> int:
    """Return the largest resident memory so far, in bytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024
