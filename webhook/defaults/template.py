"""One pod template as a working copy: what the author wrote, what we add, who inherits from whom.

Here: reading effective values, noting additions, the patch of what was noted. Not here: where
templates are (`templates`), which value is added (one file per default).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Operation

_NOTHING: dict[str, Any] = {}
_OWN = frozenset({"privileged", "runAsUser", "runAsNonRoot"})
"""Fields by which a container says whether it wants to be root."""


class Place:
    """One security context, a pod's or a container's: what the author wrote, what we add.

    pointer  JSON Pointer of the object that has or gets the `securityContext`
    own      the author's security context; None if there is none
    added    what defaults wrote, by field
    exempt   the author asked for root here (containers only, decided before anything is added)
    """

    __slots__ = ("added", "exempt", "fields", "own", "pointer")

    exempt: bool

    def __init__(self, pointer: str, own: dict[str, Any] | None) -> None:
        self.pointer = pointer
        self.own = own
        self.fields: Mapping[str, Any] = _NOTHING if own is None else own
        self.added = _NOTHING

    def get(self, key: str) -> Any:
        """Return the value of a field, the author's or ours; null counts as absent."""
        value = self.fields.get(key)
        return self.added.get(key) if value is None else value


class Template:
    """One pod template: its pod-level place (None for an explainer) and its containers.

    `inits` and `apps` are the containers that run in the pod; ephemeral containers are not
    allowed in a template. `annotations` are the raw mappings whose annotations the pods get.
    `at_pod` tells whether values are to be written at pod level, `user_namespace` whether the
    pod has one of its own.
    """

    __slots__ = (
        "annotations", "apps", "at_pod", "containers", "inits", "pod", "touched", "user_namespace",
    )  # fmt: skip

    def __init__(
        self,
        pod: Place | None,
        inits: tuple[Place, ...],
        apps: tuple[Place, ...],
        *,
        at_pod: bool,
        annotations: tuple[Any, ...] = (),
        user_namespace: bool = False,
    ) -> None:
        self.pod = pod
        self.inits = inits
        self.apps = apps
        self.containers = inits + apps
        self.annotations = annotations
        self.at_pod = at_pod
        self.user_namespace = user_namespace
        self.touched: list[Place] = []
        inherited = self._asks_for_root({})
        for container in self.containers:
            fields = container.fields
            container.exempt = inherited if _OWN.isdisjoint(fields) else self._asks_for_root(fields)

    def of_pod(self, key: str) -> Any:
        """Return the pod-level value of a field, None if there is none."""
        return None if self.pod is None else self.pod.get(key)

    def effective(self, container: Place, key: str) -> Any:
        """Return the value of a field that a container runs with: its own, else the pod's."""
        value = container.get(key)
        return self.of_pod(key) if value is None else value

    def add(self, place: Place, key: str, value: Any) -> None:
        """Note one value that the place gets."""
        if not place.added:
            place.added = {}
            self.touched.append(place)
        place.added[key] = value

    def operations(self) -> Iterator[Operation]:
        """Yield the add-operations of everything noted, each parent that is missing as one."""
        for place in self.touched:
            base = f"{place.pointer}/securityContext"
            if place.own is None:
                yield {"op": "add", "path": base, "value": place.added}
                continue
            for key, value in place.added.items():
                inner = place.own.get(key)
                if inner is None:
                    yield {"op": "add", "path": f"{base}/{key}", "value": value}
                    continue
                for name, part in value.items():  # capabilities that lack drop
                    yield {"op": "add", "path": f"{base}/{key}/{name}", "value": part}

    def _asks_for_root(self, fields: Mapping[str, Any]) -> bool:
        """Tell whether a container with these fields was to be root, before anything is added."""
        if fields.get("privileged"):
            return True
        user, non_root = fields.get("runAsUser"), fields.get("runAsNonRoot")
        if user is None:
            user = self.of_pod("runAsUser")
        if user is None:
            return (self.of_pod("runAsNonRoot") if non_root is None else non_root) is False
        return bool(user == 0)
