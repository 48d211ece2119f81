"""Routes in one reconciliation: collects what `state.traffic` needs to decide.

Endpoints are not watched: there are more of them than of anything else, and they matter only while
a weight is about to grow. They are read then.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from webhook.controller.api import ResourceClient
from webhook.controller.apply_errors import is_retryable
from webhook.controller.cache import Cache
from webhook.controller.route_settling import ANSWER_PATIENCE_SECONDS, RouteSettling
from webhook.controller.state.observed import ObjectKey, ObservedObject
from webhook.controller.state.plan import DesiredObject, is_foreign_route
from webhook.controller.state.routes import ObservedRoute
from webhook.controller.state.traffic import (
    TrafficStep,
    find_kept,
    hold_routes,
    why_not_serving,
)
from webhook.kube import ApiStatusError

MIN_ENDPOINT_CHECK_SECONDS = 1.0
"""Seconds until endpoints are read again: they follow their pods within one."""

MAX_ENDPOINT_CHECK_SECONDS = 60.0
"""Seconds between two times at most; each wait is twice the last (a predictor may have no pods)."""


class TrafficDirector:
    """Used by several threads at once, each with an object of its own."""

    def __init__(self, api: ResourceClient, cache: Cache, clock: Callable[[], float]) -> None:
        self._api = api
        self._cache = cache
        self._settling = RouteSettling(clock)
        self._endpoint_waits: dict[str, float] = {}

    def forget(self, uid: str) -> None:
        """Drop what is known of an object."""
        self._settling.forget(uid)
        self._endpoint_waits.pop(uid, None)

    def direct(
        self,
        desired: Sequence[DesiredObject],
        observed: Mapping[ObjectKey, ObservedObject],
        uid: str,
        namespace: str,
    ) -> TrafficStep:
        """Return the next step for the routes of an object; may read endpoints."""
        without_endpoints: list[str] = []

        @cache
        def check_serving(service: str) -> str:
            if reason := why_not_serving(service, desired, observed):
                return reason
            reason = self._why_no_endpoints(namespace, service)
            if reason:
                without_endpoints.append(service)
            return reason

        made = self._made_by_us(desired, observed)
        names = {one.key for one in desired}
        own = [c for c in observed.values() if c.route is not None and c.uid in made]
        current = [c.route for c in own if c.route is not None and c.key in names]
        leaving = [c.route for c in own if c.route is not None and c.key not in names]
        delays: list[float] = []
        settling: dict[float | None, str] = {}

        def why_unsettled(patience: float | None = None) -> str:
            if patience not in settling:
                settled = self._settling.check(uid, current, leaving, patience=patience)
                settling[patience] = settled.reason
                if settled.check_after is not None:
                    delays.append(settled.check_after)
            return settling[patience]

        gated = hold_routes(
            desired, observed, check_serving, lambda: why_unsettled(ANSWER_PATIENCE_SECONDS)
        )
        if without_endpoints:
            delays.append(self._next_wait(uid))
        else:
            self._endpoint_waits.pop(uid, None)
        routes = self._routes(desired, observed, namespace)
        kept: dict[ObjectKey, str] = {}
        if observed.keys() - names:
            kept = find_kept(desired, observed, routes, why_unsettled(), namespace)
        if not settling:
            self._settling.forget(uid)
        return TrafficStep(
            objects=gated.desired,
            held=gated.held,
            staged=gated.staged,
            kept=kept,
            others=tuple(route for route in routes if route.uid not in made),
            requeue_after=min(delays, default=None),
        )

    def _routes(
        self,
        desired: Sequence[DesiredObject],
        observed: Mapping[ObjectKey, ObservedObject],
        namespace: str,
    ) -> tuple[ObservedRoute, ...]:
        """Return all routes that refer to a Service of the object, managed ones from the cache."""
        own = {child.uid: child.route for child in observed.values() if child.route is not None}
        names = {key for key in (*observed, *(one.key for one in desired)) if key[0] == "Service"}
        found = self._cache.routes.leading_to((namespace, name) for _, name in names)
        return (*(r for r in found if r.uid not in own), *own.values())

    def _made_by_us(
        self, desired: Sequence[DesiredObject], observed: Mapping[ObjectKey, ObservedObject]
    ) -> set[str]:
        keys = {one.key for one in desired}
        return {
            child.uid
            for child in observed.values()
            if child.route is not None and not is_foreign_route(child, keys)
        }

    def _why_no_endpoints(self, namespace: str, service: str) -> str:
        try:
            ready = self._api.list_ready_services(namespace, [service])
        except ApiStatusError as error:
            if is_retryable(error.status, error.message):
                raise
            return f"cannot read the endpoints of Service {service}: {error.message}"
        return "" if service in ready else f"Service {service} has no ready endpoint"

    def _next_wait(self, uid: str) -> float:
        wait = min(
            self._endpoint_waits.get(uid, MIN_ENDPOINT_CHECK_SECONDS / 2) * 2,
            MAX_ENDPOINT_CHECK_SECONDS,
        )
        self._endpoint_waits[uid] = wait
        return wait
