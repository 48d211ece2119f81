"""The life of a reconciler process.

    1. the health port is bound, another operator is looked for: an error is one exception
    2. caches fill, in every replica; the leader waits for them, then starts its workers
    3. SIGTERM: workers finish their current object, the Lease is released, return 0
       the Lease is lost: the same, at once, and return 1
       Seldon's operator appears: the same, at once, with an exception

Threads, because workers wait for answers nearly all the time; the main thread serves health.
"""

import asyncio
import logging
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial

import uvloop
from prometheus_client import disable_created_metrics

from webhook.controller.config import ControllerConfig
from webhook.controller.controller import Controller, SettingsProvider
from webhook.controller.informers import find_stale_informers
from webhook.controller.metrics import ControllerMetrics
from webhook.controller.preflight import ensure_no_seldon_operator
from webhook.errors import KubeApiUnavailableError, SettingsError
from webhook.kube import Transport
from webhook.kube.leader_election import LeaderElector
from webhook.runtime.health import Check, CheckResult, build_health_app
from webhook.runtime.hot_reload import Reloadable, ReloadLoop
from webhook.runtime.http_message import RequestHandler
from webhook.runtime.limits import Limits
from webhook.runtime.listener import Listener, bind_socket
from webhook.runtime.log import json_logging
from webhook.runtime.stopping import (
    SHUTDOWN_TIMEOUT_SECONDS,
    STOP_SIGNALS,
    call_on_stop_signal,
)

logger = logging.getLogger("graphgate")

_RELOAD_INTERVAL_SECONDS = 10.0
"""Seconds between checks of the settings file; as for the server."""

_LEADERSHIP_LOST_TIMEOUT_SECONDS = 3.0
"""Seconds for workers to finish after the Lease is lost: another replica may start after five."""

_SELDON_CHECK_INTERVAL_SECONDS = 5.0
"""Seconds between checks for Seldon's operator, which renews its Lease every two: for that long
both reconcile the same objects if it is installed later. A check takes two milliseconds."""


def run(
    config: ControllerConfig,
    transport: Transport,
    settings: SettingsProvider,
    sources: Sequence[Reloadable] = (),
) -> int:
    """Reconcile until a signal; return 0, or 1 if the Lease was lost.

    Logs JSON lines to standard output. Raises SettingsError or KubeApiUnavailableError before
    anything is started, and SettingsError when Seldon's operator appears, after all is stopped.
    """
    if not config.controller_id:
        ensure_no_seldon_operator(transport, config.namespaces)
    with bind_socket(config.health_host, config.health_port, "--health-port") as listening_socket:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        metrics = ControllerMetrics()
        with json_logging(sys.stdout.fileno(), metrics.count_dropped_log_lines):
            controller = Controller(config, transport, settings, metrics)
            process = _Process(controller, listening_socket, metrics, sources)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                return runner.run(process.run())


