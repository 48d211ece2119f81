"""What only mutations have: jsonpatch.escapeKey (with MutatingAdmissionPolicy, 1.32)."""

from typing import Any

from webhook.cel.signatures import Library
from webhook.cel.values import no_overload
from webhook.graph.path import escape_pointer_token


def escape_key(key: Any) -> str:
    """Return a key as it is in a JSON Pointer."""
    if type(key) is not str:
        raise no_overload("jsonpatch.escapeKey", key)
    return escape_pointer_token(key)


JSONPATCH = Library(
    "jsonpatch",
    32,
    {"jsonpatch.escapeKey": ("jsonpatch.escapeKey(string) -> string",)},
    {"jsonpatch.escapeKey": escape_key},
)
