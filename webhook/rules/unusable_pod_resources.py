"""A pod's resources do not hold its containers

Why: a pod may ask for CPU, memory and huge pages as a whole (Kubernetes 1.34). A request is not
over the limit then, no container's limit is over the pod's, and what the containers ask for fits
into what the pod asks for. Claims and other resources are the containers'. The API server refuses
a Deployment, or its pods, otherwise.

Fix: Raise the pod's resources, or remove them: the containers' count without.

Bad:
    resources:
      limits:
        cpu: "1"
    containers:
    - name: classifier
      resources:
        limits:
          cpu: "2"

Good:
    resources:
      limits:
        cpu: "2"
    containers:
    - name: classifier
      resources:
        limits:
          cpu: "2"
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.kubernetes import amount
from webhook.graph.model import Component, Deployment, mapping
from webhook.graph.path import Path
from webhook.graph.signs import POD_RESOURCES
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({POD_RESOURCES, "overhead"})

_SHARED = ("cpu", "memory")
_OVERHEADS = (*_SHARED, "ephemeral-storage")
_HUGE = "hugepages-"


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each amount that does not fit (source: validatePodResources)."""
    for component in deployment.components:
        if "resources" in component.pod and type(component.pod["resources"]) is dict:
            path = component.path.join(("spec", "resources"))
            yield from _pod(component, component.pod["resources"], path)
        if "overhead" in component.pod:
            for name in mapping(component.pod, "overhead"):
                if "/" not in name and name not in _OVERHEADS and not name.startswith(_HUGE):
                    path = component.path.join(("spec", "overhead", name))
                    yield Finding(path, f"{quoted(name)} is no resource of a container")


def _pod(component: Component, resources: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    if mapping(component.pod, "os").get("name") == "windows" and resources:
        yield Finding(path, "a pod for Windows has no resources of its own")
        return
    if resources.get("claims"):
        yield Finding(path / "claims", "claims are taken by containers, not by the pod")
    limits, requests = mapping(resources, "limits"), mapping(resources, "requests")
    for field, amounts in (("limits", limits), ("requests", requests)):
        for name in amounts:
            if name not in _SHARED and not name.startswith(_HUGE):
                fact = f"{quoted(name)} is no resource of a pod; known are cpu, memory, hugepages-"
                yield Finding(path.join((field, name)), fact)
            elif name.startswith(_HUGE) and not {*limits, *requests} & set(_SHARED):
                fact = f"{name} are given only with cpu or memory"
                yield Finding(path.join((field, name)), fact)
    for name, value in requests.items():
        asked, most = amount(value), amount(limits.get(name))
        if asked is not None and most is not None and asked > most:
            fact = f"the request of {value} {name} is over the limit of {limits[name]}"
            yield Finding(path.join(("requests", name)), fact)
    yield from _containers(component, limits, requests, path)


def _containers(
    component: Component, limits: Mapping[str, Any], requests: Mapping[str, Any], path: Path
) -> Iterator[Finding]:
    asked = dict.fromkeys(_SHARED, 0)
    for container in component.containers:
        own = mapping(container.raw, "resources")
        for name in _SHARED:
            limit, request = (amount(mapping(own, f).get(name)) for f in ("limits", "requests"))
            most = amount(limits.get(name))
            if limit is not None and most is not None and limit > most:
                shown = mapping(own, "limits")[name]
                fact = f"the limit of {shown} {name} is over the pod's, {limits[name]}"
                yield Finding(container.path.join(("resources", "limits", name)), fact)
            asked[name] += (limit if request is None else request) or 0
    for name, sum_ in asked.items():
        # A pod without a request gets its limit for one.
        field, amounts = ("requests", requests) if name in requests else ("limits", limits)
        whole = amount(amounts.get(name))
        if whole is not None and sum_ > whole:
            fact = f"the containers ask for more {name} than the pod has, {amounts[name]}"
            yield Finding(path.join((field, name)), fact)
