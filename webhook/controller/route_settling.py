"""How long ago the routes of an object took the form that they have (see `state.traffic`)."""

from collections.abc import Callable, Iterable

from webhook.controller.state.routes import ObservedRoute

SETTLE_SECONDS = 5.0
"""Seconds between a gateway's answer to a changed route, or the change where it gives none, and
what relies on it. A gateway's proxies follow within one or two; Istio gives no answer at all."""

ANSWER_PATIENCE_SECONDS = 60.0
"""Seconds after which weights move without a gateway's answer. Contour 1.33 loses one where an
HTTPRoute and a GRPCRoute change in the same moment; both are in force all the same. What a route
led to is not deleted without one."""


class RouteSettling:
    """Remembers since when, by uid of the SeldonDeployment; a restart starts again."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: dict[str, tuple[frozenset[tuple[str, int, bool]], float]] = {}

    def forget(self, uid: str) -> None:
        """Drop what is known of an object."""
        self._since.pop(uid, None)

    def check(
        self, uid: str, routes: Iterable[ObservedRoute], *, patience: float | None = None
    ) -> tuple[str, float | None]:
        """Return why gateways may still use older routes, and when to check again.

        "" and None: they do not.

        patience  seconds after which a missing answer is waited for no longer; None: for ever
        """
        routes = tuple(routes)
        silent = [
            f"Gateway {gateway} has not accepted the current version of {route}"
            for route in routes
            for gateway, has_answered in route.parents
            if not has_answered
        ]
        form = frozenset((route.uid, route.generation, bool(silent)) for route in routes)
        known = self._since.get(uid)
        if known is None and not routes:
            return "", None
        if known is None or known[0] != form:
            known = self._since[uid] = form, self._clock()
        elapsed = self._clock() - known[1]
        if silent and patience is None:
            return silent[0], None
        left = (patience if silent and patience else SETTLE_SECONDS) - elapsed
        reason = silent[0] if silent else "its routes changed a moment ago"
        return (reason, left) if left > 0.0 else ("", None)
