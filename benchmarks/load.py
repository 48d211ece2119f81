"""The client: so many kept connections, each asks again as soon as it is answered.

The reviews, one a line of a file behind the name of its endpoint, take turns.

A process of its own, on a core of its own: python -m benchmarks.load, one JSON argument. It speaks
only as much HTTP as our own answers need, so that the client is not what is measured.
"""

import asyncio
import itertools
import json
import ssl
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter_ns
from typing import Any, cast

import uvloop


class Caller(asyncio.Protocol):
    """One connection."""

    def __init__(self, requests: Iterator[bytes], end: int, took: "array[int]") -> None:
        self._requests = requests
        self._end = end
        self._took = took
        self._answer = b""
        self._sent = 0
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def _ask(self) -> None:
        request = next(self._requests)
        self._sent = perf_counter_ns()
        if self._sent >= self._end:
            self.over.set_result(None)
            self._transport.close()
            return
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Ask again once the answer is complete."""
        self._answer = self._answer + data if self._answer else data
        head = self._answer.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self._answer.find(b"content-length: ", 0, head) + 16
        length = int(self._answer[at : self._answer.find(b"\r", at)])
        if len(self._answer) < head + 4 + length:
            return
        if not self._answer.startswith(b"HTTP/1.1 200 "):
            self.over.set_exception(RuntimeError(self._answer[:300].decode()))
            self._transport.close()
            return
        self._took.append(perf_counter_ns() - self._sent)
        self._answer = b""
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail if this was not our own doing."""
        if not self.over.done():
            self.over.set_exception(ConnectionError(f"the server ended a connection: {exc}"))


def _request(line: bytes) -> bytes:
    endpoint, _, body = line.partition(b" ")
    return (
        b"POST /%b?timeout=10s HTTP/1.1\r\nHost: graphgate.graphgate.svc\r\n"
        b"User-Agent: kube-apiserver-admission\r\nContent-Type: application/json\r\n"
        b"Accept-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % (endpoint, len(body))
    ) + body


async def load(given: dict[str, Any]) -> dict[str, float]:
    """Call for `seconds` over `connections`; return calls, seconds and percentiles in ms."""
    requests = itertools.cycle(map(_request, Path(given["reviews"]).read_bytes().splitlines()))
    trust = ssl.create_default_context(cafile=given["ca"])
    trust.check_hostname = False
    took: array[int] = array("Q")
    start = perf_counter_ns()
    end = start + int(given["seconds"] * 1e9)
    loop = asyncio.get_running_loop()
    pairs = [
        await loop.create_connection(
            lambda: Caller(requests, end, took), "127.0.0.1", given["port"], ssl=trust
        )
        for _ in range(given["connections"])
    ]
    await asyncio.gather(*(caller.over for _, caller in pairs))
    seconds = (perf_counter_ns() - start) / 1e9
    times = sorted(took)
    return {
        "calls": len(times),
        "seconds": seconds,
        "p50": times[len(times) // 2] / 1e6,
        "p99": times[len(times) * 99 // 100] / 1e6,
    }


if __name__ == "__main__":
    print(json.dumps(uvloop.run(load(json.loads(sys.argv[1])))))
