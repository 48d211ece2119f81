"""A TCP forwarder that plays Service and kube-proxy: new connections go to a ready pod.

Connections that exist stay with their pod until one end closes, ready or not, as a NAT entry does.
"""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field


@dataclass(eq=False)
class Pod:
    """One server process behind the Service; `ready` is what the forwarder has seen of it."""

    port: int
    health_port: int
    ready: bool = False


@dataclass
class Forwarder:
    """The Service: `port` is what clients connect to; `pods` may be changed at any time."""

    pods: list[Pod] = field(default_factory=list)
    port: int = 0
    _turn: "itertools.count[int]" = field(default_factory=itertools.count)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["Forwarder"]:
        """Forward while in the context."""
        server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        probe_task = asyncio.create_task(self._probe())
        try:
            yield self
        finally:
            probe_task.cancel()
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(probe_task, *self._tasks, return_exceptions=True)

    async def until_ready(self, pod: Pod) -> None:
        """Wait until new connections can go to this pod."""
        while not pod.ready:
            await asyncio.sleep(0.01)

    async def _probe(self) -> None:
        # The kubelet's readiness probe, in a hurry.
        while True:
            for pod in list(self.pods):
                pod.ready = await self._is_ready(pod)
            await asyncio.sleep(0.02)

    @staticmethod
    async def _is_ready(pod: Pod) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", pod.health_port)
        except OSError:
            return False
        try:
            writer.write(b"GET /readyz HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n")
            return (await reader.read()).startswith(b"HTTP/1.1 200 ")
        except OSError:
            return False
        finally:
            writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        ready = [pod for pod in self.pods if pod.ready]
        try:
            pod = ready[next(self._turn) % len(ready)]
            upstream = await asyncio.open_connection("127.0.0.1", pod.port)
        except (OSError, ZeroDivisionError):
            writer.close()
            return
        pairs = (reader, upstream[1]), (upstream[0], writer)
        copy_tasks = [asyncio.create_task(_copy(*pair)) for pair in pairs]
        try:
            await asyncio.gather(*copy_tasks)
        finally:
            for copy_task in copy_tasks:
                copy_task.cancel()
            writer.close()
            upstream[1].close()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    with contextlib.suppress(OSError):
        sink.write_eof()
