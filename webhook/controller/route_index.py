"""Every readable route, by the Services that it refers to, whatever its owner."""

import threading
from collections.abc import Iterable

from webhook.controller.state.routes import ObservedRoute, ServiceName


class RouteIndex:
    """The watches write, the workers read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._routes: dict[ServiceName, dict[str, ObservedRoute]] = {}

    def replace(self, old: ObservedRoute | None, new: ObservedRoute | None) -> set[ServiceName]:
        """Take a change of a route; return the Services that it led to or leads to now."""
        with self._lock:
            for service in old.services if old else ():
                routes = self._routes.get(service, {})
                routes.pop(str(old), None)
                if not routes:
                    self._routes.pop(service, None)
            for service in new.services if new else ():
                self._routes.setdefault(service, {})[str(new)] = new  # type: ignore[assignment]
        return {service for route in (old, new) if route for service in route.services}

    def leading_to(self, services: Iterable[ServiceName]) -> tuple[ObservedRoute, ...]:
        """Return the routes that lead to any of these Services, ordered by what they are called."""
        with self._lock:
            found = {
                name: route
                for service in services
                for name, route in self._routes.get(service, {}).items()
            }
        return tuple(found[name] for name in sorted(found))
