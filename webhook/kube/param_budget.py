"""How much of the cluster's parameter objects is kept: a bound that no author can exceed.

The authors of ConfigMaps decide how large they are; their memory must not end the process. Here:
the sizes, and what was left out. Not here: which objects are watched (`param_watcher`).
"""

import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson


class ParamKey(NamedTuple):
    """The identity of a parameter object."""

    namespace: str
    name: str
    kind: str = "ConfigMap"
    api_version: str = "v1"

    def __str__(self) -> str:
        return "/".join(part for part in (self.kind, self.namespace, self.name) if part)


MAX_OBJECT_BYTES = 2**20
"""Of one object; a ConfigMap that is nothing but short keys is nine times as large in memory."""

MAX_NAMESPACE_BYTES = 2 * 2**20
"""Of all objects of one namespace, so that one team cannot use up the others' share."""

MAX_TOTAL_BYTES = 16 * 2**20
"""Of all objects: a thirtieth of the memory that the chart gives."""

_BYTES_PER_VALUE = 150
"""What a key and its value cost beside their characters (two strings and a place in a dict)."""

_MAX_NAMED = 1000
"""Objects left out that are remembered by name."""


def memory_size(value: Any) -> int:
    """Return about how many bytes an object takes in memory."""
    pending, values = [value], 0
    while pending:
        part = pending.pop()
        if isinstance(part, Mapping):
            values += len(part)
            pending.extend(inner for inner in part.values() if isinstance(inner, (Mapping, list)))
        elif isinstance(part, list):
            values += len(part)
            pending.extend(inner for inner in part if isinstance(inner, (Mapping, list)))
    return len(orjson.dumps(value)) + _BYTES_PER_VALUE * values


class ParamBudget:
    """Sizes of the objects that are kept, by object. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sizes: dict[ParamKey, int] = {}
        self._omitted: dict[ParamKey, str] = {}

    @property
    def omitted(self) -> Mapping[ParamKey, str]:
        """Why each object that does not fit is left out."""
        with self._lock:
            return dict(self._omitted)

    def admit(self, key: ParamKey, size: int) -> bool:
        """Return whether an object of this size is kept; it replaces the one of its name."""
        with self._lock:
            self._sizes.pop(key, None)
            reason = self._reason_against(key.namespace, size)
            if not reason:
                self._sizes[key] = size
                self._omitted.pop(key, None)
            elif key in self._omitted or len(self._omitted) < _MAX_NAMED:
                self._omitted[key] = reason
            return not reason

    def release(self, key: ParamKey) -> bool:
        """Forget a deleted object; return whether omitted ones may fit now."""
        with self._lock:
            self._omitted.pop(key, None)
            return self._sizes.pop(key, None) is not None and bool(self._omitted)

    def _reason_against(self, namespace: str, size: int) -> str:
        if size > MAX_OBJECT_BYTES:
            return f"takes {size} bytes of memory; the limit is {MAX_OBJECT_BYTES}"
        in_namespace = sum(kept for key, kept in self._sizes.items() if key.namespace == namespace)
        if in_namespace + size > MAX_NAMESPACE_BYTES:
            return f"the parameters of its namespace take more than {MAX_NAMESPACE_BYTES} bytes"
        if sum(self._sizes.values()) + size > MAX_TOTAL_BYTES:
            return f"all parameters together take more than {MAX_TOTAL_BYTES} bytes"
        return ""
