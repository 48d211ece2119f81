"""The life of a reconciler process.

    1. the health port is bound, another operator is looked for: a fault is one exception
    2. caches fill, in every replica; who holds the Lease waits for them, then sets workers to work
    3. SIGTERM: workers finish the object in hand, the Lease is given back, return 0
       the Lease is lost: the same, at once, and return 1
       Seldon's operator appears beside us: the same, at once, and it is one exception

Threads, because workers wait for answers nearly all the time; the main thread serves health.
"""

import asyncio
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial

import uvloop
from prometheus_client import disable_created_metrics
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from webhook.cluster import Transport
from webhook.controller.config import Config
from webhook.controller.lease import Election
from webhook.controller.metrics import Metrics
from webhook.controller.surroundings import is_served, refuse_beside_seldon
from webhook.controller.watches import find_deaf
from webhook.controller.workers import FINISH, Controller, HasSetup
from webhook.errors import ClusterUnavailable, InvalidSettings
from webhook.server.config import Limits
from webhook.server.health import Check, Status, readiness
from webhook.server.listener import Listener, bind
from webhook.server.log import json_lines
from webhook.server.reload import Reloading, Source

logger = logging.getLogger("graphgate")

_RELOAD_EVERY = 10.0
"""Seconds between looks at the settings file; as the server's."""

_SIGNALS = ("SIGTERM", "SIGINT")

_HURRY = 3.0
"""Seconds for the workers of who has lost the Lease: another may begin after five (`Terms`)."""

_SELDON_EVERY = 5.0
"""Seconds between looks for Seldon's operator, which renews its Lease every two: for so long both
work on the same objects where somebody installs it beside us. A look costs two milliseconds."""


def run(
    config: Config, transport: Transport, settings: HasSetup, sources: Sequence[Source] = ()
) -> int:
    """Reconcile until a signal; return 0, or 1 if the Lease was lost.

    Logs JSON lines to standard output. Raises InvalidSettings or ClusterUnavailable before
    anything is started, and InvalidSettings when Seldon's operator appears, after all is stopped.
    """
    if not config.controller_id:
        refuse_beside_seldon(transport, config.namespaces)
    keda = is_served(transport, "keda.sh/v1alpha1")
    with bind(config.health_host, config.health_port, "--health-port") as bound:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        metrics = Metrics()
        with json_lines(sys.stdout.fileno(), metrics.log_line_dropped):
            controller = Controller(config, transport, settings, metrics, keda=keda)
            process = _Process(controller, bound, metrics, sources)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                return runner.run(process.run())


