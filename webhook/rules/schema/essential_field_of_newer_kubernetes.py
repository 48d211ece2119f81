"""Essential field of a newer Kubernetes

Why: a Kubernetes that does not have a field drops it. A volume without its source is an empty
directory: a server starts without its model. A variable or hook without one is refused. A native
sidecar becomes an init container that never ends, and the pod never starts. A container that loses
a security setting has more rights than intended.

Fix: Use a field that the cluster has, or upgrade the cluster.

Bad:
    volumes:
    - name: model
      image:
        reference: registry.example/model:1

Good:
    volumes:
    - name: model
      persistentVolumeClaim:
        claimName: model
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.graph.schema import newer_field_words
from webhook.rules.schema._newer_fields import find_fields_newer_than_cluster

ACTION = "deny"
SINCE = "0.1.0"
WORDS = newer_field_words()


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each such field that the cluster drops; source: Kubernetes' types by version."""
    yield from find_fields_newer_than_cluster(deployment, facts, essential=True)