class _Process:
    """Signals, health, and the election around a controller."""

    def __init__(
        self,
        controller: Controller,
        listening_socket: socket.socket,
        metrics: ControllerMetrics,
        sources: Sequence[Reloadable],
    ) -> None:
        self._controller = controller
        self._config = controller.config
        self._reload_loop = ReloadLoop(
            [_ResyncOnReload(s, controller) for s in sources], lambda _name: None
        )
        self._phase = "starting"
        self._elector: LeaderElector | None = None
        self._listener = Listener(
            listening_socket,
            self._build_app(metrics),
            Limits(max_body_bytes=0),
            lambda _reason: None,
        )
        self._register_metrics(metrics)

    def _build_app(self, metrics: ControllerMetrics) -> RequestHandler:
        liveness_checks = [
            Check("watches", self._check_watches),
            Check("lifecycle", self._check_lifecycle),
        ]
        readiness_checks = [
            Check("caches", self._check_caches),
            Check("facts", self._check_facts),
            Check("leader", self._check_leader),
            *liveness_checks,
            *self._reload_loop.checks(),
        ]
        return build_health_app(
            readiness_checks, metrics.render_metrics, liveness_checks=liveness_checks
        )

    def _register_metrics(self, metrics: ControllerMetrics) -> None:
        controller = self._controller
        metrics.register_gauge(
            "cached_objects",
            "SeldonDeployments that this reconciler manages.",
            lambda: len(controller.cache),
        )
        metrics.register_gauge(
            "workqueue_depth", "Objects waiting for a worker.", controller.queue.depth
        )
        metrics.register_gauge(
            "leader_election_leader",
            "1 for the leader.",
            lambda: int(controller.is_running),
        )
        metrics.register_gauge(
            "watch_staleness_seconds",
            "Seconds since the last event or bookmark of the stalest watch.",
            lambda: max(watch.staleness for watch in controller.informers),
        )

    def _check_watches(self) -> CheckResult:
        stale = find_stale_informers(self._controller.informers, self._config.max_watch_staleness)
        return CheckResult("failed" if stale else "ok", "; ".join(stale))

    def _check_caches(self) -> CheckResult:
        errors = [str(w.last_error) for w in self._controller.informers if w.last_error is not None]
        if not self._controller.has_synced:
            return CheckResult("failed", "; ".join(errors) or "not synced yet")
        return CheckResult("degraded" if errors else "ok", "; ".join(errors))

    def _check_facts(self) -> CheckResult:
        health = self._controller.facts_watcher.health()
        return CheckResult("ok" if health.state == "ok" else "degraded", health.detail)

    def _check_leader(self) -> CheckResult:
        if self._elector is None:
            return CheckResult("ok", "leader election is off")
        return CheckResult("ok", f"the leader is {self._elector.holder or self._elector.identity}")

    def _check_lifecycle(self) -> CheckResult:
        return CheckResult("failed" if self._phase == "ending" else "ok", self._phase)

    async def run(self) -> int:
        """Run until a signal, or until another leads; return the exit code."""
        stop_requests: asyncio.Queue[str | SettingsError] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        call_on_stop_signal(stop_requests.put_nowait)
        await self._listener.open()
        self._controller.start()
        election_thread = self._start_election(
            lambda: loop.call_soon_threadsafe(stop_requests.put_nowait, "lost")
        )
        reload_task = asyncio.create_task(self._reload_loop.run(_RELOAD_INTERVAL_SECONDS))
        seldon_task = asyncio.create_task(self._watch_for_seldon_operator(stop_requests.put_nowait))
        self._phase = "running"
        logger.info("started", extra={"fields": {"healthPort": self._listener.port}})
        reason = await stop_requests.get()
        self._phase = "ending"
        reload_task.cancel()
        seldon_task.cancel()
        by_signal = reason in STOP_SIGNALS
        await asyncio.to_thread(
            self._controller.stop,
            SHUTDOWN_TIMEOUT_SECONDS if by_signal else _LEADERSHIP_LOST_TIMEOUT_SECONDS,
        )
        if self._elector is not None:
            # Only now: the next leader must not overlap with workers of this one.
            self._elector.stop()
            await asyncio.to_thread(election_thread.join, 5.0)
        await self._listener.close(0.0)
        self._listener.abort()
        await asyncio.sleep(0)
        logger.info("stopped", extra={"fields": {"reason": str(reason)}})
        if isinstance(reason, SettingsError):
            raise reason
        return 0 if by_signal else 1

    async def _watch_for_seldon_operator(self, on_found: Callable[[SettingsError], None]) -> None:
        """Call `end` when Seldon's operator reconciles the same objects."""
        controller = self._controller
        while not self._config.controller_id:
            await asyncio.sleep(_SELDON_CHECK_INTERVAL_SECONDS)
            check = partial(
                ensure_no_seldon_operator, controller.transport, self._config.namespaces, quiet=True
            )
            try:
                await asyncio.to_thread(check)
            except KubeApiUnavailableError:
                continue  # the watches report it
            except SettingsError as error:
                on_found(error)
                return

    def _start_election(self, on_stopped_leading: Callable[[], object]) -> threading.Thread:
        config, controller = self._config, self._controller
        if config.lease is None:
            thread = threading.Thread(target=controller.start_workers, name="election", daemon=True)
        else:
            self._elector = elector = LeaderElector(
                controller.transport,
                namespace=config.lease[0],
                name=config.lease[1],
                identity=config.identity,
                config=config.lease_config,
            )
            thread = threading.Thread(
                target=elector.run,
                args=(controller.start_workers, on_stopped_leading),
                name="election",
                daemon=True,
            )
        thread.start()
        return thread


class _ResyncOnReload:
    """A source of settings that enqueues every object after a change."""

    def __init__(self, source: Reloadable, controller: Controller) -> None:
        self._source = source
        self._controller = controller
        self.name = source.name

    def reload_if_changed(self) -> bool:
        """Put new content into effect, and have it matter."""
        changed = self._source.reload_if_changed()
        if changed:
            self._controller.enqueue_all()
        return changed
