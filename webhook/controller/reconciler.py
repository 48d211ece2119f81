"""One look at one SeldonDeployment: from what is known to what is sent.

Total in one sense: whatever one object is, the others go on; its own look is repeated later and
ever more rarely.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from webhook.controller.api import ResourceClient
from webhook.controller.applier import (
    Applier,
    ApplyResult,
    NameConflictError,
    NamespaceTerminatingError,
)
from webhook.controller.cache import Cache, CachedObject, NamespacedName
from webhook.controller.conflict_backoff import ConflictBackoff
from webhook.controller.desired_state import ControllerSettings, DesiredState, compute_desired_state
from webhook.controller.pod_diagnostics import MAX_PODS_INSPECTED, find_startup_failure
from webhook.controller.state.observed import ObjectKey, ObservedObject
from webhook.controller.state.plan import (
    Apply,
    DesiredObject,
    PlannedAction,
    is_ready,
    plan_actions,
)
from webhook.controller.state.selectors import keep_live_selectors
from webhook.controller.state.status import (
    ReconcileError,
    ReconcileState,
    build_status,
    merge_patch,
)
from webhook.graph.cluster_facts import Facts
from webhook.graph.model import get_mapping, get_str
from webhook.rendering.metadata import APP, DEPLOYMENT_ID

POD_START_TIMEOUT_SECONDS = 15.0
"""Seconds for which pods may start before they are asked why they do not."""

MAX_POD_CHECK_INTERVAL_SECONDS = 300.0
"""Seconds between looks at pods that do not start, at most; each wait is twice the last."""

_MAX_CACHED_STATES = 256
"""Judgements kept: an object is looked at some ten times while it is rolled out."""

ReconcileOutcome = Literal["unchanged", "updated", "rejected", "deleted", "namespace_terminating"]


class ReconcileResult(NamedTuple):
    """What came of one look at an object.

    requeue_after  seconds after which to look again; None: when something changes
    retry          whether to come back by the back-off of the object
    """

    outcome: ReconcileOutcome
    requeue_after: float | None = None
    retry: bool = False


class _PodCheck(NamedTuple):
    """That pods do not start: when they are asked next, how long that was waited for, and why."""

    next_check: float
    interval: float
    failures: Mapping[str, str]


class EventSink(Protocol):
    """Takes what people should hear of; must not block."""

    def __call__(self, document: Mapping[str, Any], reason: str, message: str) -> None:
        """Tell of a change.

        reason  of trouble: "ValidationFailed", "ApplyFailed", "NameConflict"
        """


class Reconciler:
    """Looks at objects; used by several threads at once, each with an object of its own."""

    def __init__(
        self,
        api: ResourceClient,
        cache: Cache,
        *,
        settings: Callable[[], ControllerSettings],
        facts: Callable[[str], Facts],
        record_event: EventSink,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Prepare.

        setup  returns what is set at this moment
        facts  returns what is known of the cluster, for an object in this namespace
        """
        self._api = api
        self._cache = cache
        self._settings = settings
        self._facts = facts
        self._record_event = record_event
        self._clock = clock
        self._now = now
        self._accepted_drift: dict[str, tuple[str, bytes]] = {}
        self._conflict_backoff = ConflictBackoff(clock)
        self._applier = Applier(api, cache, self._accepted_drift)
        self._desired_states: OrderedDict[str, tuple[Any, DesiredState]] = OrderedDict()
        self._lock = threading.Lock()
        self._pod_checks: dict[str, _PodCheck] = {}

    def reconcile(self, name: NamespacedName) -> ReconcileResult:
        """Bring one object nearer to what it should be.

        Raise RequeueError or KubeApiUnavailableError where nothing can be said at present.
        """
        document = self._cache.get(name)
        if document is None or document.deleting:
            self._forget(document)
            return ReconcileResult("deleted")
        raw = document.decompress()
        desired_state = self._get_desired_state(document, raw, name[0])
        try:
            result, conflict_delay = self._apply(desired_state, document, name)
        except NamespaceTerminatingError:
            return ReconcileResult("namespace_terminating")
        children = self._cache.children(document.uid)
        objects = keep_live_selectors(desired_state.objects, children)
        notes, pod_check_delay = self._diagnose_pods(objects, children, document.uid, name[0])
        requeue_after = min(
            (w for w in (conflict_delay, pod_check_delay) if w is not None), default=None
        )
        observed = ReconcileState(
            generation=document.generation,
            desired=objects,
            observed=children,
            error=result.error,
            notes=notes,
            has_orchestrator=self._settings().render_options.orchestrator is not None,
        )
        if result.changes:
            self._record_event(raw, "Applied", ", ".join(result.changes))
        status_written = self._write_status(desired_state, observed, raw, name)
        if result.error:
            return ReconcileResult("rejected", requeue_after, result.retry)
        outcome: ReconcileOutcome = "updated" if result.changes or status_written else "unchanged"
        return ReconcileResult(outcome, requeue_after)

    def _get_desired_state(
        self, document: CachedObject, raw: Mapping[str, Any], namespace: str
    ) -> DesiredState:
        settings, facts = self._settings(), self._facts(namespace).for_namespace(namespace)
        cache_key = (document.fingerprint, settings, facts)
        with self._lock:
            cached = self._desired_states.get(document.uid)
            if cached is not None and cached[0] == cache_key:
                self._desired_states.move_to_end(document.uid)
                return cached[1]
        desired_state = compute_desired_state(
            {k: v for k, v in raw.items() if k != "status"}, settings, facts
        )
        with self._lock:
            self._desired_states[document.uid] = cache_key, desired_state
            while len(self._desired_states) > _MAX_CACHED_STATES:
                self._desired_states.popitem(last=False)
        return desired_state

    def _apply(
        self, desired_state: DesiredState, document: CachedObject, name: NamespacedName
    ) -> tuple[ApplyResult, float | None]:
        """Do what is to be done now; return what became of it, and when the rest may be done."""
        if desired_state.blocking_error:
            return ApplyResult(
                error=ReconcileError("ValidationFailed", desired_state.blocking_error)
            ), None
        try:
            actions = self._plan(desired_state, document, name)
        except NameConflictError as conflict:
            error = ReconcileError("NameConflict", str(conflict))
            return ApplyResult(error=error, retry=True), None
        due, requeue_after = self._conflict_backoff.filter_due(actions)
        if not due:
            return ApplyResult(), requeue_after
        return self._applier.apply_plan(desired_state, due, name[0]), requeue_after

    def _plan(
        self, desired_state: DesiredState, document: CachedObject, name: NamespacedName
    ) -> tuple[PlannedAction, ...]:
        """Return what is to be done, after a look for what the watches do not show."""
        children = self._cache.children(document.uid)
        objects = keep_live_selectors(desired_state.objects, children)
        actions = plan_actions(objects, children, self._accepted_drift)
        missing = [a.desired for a in actions if isinstance(a, Apply) and a.observed is None]
        found = self._applier.find_existing(missing, document.uid, name[1], name[0])
        if not found:
            return actions
        children |= found
        objects = keep_live_selectors(desired_state.objects, children)
        return plan_actions(objects, children, self._accepted_drift)

    def _diagnose_pods(
        self,
        objects: Sequence[DesiredObject],
        children: Mapping[ObjectKey, ObservedObject],
        uid: str,
        namespace: str,
    ) -> tuple[Mapping[str, str], float | None]:
        """Return why pods do not start, by Deployment, and when to look again."""
        not_ready = [
            deployment
            for deployment in objects
            if deployment.key[0] == "Deployment"
            and not is_ready(deployment, children.get(deployment.key))
        ]
        if not not_ready:
            self._pod_checks.pop(uid, None)
            return {}, None
        now = self._clock()
        check = self._pod_checks.get(uid) or _PodCheck(
            now + POD_START_TIMEOUT_SECONDS, POD_START_TIMEOUT_SECONDS, {}
        )
        if now >= check.next_check:
            notes = {
                deployment.key[1]: self._find_pod_failure(deployment, namespace)
                for deployment in not_ready
            }
            failures = {name: note for name, note in notes.items() if note}
            interval = min(2 * check.interval, MAX_POD_CHECK_INTERVAL_SECONDS)
            check = _PodCheck(now + interval, interval, failures)
        self._pod_checks[uid] = check
        return check.failures, check.next_check - now

    def _find_pod_failure(self, desired: DesiredObject, namespace: str) -> str:
        template = get_mapping(get_mapping(desired.object["spec"], "template"), "metadata")
        pod_labels = get_mapping(template, "labels")
        labels = {key: get_str(pod_labels, key) for key in (APP, DEPLOYMENT_ID)}
        return find_startup_failure(self._api.list_pods(namespace, labels, MAX_PODS_INSPECTED))

    def _write_status(
        self,
        desired_state: DesiredState,
        observed: ReconcileState,
        raw: Mapping[str, Any],
        name: NamespacedName,
    ) -> bool:
        previous = get_mapping(raw, "status")
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._now()))
        status = build_status(desired_state.deployment, observed, previous, now)
        patch = merge_patch(previous, status)
        if not patch:
            return False
        updated = self._api.patch_status(*name, patch)
        if updated is not None:
            self._cache.put_document(name, updated)
        state, previous_state = status["state"], get_str(previous, "state")
        if state != previous_state and state == "Available":
            self._record_event(raw, "Available", "every Deployment is rolled out")
        elif state == "Failed" and status.get("description") != previous.get("description"):
            reason = observed.error.reason if observed.error else "Failed"
            self._record_event(raw, reason, status["description"])
        return True

    def _forget(self, document: CachedObject | None) -> None:
        if document is not None:
            self._pod_checks.pop(document.uid, None)
            with self._lock:
                self._desired_states.pop(document.uid, None)
