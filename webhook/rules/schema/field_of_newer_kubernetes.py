"""Field of a newer Kubernetes

Why: a Kubernetes that does not have a field drops it, and the pod runs without what it is for:
without pod-level resources, it has no limits.

Fix: Remove the field, or upgrade the cluster.

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
from webhook.graph.schema import newer_field_words
from webhook.rules.schema._newer_fields import find_fields_newer_than_cluster

ACTION = "warn"
SINCE = "0.1.0"
WORDS = newer_field_words()


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each field that the cluster drops; source: Kubernetes' published types by version."""
    yield from find_fields_newer_than_cluster(deployment, facts, essential=False)
