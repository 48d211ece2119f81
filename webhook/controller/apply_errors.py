"""What an error of the API server means for one object. Pure.

Belongs here: reading its sentence. Does not belong here: what is done then (`applier`).
"""

import re
from typing import Any

from webhook.graph.path import Path, Segment
from webhook.rendering.render import Rendered

_UNDECLARED_FIELD = re.compile(r"(?m)^\s*(?:.*?: )?\.(\S.*?): field not declared in schema$")
"""failed to create typed patch object (ns/name; apps/v1, Kind=Deployment): errors:
  .spec.template.spec.containers[name="c"].imag: field not declared in schema"""

_PATH_STEP = re.compile(
    r'\.?([A-Za-z0-9_$-]+)|\[((?:\w+="(?:[^"\\]|\\.)*"|\w+=[^,\]]+|,)+)\]|\[(\d+)\]'
)
_KEY_VALUE = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^,\]]+))')
_FIELD_PATH = re.compile(r"\b((?:spec|metadata)(?:\.[A-Za-z][\w-]*|\[\d+\])+)")

_UNDECODABLE = ("failed to create typed patch object", "failed to convert")
"""How server-side apply speaks of an object that its kind cannot be decoded from."""

RETRYABLE_STATUSES = frozenset({408, 409, 429})
"""Errors that do not concern the object: timeout, conflict, overload."""


def is_retryable(status: int, message: str) -> bool:
    """Return whether the same request may succeed in a moment, whatever the object is."""
    if any(words in message for words in _UNDECODABLE):
        return False  # said with status 500
    return status in RETRYABLE_STATUSES or status >= 500


def is_replaced(status: int, message: str) -> bool:
    """Return whether another object has the name by now: its uid is not the one that was sent."""
    return status == 422 and "metadata.uid: Invalid value" in message


def is_namespace_terminating(status: int, message: str) -> bool:
    """Return whether nothing can be made because the namespace is being deleted."""
    return status == 403 and "because it is being terminated" in message


def undeclared_fields(message: str) -> list[str]:
    """Return the places of fields that the cluster's Kubernetes does not know."""
    return [match[1] for match in _UNDECLARED_FIELD.finditer(message)]


def drop_fields(obj: Any, paths: list[str]) -> Any:
    """Return the object without what is at `places`, as the API server spells them.

    'spec.template.spec.containers[name="c"].imag'; a place that is not found changes nothing.
    """
    for path in paths:
        obj = _drop_field(obj, list(_parse_path(path)))
    return obj


def locate_message(rendered: Rendered, message: str) -> str:
    """Return the API server's sentence, led by the place in the document that it speaks of.

    spec.predictors[0].replicas: Deployment iris-main-0-m: … spec.replicas: Invalid value: -1: …
    """
    description = f"{rendered.kind} {rendered.name}: {message}"
    match = _FIELD_PATH.search(message)
    if match is None:
        return f"{rendered.trace(())}: {description}"
    steps = [step for step in _parse_path(match[1]) if not isinstance(step, dict)]
    return f"{rendered.trace(Path(steps))}: {description}"


def _parse_path(path: str) -> list[Segment | dict[str, str]]:
    steps: list[Segment | dict[str, str]] = []
    for name, keys, index in _PATH_STEP.findall(path):
        if keys:
            steps.append(
                {key: text or unquoted for key, text, unquoted in _KEY_VALUE.findall(keys)}
            )
        else:
            steps.append(int(index) if index else name)
    return steps


def _drop_field(node: Any, path: list[Segment | dict[str, str]]) -> Any:
    step, *rest = path
    if isinstance(step, str):
        if not isinstance(node, dict) or step not in node:
            return node
        if not rest:
            return {key: value for key, value in node.items() if key != step}
        return {**node, step: _drop_field(node[step], rest)}
    if not isinstance(node, list) or not rest:
        return node
    return [
        _drop_field(item, rest) if _matches_step(index, item, step) else item
        for index, item in enumerate(node)
    ]


def _matches_step(index: int, item: Any, step: int | dict[str, str]) -> bool:
    if isinstance(step, int):
        return index == step
    return isinstance(item, dict) and all(str(item.get(k, v)) == v for k, v in step.items())
