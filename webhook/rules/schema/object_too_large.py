"""The object is larger or nested deeper than is read

Why: graphgate reads 30,000 values, 240 levels of nesting and 500 predictors. No object that a
cluster stores has as many: etcd takes 1.5 MiB. A larger one would only keep the webhook from
answering others.

Fix: Split the object into several. Move large texts into ConfigMaps.

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

from webhook.graph.features import schema_error_feature
from webhook.graph.finding import Finding
from webhook.graph.limits import MAX_NESTING, MAX_VALUES
from webhook.graph.model import SeldonDeployment
from webhook.graph.parse import MAX_PREDICTORS

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({schema_error_feature("size"), schema_error_feature("nesting")})

_PREDICTORS_PATH = (
    f"there are more than {MAX_PREDICTORS} predictors; those that follow were not read"
)


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each place at which reading ended before the document did."""
    for schema_error in deployment.schema_errors:
        if schema_error.kind == "size":
            yield Finding(
                schema_error.path,
                _PREDICTORS_PATH
                if schema_error.limit == MAX_PREDICTORS
                else f"the object has more than {MAX_VALUES} values; what follows was not read",
            )
        elif schema_error.kind == "nesting":
            yield Finding(
                schema_error.path,
                f"the object goes on below {MAX_NESTING} levels; what is here was not read",
            )
