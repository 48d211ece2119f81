"""Which objects are evaluated again, and when; what of the verdicts is written into the cluster.

    every object   at the start, every hour, and when settings, policies or facts have changed: the
                   cluster is listed page by page, and nothing but numbers is kept of an object
    one object     when it changes, when another writer changes its report, and when one of its
                   exceptions ends: it is fetched, evaluated, and its report written if that differs

Everything that is written goes through the second way, so that one place decides about writes.
"""

import hashlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from webhook.audit.auditor import Auditor
from webhook.audit.model import AuditedObject
from webhook.audit.reports import (
    KINDS,
    MANAGED_BY,
    ReportKind,
    build_report,
    report_digest,
    report_name,
)
from webhook.auditor.config import AuditorConfig
from webhook.auditor.metrics import AuditorMetrics, FindingCounts
from webhook.controller.workqueue import RateLimiter, WorkQueue
from webhook.engine.policy_context import PolicyContext
from webhook.errors import KubeApiUnavailableError
from webhook.graph.cluster_facts import Facts
from webhook.graph.model import get_mapping, get_str
from webhook.graph.well_known import MANAGED_BY_LABEL, SELDON_API_VERSION, SELDON_KIND
from webhook.kube import (
    NamespacedName,
    Reflector,
    ReflectorConfig,
    Transport,
    apply,
    collection_path,
    delete,
    get,
)
from webhook.kube.list_watch import PAGE_TIMEOUT_SECONDS, list_pages
from webhook.settings.model import Settings

logger = logging.getLogger("graphgate")

_PAGE_SIZE = 50
_LOOK_INTERVAL_SECONDS = 1.0
"""Seconds between checks whether settings, policies or facts have changed."""
_CHANGE_DELAY_SECONDS = 0.5
"""Seconds after a change of an object: several writes of one `kubectl apply` are one evaluation."""
_RETRY_SECONDS = 30.0
"""Seconds until everything is evaluated again after a failed list."""
_WORKERS = 2


@dataclass(frozen=True, slots=True)
class EvaluationInputs:
    """What objects are evaluated by at this moment."""

    settings: Settings
    facts: Facts
    policy_context: PolicyContext | None

    def is_same(self, other: "EvaluationInputs") -> bool:
        """Return whether two differ in nothing but the time."""
        policies, others = self.policy_context, other.policy_context
        return (
            self.settings is other.settings
            and self.facts is other.facts
            and (policies and policies.policies) is (others and others.policies)
        )


@dataclass(frozen=True, slots=True)
class StoredReport:
    """What is kept of a report of the cluster."""

    digest: str
    object_name: str


@dataclass(slots=True)
class ObjectState:
    """What is kept of an evaluated object.

    written  the digests of the report as we wrote it, and as the API server stored that: a
             definition may drop fields that it does not know
    """

    uid: str
    verdict: str
    counts: FindingCounts
    written: frozenset[str] = frozenset()


@dataclass(slots=True)
class _ReportWatch:
    kind: ReportKind
    reflectors: list[Reflector[StoredReport]] = field(default_factory=list)

    def items(self) -> Iterator[tuple[NamespacedName, StoredReport]]:
        for reflector in self.reflectors:
            yield from reflector.items.items()

    def get(self, key: NamespacedName) -> StoredReport | None:
        return next((found for r in self.reflectors if (found := r.get(key)) is not None), None)

    @property
    def has_synced(self) -> bool:
        return all(reflector.has_synced for reflector in self.reflectors)


