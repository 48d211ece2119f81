"""Numbers that are whole are rendered as integers.

YAML and JSON may write 1.0 where an integer belongs. The API server stores that as 1 in a
SeldonDeployment, and refuses it in a Deployment or a Pod.
"""

from typing import Any

from webhook.graph.model import SeldonDeployment
from webhook.graph.parse import parse

_MAX_EXACT = 2**53
"""Largest integer that a float represents exactly."""


def write_integers(view: SeldonDeployment) -> SeldonDeployment:
    """Return the view with its whole numbers as integers; the same one where it has no others."""
    document = _converted(view.document)
    return view if document is view.document else parse(document, view.submitted)


def _converted(value: Any) -> Any:
    """Return a value with integers for whole floats; itself if nothing in it changes."""
    if type(value) is float:
        return int(value) if value.is_integer() and abs(value) <= _MAX_EXACT else value
    if type(value) is dict:
        changed = {k: new for k, v in value.items() if (new := _converted(v)) is not v}
        return {**value, **changed} if changed else value
    if type(value) is list:
        items = [_converted(item) for item in value]
        return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
    return value
