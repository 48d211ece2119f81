"""One pod template as a working copy: what the author set, what graphgate adds, and inheritance.

Here: reading effective values, noting additions, the patch of what was noted. Not here: where
templates are (`walk`), which value is added (one file per default).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Operation

_EMPTY: dict[str, Any] = {}
_ROOT_FIELDS = frozenset({"privileged", "runAsUser", "runAsNonRoot"})
"""Fields by which a container says whether it wants to be root."""


class SecurityContextDraft:
    """One security context, a pod's or a container's: what the author wrote, what we add.

    pointer        JSON Pointer of the object that has or gets the `securityContext`
    user_context   the author's security context; None if there is none
    added_fields   what defaults wrote, by field
    asks_for_root  the author asked for root here (containers only, decided before anything is
                   added)
    """

    __slots__ = ("added_fields", "asks_for_root", "pointer", "user_context", "user_fields")

    asks_for_root: bool

    def __init__(self, pointer: str, user_context: dict[str, Any] | None) -> None:
        self.pointer = pointer
        self.user_context = user_context
        self.user_fields: Mapping[str, Any] = _EMPTY if user_context is None else user_context
        self.added_fields = _EMPTY

    def get(self, key: str) -> Any:
        """Return the value of a field, set by the author or by graphgate; null counts as absent."""
        value = self.user_fields.get(key)
        return self.added_fields.get(key) if value is None else value


class PodTemplateDraft:
    """One pod template: its pod-level place (None for an explainer) and its containers.

    `inits` and `apps` are the containers that run in the pod; ephemeral containers are not
    allowed in a template. `annotations` are the raw mappings whose annotations the pods get.
    `at_pod` is whether values are written at pod level, `user_namespace` whether the pod has
    its own user namespace.
    """

    __slots__ = (
        "annotations",
        "app_containers",
        "changed",
        "containers",
        "has_user_namespace",
        "init_containers",
        "pod",
        "writes_pod_level",
    )  # fmt: skip

    def __init__(
        self,
        pod: SecurityContextDraft | None,
        init_containers: tuple[SecurityContextDraft, ...],
        app_containers: tuple[SecurityContextDraft, ...],
        *,
        writes_pod_level: bool,
        annotations: tuple[Any, ...] = (),
        has_user_namespace: bool = False,
    ) -> None:
        self.pod = pod
        self.init_containers = init_containers
        self.app_containers = app_containers
        self.containers = init_containers + app_containers
        self.annotations = annotations
        self.writes_pod_level = writes_pod_level
        self.has_user_namespace = has_user_namespace
        self.changed: list[SecurityContextDraft] = []
        inherited = self._is_root_requested({})
        for container in self.containers:
            fields = container.user_fields
            container.asks_for_root = (
                inherited if _ROOT_FIELDS.isdisjoint(fields) else self._is_root_requested(fields)
            )

    def get_pod_value(self, key: str) -> Any:
        """Return the pod-level value of a field, None if there is none."""
        return None if self.pod is None else self.pod.get(key)

    def get_effective_value(self, container: SecurityContextDraft, key: str) -> Any:
        """Return the value of a field that a container runs with: its own, else the pod's."""
        value = container.get(key)
        return self.get_pod_value(key) if value is None else value

    def add_value(self, context: SecurityContextDraft, key: str, value: Any) -> None:
        """Note one value that the place gets."""
        if not context.added_fields:
            context.added_fields = {}
            self.changed.append(context)
        context.added_fields[key] = value

    def build_patch(self) -> Iterator[Operation]:
        """Yield the add-operations of everything noted, each parent that is missing as one."""
        for context in self.changed:
            base = f"{context.pointer}/securityContext"
            if context.user_context is None:
                yield {"op": "add", "path": base, "value": context.added_fields}
                continue
            for key, value in context.added_fields.items():
                user_value = context.user_context.get(key)
                if user_value is None:
                    yield {"op": "add", "path": f"{base}/{key}", "value": value}
                    continue
                for name, member_value in value.items():  # capabilities that lack drop
                    yield {"op": "add", "path": f"{base}/{key}/{name}", "value": member_value}

    def _is_root_requested(self, fields: Mapping[str, Any]) -> bool:
        """Return whether a container with these fields was to be root, before anything is added."""
        if fields.get("privileged"):
            return True
        user, non_root = fields.get("runAsUser"), fields.get("runAsNonRoot")
        if user is None:
            user = self.get_pod_value("runAsUser")
        if user is None:
            return (self.get_pod_value("runAsNonRoot") if non_root is None else non_root) is False
        return bool(user == 0)
