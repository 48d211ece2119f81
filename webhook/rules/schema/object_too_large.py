"""Object too large

Why: graphgate reads 30,000 values, 240 levels of nesting, 100 predictors, 300 componentSpecs, 400
nodes and 400 containers, 262,144 characters of one text, and it lists 1,000 errors of a kind.
Annotations of the spec, and annotations and labels of a predictor, are in each of its Deployments
and Services: together 20,000 of them are read, or 4,194,304 characters. The largest real object has
half of that in values and a third in nodes. A larger one would only keep the webhook from answering
others. Settings cannot switch this rule off: the part that was not read
may contain anything. An update that leaves its spec and annotations alone, to label it or to
remove a finalizer, is allowed.

Fix: Split the object into several. Move large values into ConfigMaps, and annotations and labels to
the componentSpecs that need them.

Bad:
    metadata:
      annotations:
        # … ten thousand of them

Good:
    metadata:
      annotations:
        team: a
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.limits import MAX_NESTING
from webhook.graph.model import SchemaError

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"size", "nesting"})
BOUND = True


def check(schema_error: SchemaError) -> Iterator[Finding]:
    """Yield each path at which reading stopped before the end."""
    if schema_error.kind not in FIELDS:
        return
    yield Finding(
        schema_error.path,
        f"the object has more than {MAX_NESTING} levels of nesting; the rest was not checked"
        if schema_error.kind == "nesting"
        else f"more than {schema_error.limit} {schema_error.noun}; the rest was not checked",
        incomplete=True,
    )
