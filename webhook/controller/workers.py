"""Everything of a reconciler that works: caches, workers, and what they hand to each other.

Belongs here: threads, and what becomes of an object whose look failed. Does not belong here: the
process around it (`run`), and what a look does (`reconcile`).
"""

import gc
import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Protocol

from webhook.cluster import Refused, Transport
from webhook.cluster.live import LiveFacts
from webhook.controller.api import Api
from webhook.controller.carry_out import TryLater
from webhook.controller.config import Config
from webhook.controller.events import Recorder
from webhook.controller.index import Index, Name
from webhook.controller.judge import Setup
from webhook.controller.metrics import Metrics
from webhook.controller.queue import Pace, WorkQueue
from webhook.controller.reconcile import Reconciler
from webhook.controller.surroundings import belongs_to_another
from webhook.controller.watches import follow
from webhook.errors import ClusterUnavailable
from webhook.graph.facts import Facts

logger = logging.getLogger("graphgate")

FINISH = 35.0
"""Seconds for the workers to finish: one answer may take 30."""

_POLL = 0.1
"""Seconds between looks at whether the caches are filled."""

_FACTS_EVERY = 2.0
"""Seconds between looks at whether the facts have changed."""

_PATIENCE_WITH_FACTS = 20.0
"""Seconds after which a reconciler of some namespaces goes on without reading namespaces."""


def differ(before: Facts, after: Facts, namespace: str) -> bool:
    """Tell whether two sets of facts differ for an object in a namespace."""
    return before.about(namespace) != after.about(namespace)


class HasSetup(Protocol):
    """Where the settings in force are; a source swaps them."""

    @property
    def setup(self) -> Setup: ...  # noqa: D102 — above


class Controller:
    """Everything that works, without the process around it: `start`, `lead`, `stop`."""

    def __init__(
        self,
        config: Config,
        transport: Transport,
        settings: HasSetup,
        metrics: Metrics,
        *,
        keda: bool = False,
    ) -> None:
        self.config = config
        self.transport = transport
        self.metrics = metrics
        self.queue: WorkQueue[Name] = WorkQueue()
        self.index = Index(self.queue.add)
        pace = Pace(config.rate, config.burst)
        api = Api(transport, pace=pace.wait, count=metrics.requested)
        self.live = LiveFacts(transport, config.seldon_config)
        self.watches = follow(
            transport,
            config,
            self.index,
            managed_by=settings.setup.options.managed_by,
            keda=keda,
        )
        self._recorder = Recorder(api, metrics.event_dropped)
        self._reconciler = Reconciler(
            api,
            self.index,
            setup=lambda: settings.setup,
            facts=lambda _namespace: self.live.facts,
            tell=self._recorder,
        )
        self.working = False
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to fill the caches."""
        self.live.start()
        for watch in self.watches:
            watch.start()

    def lead(self) -> None:
        """Begin to reconcile, as soon as the caches are filled."""
        self._begin("lead", self._lead)

    def stop(self, finish: float = FINISH) -> None:
        """End within `finish` seconds: the objects in hand are finished, no others are begun."""
        self._stopping.set()
        self.queue.close()
        end = time.monotonic() + finish
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        if self.working:
            self._recorder.stop()
        self.working = False
        for watch in self.watches:
            watch.stop(patience=1.0)
        self.live.stop()

    def look_at_all(self, *, within: float = 0.0) -> None:
        """Have every object looked at, spread over some seconds."""
        for name in self.index.names():
            self.queue.add(name, within * random.random())  # noqa: S311 — spreads load

    @property
    def synced(self) -> bool:
        """Whether the caches were filled once."""
        return all(watch.synced for watch in self.watches)

    def _begin(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _lead(self) -> None:
        began = time.monotonic()
        while not (self.synced and self._facts_known(time.monotonic() - began)):
            if self._stopping.wait(_POLL):
                return
        gc.collect()
        gc.freeze()
        self._recorder.start()
        self.working = True
        for number in range(self.config.workers):
            self._begin(f"worker {number}", self._work)
        fields = {"objects": len(self.index), "seconds": round(time.monotonic() - began, 1)}
        logger.info("reconciling", extra={"fields": fields})
        self._keep_looking()

    def _keep_looking(self) -> None:
        """Look at objects whose surroundings have changed, and at all of them now and then."""
        facts, last = self.live.facts, time.monotonic()
        while not self._stopping.wait(_FACTS_EVERY):
            before, facts = facts, self.live.facts
            if facts is not before:
                for name in self.index.names():
                    if differ(before, facts, name[0]):
                        self.queue.add(name, _FACTS_EVERY * random.random())  # noqa: S311 — as above
            if time.monotonic() - last >= self.config.resync:
                last = time.monotonic()
                self.look_at_all(within=self.config.resync / 2)

    def _facts_known(self, waited: float) -> bool:
        if self.live.health().state != "failed":
            return True
        # Who may read some namespaces only may not read Namespaces: then nothing is known of them.
        return bool(self.config.namespaces) and waited > _PATIENCE_WITH_FACTS

    def _work(self) -> None:
        while (name := self.queue.take()) is not None:
            began = time.monotonic()
            try:
                outcome = self._look(name)
            finally:
                self.queue.done(name)
            self.metrics.looked(outcome, time.monotonic() - began)

    def _look(self, name: Name) -> str:
        """Look at one object; whatever happens, it is about this object only."""
        fields = {"object": "/".join(name)}
        try:
            if belongs_to_another(self.live.facts, name[0], self.config.controller_id):
                return "not-ours"
            outcome, seconds, again = self._reconciler.reconcile(name)
        except TryLater as later:
            logger.info("later", extra={"fields": {**fields, "reason": str(later)}})
            self.queue.retry(name)
            return "later"
        except ClusterUnavailable as error:
            asked = error.retry_after if isinstance(error, Refused) else None
            delay = self.queue.retry(name, at_least=asked or 0.0)
            said = {**fields, "reason": str(error), "seconds": round(delay, 1)}
            logger.warning("will try again", extra={"fields": said})
            return "later"
        except Exception:
            logger.exception("a fault of graphgate", extra={"fields": fields})
            self.queue.retry(name)
            return "fault"
        if again:
            self.queue.retry(name)
        else:
            self.queue.forget(name)
        if seconds is not None:
            self.queue.add(name, seconds)
        return outcome
