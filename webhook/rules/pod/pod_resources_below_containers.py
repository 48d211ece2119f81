"""Pod resources below its containers

Why: a pod may request CPU, memory and huge pages as a whole (Kubernetes 1.34). Then its request
must not exceed its limit, no container limit may exceed the pod's, and the requests of the
containers must fit into that of the pod. Claims and other resources belong to containers. The API
server refuses a Deployment, or its pods, otherwise.

Fix: Raise the pod's resources, or remove them: those of the containers then apply.

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

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import parse_quantity
from webhook.graph.model import (
    ComponentSpec,
    Container,
    Predictor,
    SeldonDeployment,
    get_mapping,
)
from webhook.graph.path import Path
from webhook.graph.well_known import HUGE_PAGES_PREFIX
from webhook.rules._format import quote_value
from webhook.rules._rendered import find_orchestrator_pod
from webhook.rules.pod.extended_resource_overcommit import explain_invalid_count
from webhook.rules.pod.request_over_limit import is_extended_resource

ACTION = "deny"
SINCE = "0.1.0"
WORDS = frozenset({"pod.overhead", "pod.resources"})

_SHARED_RESOURCES = ("cpu", "memory")
_OVERHEADS = (*_SHARED_RESOURCES, "ephemeral-storage")


def check(predictor: Predictor, deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each invalid amount (sources: validatePodResources, AggregateContainerRequests)."""
    bounded = [pod for pod in predictor.components if type(pod.pod.get("resources")) is dict]
    # Without resources of its own, the orchestrator asks for none in such a pod.
    orchestrators = [each for each in predictor.other_containers if each.role == "orchestrator"]
    orchestrator_pod = (
        find_orchestrator_pod(predictor, deployment, facts) if bounded and orchestrators else None
    )
    for pod in bounded:
        added = orchestrators if pod.pod is orchestrator_pod else []
        path = pod.path.join(("spec", "resources"))
        yield from _check_pod(pod, [*pod.containers, *added], pod.pod["resources"], path)
    for pod in predictor.components:
        if "overhead" in pod.pod:
            overhead = get_mapping(pod.pod, "overhead")
            yield from _check_overhead(overhead, pod.path.join(("spec", "overhead")))


def _check_overhead(overhead: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    for name, value in overhead.items():
        if is_extended_resource(name):
            if message := explain_invalid_count(name, value):
                yield Finding(path / name, message, "use an integer, or whole pages")
            elif name.startswith(HUGE_PAGES_PREFIX) and not set(_SHARED_RESOURCES) & {*overhead}:
                message = "hugepages require a cpu or memory setting"
                yield Finding(path / name, message, "add cpu")
        elif "/" not in name and name not in _OVERHEADS:
            yield Finding(path / name, f"unknown container resource {quote_value(name)}")


def _check_pod(
    component: ComponentSpec,
    containers: Sequence[Container],
    resources: Mapping[str, Any],
    path: Path,
) -> Iterator[Finding]:
    if get_mapping(component.pod, "os").get("name") == "windows":
        message = "a Windows pod does not support pod-level resources"
        yield Finding(path, message, "remove resources from the pod")
        return
    if resources.get("claims") is not None:  # an empty list is not allowed either
        yield Finding(path / "claims", "claims are not allowed in pod-level resources")
    limits, requests = get_mapping(resources, "limits"), get_mapping(resources, "requests")
    for field, amounts in (("limits", limits), ("requests", requests)):
        for name in amounts:
            if name not in _SHARED_RESOURCES and not name.startswith(HUGE_PAGES_PREFIX):
                message = (
                    f"unknown pod-level resource {quote_value(name)}; allowed: cpu, memory, "
                    "hugepages-"
                )
                yield Finding(path.join((field, name)), message)
            elif name.startswith(HUGE_PAGES_PREFIX) and not {*limits, *requests} & set(
                _SHARED_RESOURCES
            ):
                message = "hugepages require a cpu or memory setting"
                yield Finding(path.join((field, name)), message)
    yield from _check_huge_pages(limits, requests, path)
    for name, value in requests.items():
        requested, maximum = parse_quantity(value), parse_quantity(limits.get(name))
        if requested is not None and maximum is not None and requested > maximum:
            message = f"{name} request must be at most the limit {limits[name]}, got {value}"
            yield Finding(path.join(("requests", name)), message)
    yield from _check_containers(component, containers, limits, requests, path)


def _check_containers(
    component: ComponentSpec,
    containers: Sequence[Container],
    limits: Mapping[str, Any],
    requests: Mapping[str, Any],
    path: Path,
) -> Iterator[Finding]:
    pages = [n for n in (*limits, *requests) if n.startswith(HUGE_PAGES_PREFIX)]
    requested = dict.fromkeys((*_SHARED_RESOURCES, *pages), 0)
    for container in containers:
        container_amount = get_mapping(container.raw, "resources")
        for name in requested:
            limit, request = (
                parse_quantity(get_mapping(container_amount, f).get(name))
                for f in ("limits", "requests")
            )
            largest = parse_quantity(limits.get(name))
            if limit is not None and largest is not None and limit > largest:
                shown_value = get_mapping(container_amount, "limits")[name]
                message = (
                    f"{name} limit must be at most the pod's {limits[name]}, got {shown_value}"
                )
                yield Finding(container.path.join(("resources", "limits", name)), message)
            requested[name] += (limit if request is None else request) or 0
    for name, total in requested.items():
        staying, largest = _init_requests(component, name)
        requested[name] = max(total + staying, largest)
    for name, total in requested.items():
        # A pod without a request gets its limit for one.
        field, amounts = ("requests", requests) if name in requests else ("limits", limits)
        pod_amount = parse_quantity(amounts.get(name))
        if pod_amount is not None and total > pod_amount:
            message = f"the containers request more {name} than the pod's {amounts[name]}"
            yield Finding(path.join((field, name)), message)


def _init_requests(component: ComponentSpec, name: str) -> tuple[int, int]:
    """Return what init containers that stay request, and the most while init containers run."""
    staying = largest = 0
    for container in component.init_containers:
        resources = get_mapping(container.raw, "resources")
        limit, request = (
            parse_quantity(get_mapping(resources, field).get(name))
            for field in ("limits", "requests")
        )
        own = (limit if request is None else request) or 0
        if container.runs_to_completion:
            largest = max(largest, staying + own)
        else:
            staying += own
            largest = max(largest, staying)
    return staying, largest


def _check_huge_pages(
    limits: Mapping[str, Any], requests: Mapping[str, Any], path: Path
) -> Iterator[Finding]:
    """Yield huge pages with a wrong size, or with a request that is not the limit."""
    for field, amounts in (("limits", limits), ("requests", requests)):
        for name, value in amounts.items():
            if name.startswith(HUGE_PAGES_PREFIX) and (
                message := explain_invalid_count(name, value)
            ):
                yield Finding(path.join((field, name)), message)
    for name, value in requests.items():
        if name.startswith(HUGE_PAGES_PREFIX) and parse_quantity(
            limits.get(name)
        ) != parse_quantity(value):
            message = f"{name} needs a limit equal to its request of {value}"
            yield Finding(path.join(("limits", name)), message, f"set the limit to {value}")
