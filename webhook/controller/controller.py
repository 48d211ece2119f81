"""Everything of a reconciler that works: caches, workers, and what they hand to each other.

Belongs here: threads, and retries of failed reconciliations. Does not belong here: the process
around it (`manager`), and the reconciliation itself (`reconciler`).
"""

import gc
import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Protocol

from webhook.controller.api import ResourceClient
from webhook.controller.applier import RequeueError
from webhook.controller.cache import Cache, NamespacedName
from webhook.controller.config import ControllerConfig
from webhook.controller.desired_state import ControllerSettings
from webhook.controller.events import EventRecorder
from webhook.controller.informers import Informers
from webhook.controller.metrics import ControllerMetrics
from webhook.controller.preflight import is_managed_elsewhere
from webhook.controller.reconciler import Reconciler
from webhook.controller.workqueue import RateLimiter, WorkQueue
from webhook.errors import KubeApiUnavailableError
from webhook.graph.cluster_facts import Facts
from webhook.kube import ApiStatusError, Transport
from webhook.kube.facts_watcher import FactsWatcher
from webhook.runtime.stopping import SHUTDOWN_TIMEOUT_SECONDS

logger = logging.getLogger("graphgate")

_SYNC_POLL_INTERVAL_SECONDS = 0.1
"""Seconds between checks whether the caches are synced."""

_FACTS_CHECK_INTERVAL_SECONDS = 2.0
"""Seconds between checks whether the facts have changed."""

_FACTS_TIMEOUT_SECONDS = 20.0
"""Seconds after which a reconciler of some namespaces goes on without reading namespaces."""


def facts_changed(previous: Facts, current: Facts, namespace: str) -> bool:
    """Return whether two sets of facts differ for an object in a namespace."""
    return previous.for_namespace(namespace) != current.for_namespace(namespace)


class SettingsProvider(Protocol):
    """Where the settings in force are; a source swaps them."""

    @property
    def controller_settings(self) -> ControllerSettings: ...  # noqa: D102 — above


