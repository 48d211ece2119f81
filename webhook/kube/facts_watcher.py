"""Facts that stay fresh: three watches and one slow poll, and one immutable value out of them.

    with FactsWatcher(transport) as live:
        live.facts      at once, without a call to the API
        live.health()   CheckResult("ok", "12 namespaces, 6 servers, Kubernetes 1.36")

Belongs here: what is watched, and when it counts as known. Does not belong here: what is kept of
an object (`facts`), and what the server does while it is not ready.
"""

import random
import threading
from collections.abc import Callable
from typing import Any

from webhook.errors import KubeApiUnavailableError
from webhook.graph.cluster_facts import NO_FACTS, Facts, Operator
from webhook.graph.text import count_noun
from webhook.kube.api_errors import ApiStatusError
from webhook.kube.backoff import Backoff
from webhook.kube.facts import (
    CRDS_PATH,
    DEFAULT_SELDON_CONFIG_MAP,
    NAMESPACES_PATH,
    NO_SELDON_CONFIG,
    SELDON_CRD_NAME,
    ConfigMapRef,
    fetch_is_openshift,
    fetch_minor_version,
    fetch_mirrors_percent,
    fetch_operator,
    parse_crd_shape,
    parse_namespace,
    parse_seldon_config,
)
from webhook.kube.health import CheckResult
from webhook.kube.reflector import MAX_STALENESS_SECONDS, Reflector, ReflectorConfig
from webhook.kube.runnable import Runnable
from webhook.kube.transport import Transport

_POLL_INTERVAL_SECONDS = 300.0
"""Seconds between polls of version and API groups: both change only with upgrades."""


_Polled = tuple[int | None, bool, Operator | None, bool | None]
"""Minor version, OpenShift, who reconciles, and whether HTTPRoutes can mirror a share."""


