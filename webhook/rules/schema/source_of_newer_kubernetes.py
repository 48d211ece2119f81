"""Source of a newer Kubernetes

Why: a Kubernetes that does not have a kind of source drops it. A volume is an empty directory then:
a server starts without its model. A variable or projected volume without a source is refused.

Fix: Use a source that the cluster has, or upgrade the cluster.

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
from webhook.rules.schema._newer_fields import find_newer_fields, source_owner

ACTION = "deny"
SINCE = "0.1.0"


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each source that the cluster drops; source: Kubernetes' published types by version."""
    for path, message in find_newer_fields(deployment, facts, sources=True):
        yield Finding(path, f"{message}: the {source_owner(path)} would have no source")
