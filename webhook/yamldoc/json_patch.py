"""A JSON Patch (RFC 6902) on plain data, and when two such values are the same.

Not here: the same patch on the author's text (`editing`).
"""

from collections.abc import Sequence
from typing import Any

import jsonpatch
import jsonpointer

from webhook.errors import GraphgateError
from webhook.graph.finding import Operation


class PatchMismatchError(GraphgateError):
    """A patch that does not fit the document; the sentence names the operation."""


def patch_value(value: Any, operations: Sequence[Operation]) -> Any:
    """Return a changed copy of `value`; the original stays as it is.

    Raises PatchMismatchError if an operation names a place that is not there, or is not an
    operation.
    """
    for number, operation in enumerate(operations, start=1):
        try:
            value = jsonpatch.apply_patch(value, [operation])
        except (
            jsonpatch.JsonPatchException,
            jsonpointer.JsonPointerException,
            LookupError,
            TypeError,
            ValueError,
            AttributeError,
        ) as error:
            raise PatchMismatchError(
                _describe_mismatch(number, len(operations), operation)
            ) from error
    return value


def json_equal(left: Any, right: Any) -> bool:
    """Whether two values are the same JSON: 1 and 1.0 are, 1 and true are not."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(json_equal(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(json_equal, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def _describe_mismatch(number: int, count: int, operation: Any) -> str:
    if not isinstance(operation, dict):
        return f"operation {number} of {count} of the patch is not a mapping"
    op, pointer = operation.get("op"), operation.get("path")
    return f"operation {number} of {count} of the patch, {op} {pointer}, does not fit the document"
