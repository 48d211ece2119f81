"""Field newer than Seldon's operator

Why: Seldon's operator is built for an older Kubernetes (1.17 for 1.24, 1.18 for 1.28), and creates
the pods without the fields that it does not know, whatever the cluster supports. It is built for
KEDA 2.7 (1.19: 2.17), and drops what that does not know of a kedaSpec.

Fix: Remove the field, upgrade Seldon's operator, or let graphgate's reconciler create the pods.

Bad:
    spec:
      resources:
        limits:
          memory: 1Gi
      containers:
      - name: classifier

Good:
    spec:
      containers:
      - name: classifier
        resources:
          limits:
            memory: 1Gi
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.graph.operator_types import (
    KEDA_WORDS,
    find_dropped_keda_fields,
    get_operator_types,
)
from webhook.graph.schema import newer_field_words
from webhook.rules._format import quote_value
from webhook.rules.schema._newer_fields import find_fields_newer_than_operator

ACTION = "warn"
SINCE = "0.1.0"
WORDS = newer_field_words() | KEDA_WORDS


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each such field that Seldon's operator drops.

    Source: operator/go.mod of Seldon Core by version; Kubernetes' published types by version.
    """
    yield from find_fields_newer_than_operator(deployment, facts, essential=False)
    types = get_operator_types(facts.operator, facts.operator_version)
    if types is None:
        return
    for path in find_dropped_keda_fields(deployment, types):
        yield Finding(
            path,
            f"{quote_value(str(path[-1]))} is newer than KEDA {types.keda}, for which Seldon's "
            f"operator {types.version} is built: it is dropped",
            "remove it, or upgrade Seldon's operator to 1.19",
            certain=types.is_known,
        )
