"""Request over the limit

Why: the limit is the most that a container can use. The API server refuses a Deployment with a
request above it.

Fix: Raise the limit or lower the request.

Bad:
    resources:
      requests:
        memory: 2Gi
      limits:
        memory: 1Gi

Good:
    resources:
      requests:
        memory: 1Gi
      limits:
        memory: 2Gi
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import NANO, parse_quantity
from webhook.graph.model import Container, get_mapping
from webhook.graph.path import Path
from webhook.graph.well_known import KUBERNETES_PREFIX

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"resources"})
LOCAL = True

_THOUSANDTH = NANO // 1000


def check(container: Container) -> Iterator[Finding]:
    """Yield each request over its limit (source: validateResourceRequirements)."""
    resources = container.raw.get("resources")
    if type(resources) is dict and "requests" in resources and "limits" in resources:
        yield from _check_resources(container.path / "resources", resources)


def _check_resources(path: Path, resources: Mapping[str, Any]) -> Iterator[Finding]:
    limits = get_mapping(resources, "limits")
    for name, request in get_mapping(resources, "requests").items():
        if name not in limits or request == limits[name]:
            continue
        requested, limit = parse_quantity(request), parse_quantity(limits[name])
        # Of what cannot be shared requests and limits are equal:
        # extended-resource-overcommit says so.
        if requested is None or limit is None or is_extended_resource(name):
            continue
        # Kubernetes counts no amount of a resource finer than in thousandths, rounded up.
        if -(-requested // _THOUSANDTH) <= -(-limit // _THOUSANDTH):
            continue
        yield Finding(
            path.join(("requests", name)),
            f"{name} request must be at most the limit {limits[name]}, got {request}",
        )


def is_extended_resource(name: str) -> bool:
    """Return whether a resource cannot be shared: "nvidia.com/gpu", "hugepages-2Mi".

    Source: IsOvercommitAllowed. What is Kubernetes' own ("kubernetes.io/") can be.
    """
    return ("/" in name and KUBERNETES_PREFIX not in name) or name.startswith("hugepages-")