class _Process:
    """Signals, health, and the election around a controller."""

    def __init__(
        self,
        controller: Controller,
        bound: socket.socket,
        metrics: Metrics,
        sources: Sequence[Source],
    ) -> None:
        self._controller = controller
        self._config = controller.config
        self._reloading = Reloading([_Swapping(s, controller) for s in sources], lambda _name: None)
        self._phase = "starting"
        self._election: Election | None = None
        self._listener = Listener(bound, self._application(metrics), Limits(), lambda _reason: None)
        self._show(metrics)

    def _application(self, metrics: Metrics) -> Starlette:
        alive = [Check("watches", self._hearing), Check("lifecycle", self._lifecycle)]
        ready = [
            Check("caches", self._filled),
            Check("facts", self._facts),
            Check("leader", self._leading),
            *alive,
            *self._reloading.checks(),
        ]

        async def answer(checks: Sequence[Check], request: Request) -> Response:
            status, text = readiness(checks, verbose="verbose" in request.query_params)
            return PlainTextResponse(text, status_code=status)

        async def exposition(_request: Request) -> Response:
            kind = "text/plain; version=0.0.4; charset=utf-8"
            return Response(metrics.exposition(), media_type=kind)

        return Starlette(
            routes=[
                Route("/livez", partial(answer, alive)),
                Route("/readyz", partial(answer, ready)),
                Route("/metrics", exposition),
            ]
        )

    def _show(self, metrics: Metrics) -> None:
        controller = self._controller
        metrics.gauge("objects", "SeldonDeployments of ours.", lambda: len(controller.index))
        metrics.gauge("queue", "Objects that wait for a worker.", controller.queue.waiting)
        metrics.gauge("leads", "1 for the one that reconciles.", lambda: int(controller.working))
        metrics.gauge(
            "watch_age_seconds",
            "Since the last sign of the watch that is silent for longest.",
            lambda: max(watch.age for watch in controller.watches),
        )

    def _hearing(self) -> Status:
        deaf = find_deaf(self._controller.watches, self._config.deaf)
        return Status("failed" if deaf else "ok", "; ".join(deaf))

    def _filled(self) -> Status:
        faults = [str(w.fault) for w in self._controller.watches if w.fault is not None]
        if not self._controller.synced:
            return Status("failed", "; ".join(faults) or "not filled yet")
        return Status("degraded" if faults else "ok", "; ".join(faults))

    def _facts(self) -> Status:
        health = self._controller.live.health()
        return Status("ok" if health.state == "ok" else "degraded", health.detail)

    def _leading(self) -> Status:
        if self._election is None:
            return Status("ok", "there is no election")
        return Status("ok", f"the leader is {self._election.holder or self._election.identity}")

    def _lifecycle(self) -> Status:
        return Status("failed" if self._phase == "ending" else "ok", self._phase)

    async def run(self) -> int:
        """Run until a signal, or until another leads; return the exit code."""
        ending: asyncio.Queue[str | InvalidSettings] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        for name in _SIGNALS:
            loop.add_signal_handler(signal.Signals[name], ending.put_nowait, name)
        await self._listener.open()
        self._controller.start()
        campaign = self._campaign(lambda: loop.call_soon_threadsafe(ending.put_nowait, "lost"))
        reloading = asyncio.create_task(self._reloading.run(_RELOAD_EVERY))
        looking = asyncio.create_task(self._look_for_seldon(ending.put_nowait))
        self._phase = "running"
        logger.info("started", extra={"fields": {"health_port": self._listener.port}})
        why = await ending.get()
        self._phase = "ending"
        reloading.cancel()
        looking.cancel()
        by_signal = why in _SIGNALS
        await asyncio.to_thread(self._controller.stop, FINISH if by_signal else _HURRY)
        if self._election is not None:
            # Only now: who leads next must not meet a worker of ours.
            self._election.stop()
            await asyncio.to_thread(campaign.join, 5.0)
        await self._listener.close(0.0)
        self._listener.abort()
        await asyncio.sleep(0)
        logger.info("ended", extra={"fields": {"why": str(why)}})
        if isinstance(why, InvalidSettings):
            raise why
        return 0 if by_signal else 1

    async def _look_for_seldon(self, end: Callable[[InvalidSettings], None]) -> None:
        """Call `end` when Seldon's operator is at work on our objects."""
        controller = self._controller
        while not self._config.controller_id:
            await asyncio.sleep(_SELDON_EVERY)
            look = partial(
                refuse_beside_seldon, controller.transport, self._config.namespaces, again=True
            )
            try:
                await asyncio.to_thread(look)
            except ClusterUnavailable:
                continue  # the watches tell of it
            except InvalidSettings as seldon:
                end(seldon)
                return

    def _campaign(self, on_lost: Callable[[], object]) -> threading.Thread:
        config, controller = self._config, self._controller
        if config.lease is None:
            thread = threading.Thread(target=controller.lead, name="election", daemon=True)
        else:
            self._election = election = Election(
                controller.transport,
                namespace=config.lease[0],
                name=config.lease[1],
                identity=config.identity,
                terms=config.terms,
            )
            thread = threading.Thread(
                target=election.run,
                args=(controller.lead, on_lost),
                name="election",
                daemon=True,
            )
        thread.start()
        return thread


class _Swapping:
    """A source of settings, after whose change every object is looked at."""

    def __init__(self, source: Source, controller: Controller) -> None:
        self._source = source
        self._controller = controller
        self.name = source.name

    def refresh(self) -> bool:
        """Put new content into effect, and have it matter."""
        changed = self._source.refresh()
        if changed:
            self._controller.look_at_all()
        return changed
