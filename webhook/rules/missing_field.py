"""A required field is missing

Why: without it the object cannot be read, and the API server refuses it.

Fix: Add the field.

Bad:
    predictors:
    - graph:
        name: classifier

Good:
    predictors:
    - name: main
      graph:
        name: classifier
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Deployment

ACTION = "deny"
SINCE = "0.1.0"
GIVES_WAY = True

_CHILD = ("children",)


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each field that the schema requires and the document lacks."""
    # What stands in the place of a list is not asked for the fields of an item; but a mapping under
    # `children` is read as a node.
    misplaced = {f.path for f in deployment.faults if f.kind == "type" and f.path[-1:] != _CHILD}
    for fault in deployment.faults:
        if fault.kind == "required" and fault.path not in misplaced:
            yield Finding(
                fault.path / fault.field,
                f'the field "{fault.field}" is missing',
                f"add {fault.field}",
            )
