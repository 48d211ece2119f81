"""JSON patches as kube-apiserver applies those of mutating policies.

In: a document, operations. Out: the changed copy, and the operations as RFC 6902 has them: its
library takes more than the standard does (`replace` adds a key that is missing, -1 is the last
index, "01" is 1, a path needs no slash). Source: gopkg.in/evanphx/json-patch.v4, patch.go.
"""

import copy
from typing import Any, cast

from webhook.graph.finding import Operation
from webhook.graph.path import escape_pointer_token, unescape_pointer_token
from webhook.yamldoc.json_patch import json_equal

_MISSING = object()


class PatchError(Exception):
    """An operation that does not fit the document."""


class PatchTestFailedError(Exception):
    """A `test` that does not hold: the patch changes nothing, and that is not an error."""


def apply_patch(document: Any, operations: list[Operation]) -> tuple[Any, list[Operation]]:
    """Return the patched document, and operations that lead there in any implementation."""
    patcher = _Patcher(copy.deepcopy(document))
    for operation in operations:
        patcher.apply(operation)
    return patcher.document, patcher.standard


class _Patcher:
    def __init__(self, document: Any) -> None:
        self.document = document
        self.standard: list[Operation] = []

    def apply(self, operation: Operation) -> None:
        raw = cast("dict[str, Any]", operation)
        handler = {
            "add": self._add,
            "remove": self._remove,
            "replace": self._replace,
            "move": self._move,
            "copy": self._copy,
            "test": self._test,
        }.get(raw["op"])
        if handler is None:
            raise PatchError(f"Unexpected kind: {raw['op']}")
        handler(raw)

    def _emit(self, op: str, place: list[Any], key: Any, **values: Any) -> None:
        path = "".join("/" + escape_pointer_token(str(part)) for part in (*place, key))
        self.standard.append(cast("Operation", {"op": op, "path": path, **values}))

    def _container(self, path: str) -> tuple[Any, str, list[Any]]:
        """Return what holds the last part of a path (None: nothing), that part, and its place."""
        parts = path.split("/")
        if len(parts) < 2:
            return None, "", []
        current: Any = self.document
        place: list[Any] = []
        for part in parts[1:-1]:
            key = unescape_pointer_token(part)
            if type(current) is list:
                index = _index(key, len(current))
                if index is None:
                    return None, "", []
                place.append(index)
                current = current[index]
            else:
                place.append(key)
                current = current.get(key)
            if type(current) not in (dict, list):
                return None, "", []
        return current, unescape_pointer_token(parts[-1]), place

    def _add(self, raw: dict[str, Any]) -> None:
        container, key, place = self._container(raw["path"])
        if container is None:
            raise _missing("add", raw["path"])
        value = copy.deepcopy(raw.get("value"))
        self._insert("add", raw["path"], (container, key, place), value)

    def _insert(self, op: str, path: str, target: tuple[Any, str, list[Any]], value: Any) -> None:
        container, key, place = target
        position: Any = key
        if type(container) is list:
            position = len(container) if key == "-" else _index(key, len(container) + 1)
            if position is None:
                raise PatchError(f"{op} {path}: invalid index {key}")
            container.insert(position, value)
            position = "-" if key == "-" else position
        else:
            container[key] = value
        self._emit("add", place, position, value=copy.deepcopy(value))

    def _remove(self, raw: dict[str, Any]) -> None:
        container, key, place = self._container(raw["path"])
        if container is None:
            raise _missing("remove", raw["path"])
        position: Any = _index(key, len(container)) if type(container) is list else key
        if position is None or (type(container) is dict and key not in container):
            raise PatchError(f"remove {raw['path']}: {key} not found")
        del container[position]
        self._emit("remove", place, position)

    def _replace(self, raw: dict[str, Any]) -> None:
        value = copy.deepcopy(raw.get("value"))
        if raw["path"] == "":
            self.document = value
            whole = {"op": "replace", "path": "", "value": copy.deepcopy(value)}
            self.standard.append(cast("Operation", whole))
            return
        container, key, place = self._container(raw["path"])
        if container is None:
            raise _missing("replace", raw["path"])
        position: Any = _index(key, len(container)) if type(container) is list else key
        if position is None:
            raise PatchError(f"replace {raw['path']}: invalid index {key}")
        op = "add" if type(container) is dict and key not in container else "replace"
        container[position] = value
        self._emit(op, place, position, value=copy.deepcopy(value))

    def _read_from(self, raw: dict[str, Any]) -> Any:
        if not raw.get("from"):
            raise PatchError(f"{raw['op']} {raw['path']}: from is missing")
        container, key, _ = self._container(raw["from"])
        if container is None:
            raise _missing(raw["op"], raw["from"])
        if type(container) is dict:
            return container.get(key)
        index = _index(key, len(container))
        if index is None:
            raise PatchError(f"{raw['op']} {raw['from']}: invalid index {key}")
        return container[index]

    def _move(self, raw: dict[str, Any]) -> None:
        value = self._read_from(raw)
        self._remove({"path": raw["from"]})
        target = self._container(raw["path"])
        if target[0] is None:
            raise _missing("move", raw["path"])
        self._insert("move", raw["path"], target, value)

    def _copy(self, raw: dict[str, Any]) -> None:
        value = copy.deepcopy(self._read_from(raw))
        target = self._container(raw["path"])
        if target[0] is None:
            raise _missing("copy", raw["path"])
        self._insert("copy", raw["path"], target, value)

    def _test(self, raw: dict[str, Any]) -> None:
        found: Any = self.document
        if raw["path"] != "":
            container, key, _ = self._container(raw["path"])
            if container is None:
                raise _missing("test", raw["path"])
            if type(container) is dict:
                found = container.get(key, _MISSING)
            else:
                index = _index(key, len(container))
                if index is None:
                    raise PatchError(f"test {raw['path']}: invalid index {key}")
                found = container[index]
        expected = raw.get("value", _MISSING)
        if found is not expected and not json_equal(found, expected):
            raise PatchTestFailedError


def _missing(op: str, path: str) -> PatchError:
    return PatchError(f'{op} "{path}": path not found')


def _index(text: str, size: int) -> int | None:
    """Return an index of a list of a size; -1 is the last one."""
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
        return None
    index = int(text)
    if index < 0:
        index += size
    return index if 0 <= index < size else None
