"""Facts that stay fresh: three watches and one slow poll, and one immutable value out of them.

    with LiveFacts(transport) as live:
        live.facts      at once, without a call to the API
        live.health()   Health("ok", "12 namespaces, 6 servers, Kubernetes 1.36")

Belongs here: what is watched, and when it counts as known. Does not belong here: what is kept of
an object (`facts`), and what the server does while it is not ready.
"""

import random
import threading
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, Self

from webhook.cluster.backoff import Backoff
from webhook.cluster.facts import (
    DEFINITION,
    DEFINITIONS,
    NAMESPACES,
    NOT_CONFIGURED,
    SELDON_CONFIG,
    ConfigMap,
    ask_minor,
    ask_openshift,
    read_config,
    read_namespace,
    read_shape,
)
from webhook.cluster.reflector import Reflector, Timing
from webhook.cluster.refusal import Refused
from webhook.cluster.transport import Transport
from webhook.errors import ClusterUnavailable
from webhook.graph.facts import NOTHING_KNOWN, Facts

_STALE = 120.0
"""Seconds without a sign. A healthy watch gives one every 50 s, a broken one is left after 65."""

_POLL = 300.0
"""Seconds between looks at version and API groups: both change with an upgrade, not with a day."""


class Health(NamedTuple):
    """Whether the facts can be relied on. "failed": some were never read."""

    state: Literal["ok", "degraded", "failed"]
    detail: str


class LiveFacts:
    """The facts of one cluster, followed. Its own context manager; `start` and `stop` too."""

    def __init__(
        self,
        transport: Transport,
        config: ConfigMap = SELDON_CONFIG,
        *,
        timing: Timing | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Prepare; nothing is asked before `start`. `config` is where Seldon's ConfigMap is."""
        self._transport = transport
        self._config = config
        timing = timing or Timing()

        def follow(path: str, project: Callable[[dict[str, Any]], Any], name: str) -> Any:
            return Reflector(
                transport,
                path,
                project,
                on_change=self._changed,
                fields=f"metadata.name={name}" if name else "",
                timing=timing,
                jitter=jitter,
            )

        self._namespaces = follow(NAMESPACES, read_namespace, "")
        self._configured = follow(config.collection, read_config, config.name)
        self._shape = follow(DEFINITIONS, read_shape, DEFINITION)
        self._backoff = Backoff(timing.first, timing.longest, jitter)
        self._minor: int | None = None
        self._openshift = False
        self._polled = False
        self._poll_fault: ClusterUnavailable | None = None
        self._facts = NOTHING_KNOWN
        self._is_old = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="poll version", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin; once."""
        for reflector in self._reflectors():
            reflector.start()
        self._thread.start()

    def stop(self) -> None:
        """End, within some seconds; threads that wait for the network end with the process."""
        self._stopping.set()
        for reflector in self._reflectors():
            reflector.stop(patience=1.0)

    @property
    def facts(self) -> Facts:
        """What is known at this moment. No I/O; made anew only after a change."""
        if self._is_old:
            # First, so that a change that comes in between is not missed.
            self._is_old = False
            self._facts = self._gathered()
        return self._facts

    def health(self) -> Health:
        """Return whether the facts can be relied on, and why not."""
        waiting = [
            f"{what} not read yet: {reflector.fault or 'in progress'}"
            for what, reflector, needed in self._named()
            if not reflector.synced and (needed or not isinstance(reflector.fault, Refused))
        ]
        if not self._polled:
            waiting.append(f"version not read yet: {self._poll_fault or 'in progress'}")
        if waiting:
            return Health("failed", "; ".join(waiting))
        odd = [*self._oddities()]
        return Health("degraded", "; ".join(odd)) if odd else Health("ok", self._summary())

    def _oddities(self) -> list[str]:
        odd = [
            f"{what} not followed: {reflector.fault}"
            if reflector.fault
            else f"{what} without a sign for {reflector.age:.0f} s"
            for what, reflector, _ in self._named()
            if reflector.fault or reflector.age > _STALE
        ]
        if self._poll_fault is not None:
            odd.append(f"version not read: {self._poll_fault}")
        odd.extend(
            f"not all is known from ConfigMap {self._config}: {fault}"
            for configured in self._configured.items.values()
            for fault in configured.faults
        )
        return odd

    def _summary(self) -> str:
        facts = self.facts
        servers = facts.servers
        return (
            f"{_many(len(facts.namespaces), 'namespace')}, "
            f"{'servers not known' if servers is None else _many(len(servers), 'server')}, "
            f"{'OpenShift on ' if facts.openshift else ''}Kubernetes 1.{facts.minor}"
        )

    def _reflectors(self) -> tuple[Reflector[Any], ...]:
        return (self._namespaces, self._configured, self._shape)

    def _named(self) -> tuple[tuple[str, Reflector[Any], bool], ...]:
        """Each watch, and whether the server must not be ready without it."""
        return (
            ("namespaces", self._namespaces, True),
            (f"ConfigMap {self._config}", self._configured, False),
            ("CustomResourceDefinition", self._shape, False),
        )

    def _changed(self, *_: object) -> None:
        self._is_old = True

    def _gathered(self) -> Facts:
        configured = next(iter(self._configured.items.values()), NOT_CONFIGURED)
        shape = next(iter(self._shape.items.values()), None)
        return Facts(
            namespaces={name: known for (_, name), known in self._namespaces.items.items()},
            servers=configured.servers,
            explainer=configured.explainer,
            initializer=configured.initializer,
            openshift=self._openshift,
            minor=self._minor,
            crd_depth=shape.depth if shape else None,
        )

    def _poll(self) -> None:
        while not self._stopping.wait(self._look()):
            pass

    def _look(self) -> float:
        """Ask once; return the seconds until the next time."""
        try:
            known = (ask_minor(self._transport), ask_openshift(self._transport))
        except ClusterUnavailable as error:
            self._poll_fault = error
            return self._backoff.next()
        if known != (self._minor, self._openshift):
            self._minor, self._openshift = known
            self._is_old = True
        self._poll_fault = None
        self._polled = True
        self._backoff.reset()
        return _POLL


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
