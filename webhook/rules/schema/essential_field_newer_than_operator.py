"""Essential field newer than Seldon's operator

Why: Seldon's operator is built for an older Kubernetes (1.17 for 1.24, 1.18 for 1.28), and creates
the pods without the fields that it does not know. Without restartPolicy, a native sidecar is an
init container that never ends, and the pod never starts. A volume without its source is an empty
directory, and a container that loses a security setting has more rights than intended. If the
version of the operator is unknown, this is only a warning.

Fix: Remove the field, upgrade Seldon's operator, or let graphgate's reconciler create the pods.

Bad:
    spec:
      initContainers:
      - name: proxy
        image: registry.example/proxy:1
        restartPolicy: Always
      containers:
      - name: classifier

Good:
    spec:
      containers:
      - name: proxy
        image: registry.example/proxy:1
      - name: classifier
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.graph.schema import newer_field_words
from webhook.rules.schema._newer_fields import find_fields_newer_than_operator

ACTION = "deny"
SINCE = "0.1.0"
WORDS = newer_field_words()


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each such field that Seldon's operator drops.

    Source: operator/go.mod of Seldon Core by version; Kubernetes' published types by version.
    """
    yield from find_fields_newer_than_operator(deployment, facts, essential=True)
