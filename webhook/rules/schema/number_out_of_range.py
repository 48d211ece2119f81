"""Integer out of range

Why: integers have 32 or 64 bits. The API server refuses a larger one in a pod template only when
the Deployment is created, after the SeldonDeployment was accepted.

Fix: Use a number within the range.

Bad:
    replicas: 3000000000

Good:
    replicas: 3
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import SchemaError, SeldonDeployment
from webhook.graph.path import resolve_path

ACTION = "deny"
SINCE = "0.1.0"
SUPERSEDABLE = True
FIELDS = frozenset({"range"})


def check(schema_error: SchemaError, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each integer outside of its type (source: the formats int32 and int64)."""
    if schema_error.kind == "range":
        value = resolve_path(deployment.document, schema_error.path)
        bound = "at most" if value > schema_error.limit else "at least"
        message = f"{schema_error.path[-1]} must be {bound} {schema_error.limit}, got {value}"
        yield Finding(schema_error.path, message)
