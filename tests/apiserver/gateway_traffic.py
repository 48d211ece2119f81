"""What stands behind a gateway in the tests, and who asks through it.

No container runs: kwok says that pods are ready, and gives them addresses. One server answers for
all of them, as long as they are there, and says in whose name.
"""

import asyncio
import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc

from tools.control_plane.run import ControlPlane
from webhook.kube import Reflector, connect

PORTS = (8000, 9000)
"""Of the orchestrator, and of a node's container or an explainer."""

_GRACE_SECONDS = 3.0
"""Seconds for which a deleted pod goes on answering: what a preStop hook gives a gateway."""


class Pods:
    """Every pod of a cluster by its address: who it is, and whether it answers."""

    def __init__(self, plane: ControlPlane) -> None:
        transport = connect(kubeconfig=str(plane.kubeconfig), context=None, environment=plane.env)
        self.services: dict[str, str] = {}
        self._gone_at: dict[str, float] = {}
        self._watch = Reflector(transport, "/api/v1/pods", _read_pod, on_change=self._change)

    def __enter__(self) -> "Pods":
        self._watch.start()
        assert self._watch.wait_until_synced(30.0)
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.stop(timeout=1.0)

    def _change(self, _: Any, old: tuple[str, str] | None, new: tuple[str, str] | None) -> None:
        if new is not None:
            self.services[new[0]] = new[1]
            self._gone_at.pop(new[0], None)
        elif old is not None:
            self._gone_at[old[0]] = time.monotonic()

    def service_at(self, address: str) -> str:
        """Return the Service of the pod that answers at an address; "": none does."""
        gone_at = self._gone_at.get(address)
        if gone_at is not None and time.monotonic() - gone_at > _GRACE_SECONDS:
            return ""
        return self.services.get(address, "")


def _read_pod(pod: dict[str, Any]) -> tuple[str, str] | None:
    """Return the address and the Service of a pod that is ready."""
    status = pod.get("status", {})
    conditions = {c["type"]: c["status"] for c in status.get("conditions", [])}
    if conditions.get("Ready") != "True" or "podIP" not in status:
        return None
    return status["podIP"], pod["metadata"].get("labels", {}).get("seldon-app", "")


class Backends:
    """The server: answers each request with the Service of the pod that was asked, and its path."""

    def __init__(self, pods: Pods) -> None:
        self.pods = pods
        self._stop: Callable[[], object] = lambda: None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._is_up = threading.Event()
        self.requests: Counter[str] = Counter()

    def __enter__(self) -> "Backends":
        self._thread.start()
        assert self._is_up.wait(10.0)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._thread.join(10.0)

    def _run(self) -> None:
        asyncio.run(self._listen())

    async def _listen(self) -> None:
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        self._stop = lambda: loop.call_soon_threadsafe(stopping.set)
        servers = [
            await asyncio.start_server(self._serve, "0.0.0.0", port, backlog=1024) for port in PORTS
        ]
        self._is_up.set()
        await stopping.wait()
        for server in servers:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("sockname")[0]
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = _content_length(head)
                if length:
                    await reader.readexactly(length)
                # A watch may be a moment behind the gateway.
                for _ in range(50):
                    if service := self.pods.service_at(address):
                        break
                    await asyncio.sleep(0.02)
                else:
                    return
                self.requests[service] += 1
                path = head.split(b" ", 2)[1].decode()
                body = json.dumps({"service": service, "path": path}).encode()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


