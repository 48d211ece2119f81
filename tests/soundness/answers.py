"""What the API server says of an object, and which of its answers are the same one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from webhook.graph.path import Path, Segment

WriteMethod = Literal["apply", "create", "update"]
"""Server-side apply, a plain create, or a change of what is there (of either kind)."""

_CLUSTER_DEPENDENT = re.compile(
    r"error looking up service account|no PriorityClass with name|RuntimeClass .*not found"
    r"|serviceaccounts? .* not found|node .* not found|exceeded quota"
)
"""Refusals that depend on what else is in the cluster: these objects may be there elsewhere."""


_BOOKKEEPING = re.compile(r"metadata\.(finalizers|ownerReferences|managedFields)")
"""Fields of the SeldonDeployment's bookkeeping: the API server names them with the exact place."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One fault that the API server found: "spec.replicas", "must be at least 0"."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class ApiRejection:
    """One object that the API server does not take.

    how  "create": not at all; "apply": it takes a plain create, but no server-side apply;
         "update": it takes it, but not in place of the object that is there
    """

    kind: str
    method: WriteMethod
    status: int
    message: str
    causes: tuple[Cause, ...]

    @property
    def shapes(self) -> tuple[str, ...]:
        """Its faults without names and numbers: equal for equal faults of different documents."""
        about = f"{self.method} {self.kind}"
        if not self.causes:
            return (f"{about}: {_shape(self.message)}",)
        messages = (f"{about}: {_places(c.field)}: {_shape(c.message)}" for c in self.causes)
        return tuple(dict.fromkeys(messages))


def to_rejection(kind: str, method: WriteMethod, status: int, body: Any) -> ApiRejection | None:
    """Return an answer as a Refusal; None: taken, or refused for what else is in the cluster."""
    if status < 400 or status == 409:
        return None
    raw: Mapping[str, Any] = body if isinstance(body, dict) else {"message": str(body)}
    message = str(raw.get("message", ""))
    if _CLUSTER_DEPENDENT.search(message):
        return None
    details = raw.get("details") or {}
    causes = tuple(
        Cause(str(cause.get("field", "")), str(cause.get("message", "")))
        for cause in details.get("causes") or ()
    )
    if (
        kind == "SeldonDeployment"
        and causes
        and all(_BOOKKEEPING.match(cause.field) for cause in causes)
    ):
        return None
    return ApiRejection(kind, method, status, message, causes)


def duplicate_rejection(kind: str, name: str) -> ApiRejection:
    """Return the answer to a second object of one name, which no dry run gives."""
    message = f'{kind} "{name}" already exists'
    return ApiRejection(kind, "create", 409, message, (Cause("metadata.name", "already exists"),))


def field_to_path(field: str) -> tuple[Segment, ...]:
    """Return the segments of a field as the API server writes it, as far as they are plain.

    "spec.ports[0].name" is ("spec", "ports", 0, "name"); a key in brackets ends it, because it may
    hold anything.
    """
    found: list[Segment] = []
    for name, index in re.findall(r"([A-Za-z][A-Za-z0-9]*)|\[(\d+|[^\]]*)\]", field):
        if name:
            found.append(name)
        elif index.isdecimal():
            found.append(int(index))
        else:
            break
    return tuple(found)


def origins(rejected: ApiRejection, trace: Any) -> tuple[Path, ...]:
    """Return where in the document the faults come from, each once."""
    return tuple(dict.fromkeys(trace(field_to_path(cause.field)) for cause in rejected.causes))


def _shape(text: str) -> str:
    text = re.sub(r"typed patch object \([^)]*\)", "typed patch object", text)
    text = re.sub(r"\.\w+: field not declared in schema", ".…: field not declared in schema", text)
    text = re.sub(r'"(?:[^"\\]|\\.)*"', '"…"', text)
    text = re.sub(r"\[[^\]]*\]", "[…]", text)
    text = re.sub(r"-?\d+", "N", text)
    return re.sub(r"\s+", " ", text)[:200]


def _places(field: str) -> str:
    return re.sub(r"\[[^\]]*\]", "[]", field)
