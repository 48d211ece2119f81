"""How long ago the routes of an object took the form that they have (see `state.traffic`)."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from webhook.controller.state.routes import ObservedRoute

SETTLE_SECONDS = 5.0
"""Seconds between a gateway's answer to a changed route, or the change where it gives none, and
what relies on it. A gateway's proxies follow within one or two; Istio gives no answer at all."""

ANSWER_PATIENCE_SECONDS = 60.0
"""Seconds after which weights move without a gateway's answer. Contour 1.33 loses one where an
HTTPRoute and a GRPCRoute change in the same moment; both are in force all the same. What a route
led to is not deleted without one."""


class Settled(NamedTuple):
    """Whether gateways use the routes as they are.

    reason       why they may still use older ones; "": they do not
    check_after  seconds after which to check again; None: when something changes
    """

    reason: str = ""
    check_after: float | None = None


SETTLED = Settled()


class RouteSettling:
    """Remembers since when, by uid of the SeldonDeployment; a restart starts again."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: dict[str, tuple[frozenset[tuple[str, int, bool]], float]] = {}

    def forget(self, uid: str) -> None:
        """Drop what is known of an object."""
        self._since.pop(uid, None)

    def check(
        self,
        uid: str,
        routes: Iterable[ObservedRoute],
        leaving: Iterable[ObservedRoute] = (),
        *,
        patience: float | None = None,
    ) -> "Settled":
        """Return whether gateways may still use older routes.

        routes    those that are to be
        leaving   those that are to be deleted: no answer to them is waited for
        patience  seconds after which a missing answer is waited for no longer; None: for ever
        """
        routes, leaving = tuple(routes), tuple(leaving)
        silent = [
            f"Gateway {gateway} has not accepted the current version of {route}"
            for route in routes
            for gateway, has_answered in route.parents
            if not has_answered
        ]
        form = frozenset((r.uid, r.generation, bool(silent)) for r in (*routes, *leaving))
        known = self._since.get(uid)
        if known is None and not form:
            return SETTLED
        if known is None or known[0] != form:
            known = self._since[uid] = form, self._clock()
        elapsed = self._clock() - known[1]
        if silent and patience is None:
            return Settled(silent[0])
        left = (patience if silent and patience else SETTLE_SECONDS) - elapsed
        reason = silent[0] if silent else "its routes changed a moment ago"
        return Settled(reason, left) if left > 0.0 else SETTLED