class BackgroundAuditor:
    """Threads that evaluate. `start` them, `stop` them."""

    def __init__(
        self,
        config: AuditorConfig,
        transport: Transport,
        inputs: Callable[[], EvaluationInputs],
        metrics: AuditorMetrics,
        *,
        is_ready: Callable[[], bool],
        reflector_config: ReflectorConfig | None = None,
    ) -> None:
        """Initialise; no request before `start`.

        inputs  settings, facts and policies at this moment
        is_ready   whether these are known; before that nothing is evaluated
        """
        self._config = config
        self._transport = transport
        self._inputs = inputs
        self._metrics = metrics
        self._is_ready = is_ready
        self._reflector_config = reflector_config
        self._limiter = RateLimiter(config.qps, config.burst)
        self._queue: WorkQueue[NamespacedName] = WorkQueue()
        self._states: dict[NamespacedName, ObjectState] = {}
        self._reports: _ReportWatch | None = None
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self.has_audited = False
        selector = config.selector
        self.objects = [
            Reflector(
                transport,
                collection_path(SELDON_API_VERSION, SELDON_KIND, namespace),
                _object_version,
                on_change=self._on_object,
                label_selector=selector,
                config=reflector_config,
            )
            for namespace in config.namespaces or ("",)
        ]
        metrics.register_findings(self._snapshot)
        metrics.register_gauge(
            "audit_queue_depth", "Objects waiting to be evaluated.", self._queue.depth
        )

    @property
    def report_kind(self) -> ReportKind | None:
        """The kind of reports that is written; None: none."""
        return self._reports.kind if self._reports else None

    @property
    def watches(self) -> list[Reflector[Any]]:
        """Everything that is followed."""
        return [*self.objects, *(self._reports.reflectors if self._reports else ())]

    def start(self) -> None:
        """Begin."""
        for reflector in self.objects:
            reflector.start()
        self._start_thread("audit", self._run)

    def stop(self, timeout: float) -> None:
        """End within some seconds: the objects in hand are finished, no others are begun."""
        self._stopping.set()
        self._queue.shut_down()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for reflector in self.watches:
            reflector.stop(timeout=1.0)

    def _start_thread(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self) -> None:
        while not (self._is_ready() and all(each.has_synced for each in self.objects)):
            if self._stopping.wait(_LOOK_INTERVAL_SECONDS / 4):
                return
        for number in range(_WORKERS):
            self._start_thread(f"worker {number}", self._work)
        inputs = self._inputs()
        due_at = 0.0
        while True:
            before, inputs = inputs, self._inputs()
            now = time.monotonic()
            if not inputs.is_same(before):
                due_at = min(due_at, now + self._config.settle)
            if now >= due_at:
                completed = self._audit_everything(inputs)
                due_at = time.monotonic() + (self._config.interval if completed else _RETRY_SECONDS)
            if self._stopping.wait(min(_LOOK_INTERVAL_SECONDS, self._config.settle)):
                return

    def _audit_everything(self, inputs: EvaluationInputs) -> bool:
        """Evaluate every object once; return whether all could be listed."""
        started_at = time.monotonic()
        try:
            self._follow_reports()
            uids: set[str] = set()
            names: set[NamespacedName] = set()
            auditor = _auditor(inputs)
            for document in self._list_objects():
                if self._stopping.is_set():
                    return True
                name = _name_of(document)
                audited = auditor.audit_object(document)
                names.add(name)
                uids.add(audited.uid)
                self._remember(name, audited)
                if self._needs_write(name, audited):
                    self._queue.add_after(name)
        except KubeApiUnavailableError as error:
            logger.warning("audit_failed", extra={"fields": {"reason": str(error)}})
            self._metrics.count_pass(completed_at=None)
            return False
        except Exception:  # whatever it is, the next one may succeed
            logger.exception("internal_error", extra={"fields": {"pass": "audit"}})
            self._metrics.count_pass(completed_at=None)
            return False
        for name in list(self._states):
            if name not in names and all(each.get(name) is None for each in self.objects):
                self._queue.add_after(name)
        self._delete_orphans(uids)
        self.has_audited = True
        self._metrics.count_pass(completed_at=time.time())
        fields = {"objects": len(names), "seconds": round(time.monotonic() - started_at, 1)}
        logger.info("audited", extra={"fields": fields})
        return True

    def _list_objects(self) -> Iterator[dict[str, Any]]:
        selectors = {"labelSelector": self._config.selector} if self._config.selector else {}
        for namespace in self._config.namespaces or ("",):
            path = collection_path(SELDON_API_VERSION, SELDON_KIND, namespace)
            for page in list_pages(
                self._transport,
                path,
                selectors,
                page_size=_PAGE_SIZE,
                timeout=PAGE_TIMEOUT_SECONDS,
            ):
                self._metrics.count_request("list", SELDON_KIND)
                for item in page.items:
                    yield {"apiVersion": SELDON_API_VERSION, "kind": SELDON_KIND, **item}

    def _follow_reports(self) -> None:
        """Follow the reports of the kind that is to be written, as soon as the cluster serves it.

        Raise KubeApiUnavailableError if they cannot be listed in time.
        """
        wanted = self._config.reports
        if self._reports is None and wanted != "none":
            kinds = KINDS.values() if wanted == "auto" else [KINDS[wanted]]
            kind = next((k for k in kinds if get(self._transport, f"/apis/{k.api_version}")), None)
            if kind is None:
                logger.warning("reports_not_served", extra={"fields": {"wanted": wanted}})
                return
            watch = _ReportWatch(kind)
            for namespace in self._config.namespaces or ("",):
                reflector = Reflector(
                    self._transport,
                    collection_path(kind.api_version, kind.kind, namespace),
                    _stored_report,
                    on_change=self._on_report,
                    label_selector=f"{MANAGED_BY_LABEL}={MANAGED_BY}",
                    config=self._reflector_config,
                )
                reflector.start()
                watch.reflectors.append(reflector)
            self._reports = watch
        if self._reports is not None:
            for reflector in self._reports.reflectors:
                if not reflector.wait_until_synced(PAGE_TIMEOUT_SECONDS):
                    raise KubeApiUnavailableError(
                        f"the reports cannot be listed: {reflector.last_error or 'no answer'}"
                    )

    def _delete_orphans(self, uids: set[str]) -> None:
        """Delete reports on objects that are gone: an owner deleted while we were not here."""
        if self._reports is None:
            return
        followed = {version[0] for each in self.objects for version in each.items.values()}
        wanted = {report_name(uid) for uid in uids | followed}
        for key, _ in list(self._reports.items()):
            if key[1] not in wanted and not self._stopping.is_set():
                try:
                    self._delete_report(key)
                except KubeApiUnavailableError as error:
                    logger.warning("audit_failed", extra={"fields": {"reason": str(error)}})
                    return

    def _on_object(self, key: NamespacedName, old: Any, new: Any) -> None:
        del old, new
        if self.has_audited:
            self._queue.add_after(key, _CHANGE_DELAY_SECONDS)

    def _on_report(
        self, key: NamespacedName, old: StoredReport | None, new: StoredReport | None
    ) -> None:
        report = new or old
        if not self.has_audited or report is None:
            return
        name = (key[0], report.object_name)
        state = self._states.get(name)
        if state is not None and new is not None and new.digest in state.written:
            return  # our own write
        self._queue.add_after(name, _CHANGE_DELAY_SECONDS)

    def _work(self) -> None:
        while (name := self._queue.get()) is not None:
            try:
                self._audit_one(name)
                self._queue.forget(name)
            except KubeApiUnavailableError as error:
                delay = self._queue.add_rate_limited(name)
                fields = {"object": "/".join(name), "reason": str(error), "seconds": round(delay)}
                logger.warning("audit_retried", extra={"fields": fields})
            except Exception:  # one strange object must not end the others
                logger.exception("internal_error", extra={"fields": {"object": "/".join(name)}})
                self._queue.add_rate_limited(name)
            finally:
                self._queue.done(name)

    def _audit_one(self, name: NamespacedName) -> None:
        """Evaluate one object as it is now, and see to it that its report says so."""
        document = self._fetch(name)
        before = self._states.get(name)
        if document is None:
            self._states.pop(name, None)
            if before is not None:
                self._delete_report((name[0], report_name(before.uid)))
            return
        audited = _auditor(self._inputs()).audit_object(document)
        self._remember(name, audited)
        if before is not None and before.uid != audited.uid:
            self._delete_report((name[0], report_name(before.uid)))
        if self._reports is None or not self._needs_write(name, audited):
            return
        report = build_report(audited, self._reports.kind)
        state = self._states[name]
        state.written = frozenset({report_digest(report)})
        self._limiter.wait()
        self._metrics.count_request("apply", report["kind"])
        stored = apply(self._transport, report, manager=MANAGED_BY)
        state.written |= {report_digest(stored)}

    def _fetch(self, name: NamespacedName) -> dict[str, Any] | None:
        """Return an object; None if it is gone, or none of those that are audited."""
        namespace, object_name = name
        if self._config.namespaces and namespace not in self._config.namespaces:
            return None
        self._limiter.wait()
        self._metrics.count_request("get", SELDON_KIND)
        collection = collection_path(SELDON_API_VERSION, SELDON_KIND, namespace)
        document = get(self._transport, f"{collection}/{object_name}")
        if document is None:
            return None
        is_followed = any(each.get(name) is not None for each in self.objects)
        return document if is_followed or not self._config.selector else None

    def _remember(self, name: NamespacedName, audited: AuditedObject) -> None:
        counts: Counter[tuple[str, str]] = Counter(
            (placed.finding.rule_id, placed.action) for placed in audited.result.findings
        )
        counts.update(
            (each.located.finding.rule_id, "exempt") for each in audited.result.suppressed
        )
        before = self._states.get(name)
        same = before is not None and before.uid == audited.uid
        written = before.written if before is not None and same else frozenset()
        self._states[name] = ObjectState(audited.uid, audited.result.verdict, dict(counts), written)
        ends = [_seconds_until(each.expires_at) for each in audited.result.suppressed]
        if ends and (soonest := min(ends)) <= self._config.interval:
            self._queue.add_after(name, max(soonest, 0.0) + 1.0)

    def _needs_write(self, name: NamespacedName, audited: AuditedObject) -> bool:
        if self._reports is None:
            return False
        stored = self._reports.get((name[0], report_name(audited.uid)))
        if stored is None:
            return True
        wanted = report_digest(build_report(audited, self._reports.kind))
        state = self._states.get(name)
        is_as_written = state is not None and {wanted, stored.digest} <= state.written
        return stored.digest != wanted and not is_as_written

    def _delete_report(self, key: NamespacedName) -> None:
        """Delete a report, unless it is gone with its object already."""
        if self._reports is None or self._reports.get(key) is None:
            return
        kind = self._reports.kind
        self._limiter.wait()
        self._metrics.count_request("delete", kind.kind)
        collection = collection_path(kind.api_version, kind.kind, key[0])
        delete(self._transport, f"{collection}/{key[1]}")

    def _snapshot(self) -> Iterator[tuple[str, str, FindingCounts]]:
        for (namespace, _), state in list(self._states.items()):
            yield namespace, state.verdict, state.counts


def _auditor(inputs: EvaluationInputs) -> Auditor:
    return Auditor(inputs.settings.enforced, inputs.facts, inputs.policy_context)


def _name_of(document: dict[str, Any]) -> NamespacedName:
    metadata = get_mapping(document, "metadata")
    return get_str(metadata, "namespace"), get_str(metadata, "name")


def _object_version(document: dict[str, Any]) -> tuple[str, str]:
    """Return the uid, and a digest of what a verdict may depend on: all but the status."""
    metadata = document["metadata"]
    kept = {
        key: value
        for key, value in metadata.items()
        if key not in {"managedFields", "resourceVersion", "generation"}
    }
    content = orjson.dumps([kept, document.get("spec")], option=orjson.OPT_SORT_KEYS)
    return metadata["uid"], hashlib.sha256(content).hexdigest()[:16]


def _stored_report(report: dict[str, Any]) -> StoredReport:
    return StoredReport(report_digest(report), get_str(get_mapping(report, "scope"), "name"))


def _seconds_until(timestamp: str) -> float:
    """Return the seconds until an RFC 3339 time; infinity if it is invalid."""
    try:
        return datetime.fromisoformat(timestamp).timestamp() - time.time()
    except (ValueError, TypeError):
        return float("inf")
