"""A number is beyond what its field holds

Why: Kubernetes keeps integers in 32 or 64 bits. The API server refuses a larger one in a pod
template only when the Deployment is made, after the SeldonDeployment was accepted.

Fix: Write a number that the field can hold.

Bad:
    replicas: 3000000000

Good:
    replicas: 3
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Deployment
from webhook.graph.path import resolve
from webhook.graph.signs import fault_of

ACTION = "deny"
SINCE = "0.1.0"
GIVES_WAY = True
NEEDS = frozenset({fault_of("range")})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each integer outside of its type (source: the formats int32 and int64)."""
    for fault in deployment.faults:
        if fault.kind == "range":
            value = resolve(deployment.document, fault.path)
            bound = "more than" if value > fault.limit else "less than"
            yield Finding(fault.path, f"{value} is {bound} {fault.limit}, the last that fits")