class Client:
    """Asks at a gateway, on one connection for each thread."""

    def __init__(self, address: str) -> None:
        self.address = address

    def send(self, path: str, count: int, *, threads: int = 4) -> Counter[str]:
        """Send requests; return how many each Service answered, and "HTTP 503" and the like."""
        answers: Counter[str] = Counter()
        each = [count // threads + (n < count % threads) for n in range(threads)]
        workers = [threading.Thread(target=self._work, args=(path, n, answers)) for n in each]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return answers

    def _work(self, path: str, count: int, answers: Counter[str]) -> None:
        found: Counter[str] = Counter()
        with self._connected() as ask:
            for _ in range(count):
                found[ask(path)] += 1
        with _LOCK:
            answers.update(found)

    @contextmanager
    def _connected(self) -> Iterator[Callable[[str], str]]:
        connection = http.client.HTTPConnection(self.address, timeout=20)

        def ask(path: str) -> str:
            try:
                connection.request("POST", path, b"{}")
                response = connection.getresponse()
                body = response.read()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                return repr(error)
            if response.status != 200:
                return f"HTTP {response.status}: {body[:120].decode()}"
            return str(json.loads(body)["service"])

        try:
            yield ask
        finally:
            connection.close()

    @contextmanager
    def load(self, path: str, *, threads: int = 2, pause: float = 0.004) -> Iterator["Load"]:
        """Send requests, one after the other on each connection, until the block ends."""
        load = Load()
        stop = threading.Event()

        def work() -> None:
            with self._connected() as ask:
                while not stop.is_set():
                    load.count(ask(path))
                    time.sleep(pause)

        workers = [threading.Thread(target=work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        try:
            yield load
        finally:
            stop.set()
            for worker in workers:
                worker.join()


class Load:
    """What became of requests that go on: all of them, and those since the last look."""

    def __init__(self) -> None:
        self.total: Counter[str] = Counter()
        self._recent: Counter[str] = Counter()
        self._failed_at: list[tuple[float, str]] = []
        self._steps: list[tuple[float, str]] = []

    def count(self, answer: str) -> None:
        """Take an answer."""
        with _LOCK:
            self.total[answer] += 1
            self._recent[answer] += 1
            if not answer.startswith("iris-"):
                self._failed_at.append((time.monotonic(), answer))

    def step(self, name: str) -> None:
        """Note what is done now, for a failure's report."""
        self._steps.append((time.monotonic(), name))

    def recent(self) -> Counter[str]:
        """Return the answers since the last time."""
        with _LOCK:
            recent, self._recent = self._recent, Counter()
        return recent

    def failures(self) -> list[str]:
        """Return what failed, each with the step after which it did, and how long after."""
        report = []
        for failed_at, answer in self._failed_at:
            before = [(at, name) for at, name in self._steps if at <= failed_at]
            at, name = before[-1] if before else (failed_at, "the beginning")
            report.append(f"{failed_at - at:.1f} s after {name}: {answer}")
        return report


GRPC_PORT = 5001
"""The orchestrator's."""

_METHOD = "/seldon.protos.Seldon/Predict"


class GrpcBackends:
    """A gRPC server at the address of every pod of some Services; it answers with the Service."""

    def __init__(self, pods: Pods, services: set[str]) -> None:
        self._servers = [
            self._build(address, service)
            for address, service in pods.services.items()
            if service in services
        ]

    def __enter__(self) -> "GrpcBackends":
        assert self._servers
        for server in self._servers:
            server.start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.stop(None).wait(10.0)

    def _build(self, address: str, service: str) -> Any:
        def answer(_request: bytes, _context: Any) -> bytes:
            return service.encode()

        _, package, method = _METHOD.split("/")
        handlers = {method: grpc.unary_unary_rpc_method_handler(answer)}
        server = grpc.server(ThreadPoolExecutor(2))
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(package, handlers),))
        assert server.add_insecure_port(f"{address}:{GRPC_PORT}")
        return server


class GrpcClient:
    """Calls at a gateway, with the headers by which Seldon's clients say what they mean."""

    def __init__(self, address: str, headers: Mapping[str, str]) -> None:
        self._channel = grpc.insecure_channel(address)
        self._headers = tuple(headers.items())

    def __enter__(self) -> "GrpcClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def send(self, count: int) -> Counter[str]:
        """Call some times; return how many each Service answered, and errors by their code."""
        call = self._channel.unary_unary(_METHOD)
        answers: Counter[str] = Counter()
        for _ in range(count):
            try:
                answers[call(b"", metadata=self._headers, timeout=20.0).decode()] += 1
            except grpc.RpcError as error:
                answers[str(error.code())] += 1
        return answers


_LOCK = threading.Lock()