class FactsWatcher(Runnable):
    """The facts of one cluster, followed. Its own context manager; `start` and `stop` too."""

    def __init__(
        self,
        transport: Transport,
        config: ConfigMapRef = DEFAULT_SELDON_CONFIG_MAP,
        *,
        reflector_config: ReflectorConfig | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Initialise; no request before `start`. `config` names Seldon's ConfigMap."""
        self._transport = transport
        self._config = config
        reflector_config = reflector_config or ReflectorConfig()

        def build_reflector(path: str, project: Callable[[dict[str, Any]], Any], name: str) -> Any:
            return Reflector(
                transport,
                path,
                project,
                on_change=self._mark_dirty,
                field_selector=f"metadata.name={name}" if name else "",
                config=reflector_config,
                jitter=jitter,
            )

        self._namespaces = build_reflector(NAMESPACES_PATH, parse_namespace, "")
        self._seldon_configs = build_reflector(config.collection, parse_seldon_config, config.name)
        self._crds = build_reflector(CRDS_PATH, parse_crd_shape, SELDON_CRD_NAME)
        self._backoff = Backoff(reflector_config.backoff_base, reflector_config.max_backoff, jitter)
        self._polled: _Polled = (None, False, None, None)
        self._operator_error: ApiStatusError | None = None
        self._has_polled = False
        self._poll_error: KubeApiUnavailableError | None = None
        self._facts = NO_FACTS
        self._is_dirty = False
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._poll_loop, name="poll version", daemon=True)

    def start(self) -> None:
        """Begin; once."""
        for reflector in self._reflectors():
            reflector.start()
        self._thread.start()

    def stop(self) -> None:
        """End, within some seconds; threads that wait for the network end with the process."""
        self._stopping.set()
        self._wake.set()
        for reflector in self._reflectors():
            reflector.stop(timeout=1.0)

    @property
    def facts(self) -> Facts:
        """What is known at this moment. No I/O; made again only after a change."""
        if self._is_dirty:
            # First, so that a change that comes in between is not missed.
            self._is_dirty = False
            self._facts = self._build_facts()
        return self._facts

    def health(self) -> CheckResult:
        """Return whether the facts can be relied on, and why not."""
        pending = [
            f"{name} not read yet: {reflector.last_error or 'in progress'}"
            for name, reflector, required in self._named_reflectors()
            if not reflector.has_synced
            and (required or not isinstance(reflector.last_error, ApiStatusError))
        ]
        if not self._has_polled:
            pending.append(f"version not read yet: {self._poll_error or 'in progress'}")
        if pending:
            return CheckResult("failed", "; ".join(pending))
        problems = [*self._list_problems()]
        return (
            CheckResult("degraded", "; ".join(problems))
            if problems
            else CheckResult("ok", self._summary())
        )

    def _list_problems(self) -> list[str]:
        problems = [
            f"{name}: watch failed: {reflector.last_error}"
            if reflector.last_error
            else f"{name}: nothing received for {reflector.staleness:.0f} s"
            for name, reflector, _ in self._named_reflectors()
            if reflector.last_error or reflector.staleness > MAX_STALENESS_SECONDS
        ]
        if self._poll_error is not None:
            problems.append(f"version not read: {self._poll_error}")
        if self._operator_error is not None:
            problems.append(f"cannot check for Seldon's operator: {self._operator_error}")
        problems.extend(
            f"incomplete facts from ConfigMap {self._config}: {problem}"
            for seldon_config in self._seldon_configs.items.values()
            for problem in seldon_config.problems
        )
        return problems

    def _summary(self) -> str:
        facts = self.facts
        servers = facts.model_servers
        return (
            f"{count_noun(len(facts.namespaces), 'namespace')}, "
            f"{'servers not known' if servers is None else count_noun(len(servers), 'server')}, "
            f"{'OpenShift on ' if facts.openshift else ''}Kubernetes 1.{facts.kubernetes_minor}"
        )

    def _reflectors(self) -> tuple[Reflector[Any], ...]:
        return (self._namespaces, self._seldon_configs, self._crds)

    def _named_reflectors(self) -> tuple[tuple[str, Reflector[Any], bool], ...]:
        """Each watch, and whether the server must not be ready without it."""
        return (
            ("namespaces", self._namespaces, True),
            (f"ConfigMap {self._config}", self._seldon_configs, False),
            ("CustomResourceDefinition", self._crds, False),
        )

    def _mark_dirty(self, *_: object) -> None:
        self._is_dirty = True

    def _build_facts(self) -> Facts:
        seldon_config = next(iter(self._seldon_configs.items.values()), NO_SELDON_CONFIG)
        crd = next(iter(self._crds.items.values()), None)
        minor, openshift, operator, mirrors_percent = self._polled
        return Facts(
            namespaces={name: namespace for (_, name), namespace in self._namespaces.items.items()},
            model_servers=seldon_config.model_servers,
            explainer_images=seldon_config.explainer,
            storage_initializer=seldon_config.initializer,
            openshift=openshift,
            kubernetes_minor=minor,
            max_graph_depth=crd.graph_depth if crd else None,
            operator=operator,
            operator_version=seldon_config.version,
            mirrors_percent=mirrors_percent,
        )

    def poll_soon(self) -> None:
        """Poll at once: types have been installed."""
        self._wake.set()

    def _poll_loop(self) -> None:
        while not self._stopping.is_set():
            delay = self._poll_once()
            self._wake.wait(delay)
            self._wake.clear()

    def _poll_once(self) -> float:
        """Poll once; return the seconds until the next time."""
        try:
            observed = (
                fetch_minor_version(self._transport),
                fetch_is_openshift(self._transport),
                self._fetch_operator(),
                fetch_mirrors_percent(self._transport),
            )
        except KubeApiUnavailableError as error:
            self._poll_error = error
            return self._backoff.next_delay()
        if observed != self._polled:
            self._polled = observed
            self._is_dirty = True
        self._poll_error = None
        self._has_polled = True
        self._backoff.reset()
        return _POLL_INTERVAL_SECONDS

    def _fetch_operator(self) -> Operator | None:
        """Find out who reconciles; keep the last result if the Lease may not be read."""
        try:
            operator = fetch_operator(self._transport, self._config)
        except ApiStatusError as error:
            self._operator_error = error
            return self._polled[2]
        self._operator_error = None
        return operator
