"""How long ago the routes of an object took the form that they have (see `state.traffic`)."""

from collections.abc import Callable, Iterable

from webhook.controller.state.routes import ObservedRoute

SETTLE_SECONDS = 5.0
"""Seconds between a gateway's answer to a changed route, or the change where it gives none, and
what relies on it. A gateway's proxies follow within one or two; Istio gives no answer at all."""


class RouteSettling:
    """Remembers since when, by uid of the SeldonDeployment; a restart begins anew."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: dict[str, tuple[frozenset[tuple[str, int]], float]] = {}

    def forget(self, uid: str) -> None:
        """Drop what is known of an object."""
        self._since.pop(uid, None)

    def check(self, uid: str, routes: Iterable[ObservedRoute]) -> tuple[str, float | None]:
        """Return why requests may still go by an older form of the routes, and when to ask again.

        "" and None: they do not.
        """
        routes = tuple(routes)
        for route in routes:
            for gateway, has_answered in route.parents:
                if not has_answered:
                    self.forget(uid)
                    return f"Gateway {gateway} has not taken up {route} as it is now", None
        form = frozenset((route.uid, route.generation) for route in routes)
        known = self._since.get(uid)
        if known is None and not routes:
            return "", None
        if known is None or known[0] != form:
            known = self._since[uid] = form, self._clock()
        left = known[1] + SETTLE_SECONDS - self._clock()
        return ("its routes were changed a moment ago", left) if left > 0.0 else ("", None)
