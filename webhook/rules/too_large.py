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

from webhook.graph.bounds import DEEPEST_VALUE, MOST_VALUES
from webhook.graph.finding import Finding
from webhook.graph.model import Deployment
from webhook.graph.parse import MOST_PREDICTORS
from webhook.graph.signs import fault_of

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({fault_of("size"), fault_of("nesting")})

_PREDICTORS = f"there are more than {MOST_PREDICTORS} predictors; those that follow were not read"


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each place at which reading ended before the document did."""
    for fault in deployment.faults:
        if fault.kind == "size":
            yield Finding(
                fault.path,
                _PREDICTORS
                if fault.limit == MOST_PREDICTORS
                else f"the object has more than {MOST_VALUES} values; what follows was not read",
            )
        elif fault.kind == "nesting":
            yield Finding(
                fault.path,
                f"the object goes on below {DEEPEST_VALUE} levels; what is here was not read",
            )