class Controller:
    """Everything that works, without the process around it: `start`, `lead`, `stop`."""

    def __init__(
        self,
        config: ControllerConfig,
        transport: Transport,
        settings: SettingsProvider,
        metrics: ControllerMetrics,
    ) -> None:
        self.config = config
        self.transport = transport
        self.metrics = metrics
        self.queue: WorkQueue[NamespacedName] = WorkQueue()
        self.cache = Cache(self.queue.add_after)
        rate_limiter = RateLimiter(config.qps, config.burst)
        client = ResourceClient(
            transport, throttle=rate_limiter.wait, on_request=metrics.count_request
        )
        self.facts_watcher = FactsWatcher(transport, config.seldon_config_map)
        self.informers = Informers(
            transport, config, self.cache, on_types_changed=self._handle_new_types
        )
        self._event_recorder = EventRecorder(client, metrics.count_dropped_event)
        self._reconciler = Reconciler(
            client,
            self.cache,
            settings=lambda: settings.controller_settings,
            facts=lambda _namespace: self.facts_watcher.facts,
            served_kinds=lambda: self.informers.served_kinds,
            record_event=self._event_recorder,
            max_rollouts=config.max_concurrent_rollouts,
            on_rollout_slot=self.queue.add_after,
        )
        self.is_running = False
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the informers."""
        self.facts_watcher.start()
        self.informers.start()

    def start_workers(self) -> None:
        """Start to reconcile as soon as the caches are synced."""
        self._start_thread("lead", self._run_workers)

    def stop(self, grace: float = SHUTDOWN_TIMEOUT_SECONDS) -> None:
        """End within `finish` seconds: the objects in hand are finished, no others are begun."""
        self._stopping.set()
        self.queue.shut_down()
        deadline = time.monotonic() + grace
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if self.is_running:
            self._event_recorder.stop()
        self.is_running = False
        self.informers.stop()
        self.facts_watcher.stop()

    def enqueue_all(self, *, spread_over: float = 0.0) -> None:
        """Enqueue every object, spread over some seconds."""
        for name in self.cache.names():
            self.queue.add_after(name, spread_over * random.random())  # noqa: S311 — spreads load

    def _handle_new_types(self) -> None:
        self.facts_watcher.poll_soon()
        self.enqueue_all()

    @property
    def has_synced(self) -> bool:
        """Whether the caches were filled once."""
        return self.informers.has_synced

    def _start_thread(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run_workers(self) -> None:
        started_at = time.monotonic()
        while not (self.has_synced and self._are_facts_ready(time.monotonic() - started_at)):
            if self._stopping.wait(_SYNC_POLL_INTERVAL_SECONDS):
                return
        gc.collect()
        gc.freeze()
        self._event_recorder.start()
        self.is_running = True
        for number in range(self.config.max_concurrent_reconciles):
            self._start_thread(f"worker {number}", self._worker_loop)
        log_fields = {
            "objects": len(self.cache),
            "seconds": round(time.monotonic() - started_at, 1),
        }
        logger.info("reconciling", extra={"fields": log_fields})
        self._resync_loop()

    def _resync_loop(self) -> None:
        """Enqueue objects whose dependencies have changed, and periodically all of them."""
        facts, last_resync = self.facts_watcher.facts, time.monotonic()
        while not self._stopping.wait(_FACTS_CHECK_INTERVAL_SECONDS):
            previous_facts, facts = facts, self.facts_watcher.facts
            if facts is not previous_facts:
                for name in self.cache.names():
                    if facts_changed(previous_facts, facts, name[0]):
                        self.queue.add_after(name, _FACTS_CHECK_INTERVAL_SECONDS * random.random())  # noqa: S311 — as above
            if time.monotonic() - last_resync >= self.config.resync_period:
                last_resync = time.monotonic()
                self.enqueue_all(spread_over=self.config.resync_period / 2)

    def _are_facts_ready(self, waited: float) -> bool:
        if self.facts_watcher.health().state != "failed":
            return True
        # A reconciler of some namespaces may not list Namespaces: then there are no facts on them.
        return bool(self.config.namespaces) and waited > _FACTS_TIMEOUT_SECONDS

    def _worker_loop(self) -> None:
        while (name := self.queue.get()) is not None:
            started_at = time.monotonic()
            try:
                outcome = self._reconcile_one(name)
            finally:
                self.queue.done(name)
            self.metrics.observe_reconcile(outcome, time.monotonic() - started_at)

    def _reconcile_one(self, name: NamespacedName) -> str:
        """Reconcile one object; errors concern only this object."""
        log_fields = {"object": "/".join(name)}
        try:
            if is_managed_elsewhere(self.facts_watcher.facts, name[0], self.config.controller_id):
                return "skipped"
            result = self._reconciler.reconcile(name)
        except RequeueError as requeue:
            logger.info("requeued", extra={"fields": {**log_fields, "reason": str(requeue)}})
            self.queue.add_rate_limited(name)
            return "requeued"
        except KubeApiUnavailableError as error:
            retry_after = error.retry_after if isinstance(error, ApiStatusError) else None
            delay = self.queue.add_rate_limited(name, min_delay=retry_after or 0.0)
            retry_fields = {**log_fields, "reason": str(error), "seconds": round(delay, 1)}
            logger.warning("requeued_after_error", extra={"fields": retry_fields})
            return "requeued"
        except Exception:
            logger.exception("internal_error", extra={"fields": log_fields})
            self.queue.add_rate_limited(name)
            return "error"
        if result.retry:
            self.queue.add_rate_limited(name)
        elif result.outcome != "requeued":
            self.queue.forget(name)
        if result.requeue_after is not None:
            self.queue.add_after(name, result.requeue_after)
        return result.outcome
