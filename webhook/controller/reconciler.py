"""One reconciliation of one SeldonDeployment: from the caches to the requests.

Whatever one object is, the others continue; it is retried later with increasing
delays.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from webhook.controller.api import API_VERSIONS, ResourceClient
from webhook.controller.applier import (
    Applier,
    ApplyResult,
    NameConflictError,
    NamespaceTerminatingError,
    RequeueError,
)
from webhook.controller.byte_budget import ByteBudget
from webhook.controller.cache import Cache, CachedObject, NamespacedName
from webhook.controller.config import DEFAULT_MAX_ROLLOUTS
from webhook.controller.conflict_backoff import ConflictBackoff
from webhook.controller.desired_state import ControllerSettings, DesiredState, compute_desired_state
from webhook.controller.desired_state_cache import DesiredStateCache
from webhook.controller.pod_diagnostics import PodDiagnostics
from webhook.controller.rollout_limiter import RolloutLimiter
from webhook.controller.state.observed import ObjectKey
from webhook.controller.state.plan import DesiredObject, PlannedAction, plan_actions
from webhook.controller.state.progress import not_ready
from webhook.controller.state.rollout import (
    RolloutStep,
    hold_all,
    limit_to_one_deployment,
    updates_deployment,
)
from webhook.controller.state.selectors import keep_live_selectors
from webhook.controller.state.status import (
    ReconcileError,
    ReconcileState,
    build_status,
    merge_patch,
)
from webhook.controller.state.traffic import NO_TRAFFIC, TrafficStep
from webhook.controller.traffic_director import TrafficDirector
from webhook.errors import KubeApiUnavailableError
from webhook.graph.cluster_facts import Facts
from webhook.graph.model import SeldonDeployment, get_int, get_mapping, get_str
from webhook.graph.parse import parse

LARGE_OBJECT_BYTES = 16 * 2**10
"""Bytes of JSON up to which an object is reconciled without a reservation. To read and render one
takes up to 1,500 times its size for a moment: eight at once of 133 KB, the worst that is admitted,
took more than a gigabyte. Eight of less take a tenth of that."""

LARGE_OBJECTS_BYTES = 128 * 2**10
"""Bytes of larger objects that are reconciled at once: several of real size, or a single larger
one."""

LARGE_OBJECT_RETRY_SECONDS = 1.0
"""Seconds after which a large object that was held up tries again."""

HELD_RETRY_SECONDS = 300.0
"""Seconds after which a waiting update tries again; usually it is notified before."""

ReconcileOutcome = Literal[
    "unchanged", "updated", "rejected", "requeued", "deleted", "namespace_terminating"
]


class ReconcileResult(NamedTuple):
    """The result of one reconciliation.

    requeue_after  seconds after which to reconcile again; None: when something changes
    retry          whether to come back by the back-off of the object
    """

    outcome: ReconcileOutcome
    requeue_after: float | None = None
    retry: bool = False


class _Applied(NamedTuple):
    """The outcome of one reconciliation.

    held           the Deployments whose update waits, each with the reason
    requeue_after  seconds after which to reconcile again; None: when something changes
    """

    result: ApplyResult
    held: Mapping[str, str] = {}
    requeue_after: float | None = None
    traffic: TrafficStep = NO_TRAFFIC


class EventSink(Protocol):
    """Takes what people should hear of; must not block."""

    def __call__(self, document: Mapping[str, Any], reason: str, message: str) -> None:
        """Tell of a change.

        reason  of trouble: "ValidationFailed", "ApplyFailed", "NameConflict", "InternalError"
        """


class Reconciler:
    """Reconciles objects; used by several threads at once, each with a different object."""

    def __init__(
        self,
        api: ResourceClient,
        cache: Cache,
        *,
        settings: Callable[[], ControllerSettings],
        facts: Callable[[str], Facts],
        served_kinds: Callable[[], Collection[str]] = API_VERSIONS.keys,
        record_event: EventSink,
        max_rollouts: int = DEFAULT_MAX_ROLLOUTS,
        on_rollout_slot: Callable[[NamespacedName], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Prepare.

        settings         returns what is set at this moment
        facts            returns what is known of the cluster, for an object in this namespace
        served_kinds     returns the kinds that the cluster has
        max_rollouts     objects updated at once for a change of settings or seldon-config
        on_rollout_slot  is called with an object that waited and may be updated now
        """
        self._api = api
        self._cache = cache
        self._settings = settings
        self._facts = facts
        self._served_kinds = served_kinds
        self._record_event = record_event
        self._now = now
        self._accepted_drift: dict[str, tuple[str, bytes]] = {}
        self._conflict_backoff = ConflictBackoff(clock)
        self._applier = Applier(api, cache, self._accepted_drift)
        self._pod_diagnostics = PodDiagnostics(api, clock)
        self._traffic_director = TrafficDirector(api, cache, clock)
        self.desired_states = DesiredStateCache()
        self._large_objects = ByteBudget(LARGE_OBJECTS_BYTES)
        self._rollout_limiter = RolloutLimiter(max_rollouts, on_rollout_slot, clock)

    def reconcile(self, name: NamespacedName) -> ReconcileResult:
        """Bring one object nearer to what it should be.

        Raise RequeueError or KubeApiUnavailableError where nothing can be said at present.
        """
        document = self._cache.get(name)
        if document is None or document.deleting:
            self._forget(document, name)
            return ReconcileResult("deleted")
        if document.size <= LARGE_OBJECT_BYTES:
            return self._reconcile_and_report(document, name)
        # No waiting: a worker that waits for large objects is one less for all others.
        if not self._large_objects.try_acquire(document.size):
            return ReconcileResult("requeued", LARGE_OBJECT_RETRY_SECONDS)
        try:
            return self._reconcile_and_report(document, name)
        finally:
            self._large_objects.release(document.size)

    def _reconcile_and_report(
        self, document: CachedObject, name: NamespacedName
    ) -> ReconcileResult:
        raw = document.decompress()
        try:
            return self._reconcile_document(document, raw, name)
        except (RequeueError, KubeApiUnavailableError):
            raise
        except Exception as error:
            # Whatever it is, it is about this object: it says so, and comes back ever more rarely.
            self._write_internal_error(document, raw, name, error)
            raise

    def _reconcile_document(
        self, document: CachedObject, raw: Mapping[str, Any], name: NamespacedName
    ) -> ReconcileResult:
        desired_state = self._get_desired_state(document, raw, name[0])
        try:
            done = self._apply(desired_state, document, raw, name)
        except NamespaceTerminatingError:
            return ReconcileResult("namespace_terminating")
        children = self._cache.children(document.uid)
        objects = keep_live_selectors(desired_state.objects, children)
        failures = self._pod_diagnostics.diagnose(objects, children, document.uid, name[0])
        requeue_after = _first(
            done.requeue_after, done.traffic.requeue_after, failures.requeue_after
        )
        observed = ReconcileState(
            generation=document.generation,
            desired=objects,
            observed=children,
            error=done.result.error,
            notes=failures.reasons,
            held=done.held,
            unserved=self._find_unserved(objects),
            traffic=done.traffic,
            has_orchestrator=self._settings().render_options.orchestrator is not None,
        )
        result = done.result
        if result.changes:
            self._record_event(raw, "Applied", ", ".join(result.changes))
        status_written = self._write_status(desired_state.deployment, observed, raw, name)
        if result.error or not (done.held or any(not_ready(observed))):
            self._rollout_limiter.release(name)
        if result.error:
            return ReconcileResult("rejected", requeue_after, result.retry)
        outcome: ReconcileOutcome = "updated" if result.changes or status_written else "unchanged"
        return ReconcileResult(outcome, requeue_after)

    def _get_desired_state(
        self, document: CachedObject, raw: Mapping[str, Any], namespace: str
    ) -> DesiredState:
        settings, facts = self._settings(), self._facts(namespace).for_namespace(namespace)
        cache_key = (document.fingerprint, settings, facts)
        cached = self.desired_states.get(document.uid, cache_key)
        if cached is not None:
            return cached
        desired_state = compute_desired_state(
            {k: v for k, v in raw.items() if k != "status"}, settings, facts
        )
        self.desired_states.put(document, cache_key, desired_state)
        return desired_state

    def _apply(
        self,
        desired_state: DesiredState,
        document: CachedObject,
        raw: Mapping[str, Any],
        name: NamespacedName,
    ) -> "_Applied":
        """Do what is to be done now."""
        if desired_state.blocking_error:
            error = ReconcileError("ValidationFailed", desired_state.blocking_error)
            return _Applied(ApplyResult(error=error))
        try:
            actions, traffic = self._plan(desired_state, document, name)
        except NameConflictError as conflict:
            error = ReconcileError("NameConflict", str(conflict))
            return _Applied(ApplyResult(error=error, retry=True))
        actions, held = self._limit_rollout(actions, desired_state, document, raw, name)
        due, requeue_after = self._conflict_backoff.filter_due(actions)
        if held and requeue_after is None:
            requeue_after = HELD_RETRY_SECONDS
        result = self._applier.apply_plan(desired_state, due, name[0]) if due else ApplyResult()
        return _Applied(result, held, requeue_after, traffic)

    def _limit_rollout(
        self,
        actions: tuple[PlannedAction, ...],
        desired_state: DesiredState,
        document: CachedObject,
        raw: Mapping[str, Any],
        name: NamespacedName,
    ) -> RolloutStep:
        """Hold back updates without a change of the spec (its generation is observed already)."""
        known = get_int(get_mapping(raw, "status"), "observedGeneration")
        if known != document.generation or not any(map(updates_deployment, actions)):
            return RolloutStep(actions, {})
        if not self._rollout_limiter.acquire(name):
            limit = self._rollout_limiter.max_objects
            return hold_all(
                actions,
                "its update to changed settings or seldon-config waits for other objects: "
                f"at most {limit} are updated at once (--max-concurrent-rollouts)",
            )
        children = self._cache.children(document.uid)
        objects = keep_live_selectors(desired_state.objects, children)
        return limit_to_one_deployment(actions, objects, children)

    def _plan(
        self, desired_state: DesiredState, document: CachedObject, name: NamespacedName
    ) -> tuple[tuple[PlannedAction, ...], TrafficStep]:
        """Return the plan, after reading what the caches do not have."""
        unserved = self._find_unserved(desired_state.objects)
        desired = [one for one in desired_state.objects if one.key not in unserved]
        children = self._cache.children(document.uid)
        missing = [one for one in desired if one.key not in children]
        children |= self._applier.find_existing(missing, document.uid, name[1], name[0])
        objects = keep_live_selectors(desired, children)
        traffic = self._traffic_director.direct(objects, children, document.uid, name[0])
        actions = plan_actions(
            traffic.objects,
            children,
            self._accepted_drift,
            held=traffic.held.keys(),
            is_final=not traffic.staged,
            kept=traffic.kept.keys(),
        )
        return actions, traffic

    def _find_unserved(self, objects: Sequence[DesiredObject]) -> dict[ObjectKey, str]:
        """Return what the cluster lacks the type for, each with that sentence."""
        served = self._served_kinds()
        return {
            one.key: (
                f"the cluster does not serve {one.key[0]} ({API_VERSIONS[one.key[0]]}); "
                "the object is created within seconds after the type is installed"
            )
            for one in objects
            if one.key[0] not in served
        }

    def _write_status(
        self,
        deployment: SeldonDeployment,
        observed: ReconcileState,
        raw: Mapping[str, Any],
        name: NamespacedName,
    ) -> bool:
        previous = get_mapping(raw, "status")
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._now()))
        status = build_status(deployment, observed, previous, now)
        patch = merge_patch(previous, status)
        if not patch:
            return False
        version = get_str(get_mapping(raw, "metadata"), "resourceVersion")
        updated = self._api.patch_status(*name, patch, version)
        if updated is not None:
            self._cache.put_document(name, updated)
        state, previous_state = status["state"], get_str(previous, "state")
        if state != previous_state and state == "Available":
            self._record_event(raw, "Available", "all Deployments are rolled out")
        elif state == "Failed" and status.get("description") != previous.get("description"):
            reason = observed.error.reason if observed.error else "Failed"
            self._record_event(raw, reason, status["description"])
        return True

    def _write_internal_error(
        self,
        document: CachedObject,
        raw: Mapping[str, Any],
        name: NamespacedName,
        error: Exception,
    ) -> None:
        """Say in the status that an object is left as it is, because graphgate failed on it."""
        message = (
            f"internal error of graphgate ({type(error).__name__}), see its log; running objects "
            "are left as they are"
        )
        state = ReconcileState(
            generation=document.generation,
            desired=(),
            observed=self._cache.children(document.uid),
            error=ReconcileError("InternalError", message),
        )
        self._rollout_limiter.release(name)
        self._write_status(parse({}), state, raw, name)

    def _forget(self, document: CachedObject | None, name: NamespacedName) -> None:
        self._rollout_limiter.release(name)
        if document is not None:
            self._pod_diagnostics.forget(document.uid)
            self._traffic_director.forget(document.uid)
            self.desired_states.forget(document.uid)


def _first(*delays: float | None) -> float | None:
    """Return the shortest of some delays; None: no delay."""
    return min((delay for delay in delays if delay is not None), default=None)
