"""What the status of a SeldonDeployment says: Seldon's fields, and `observedGeneration`. Pure.

    state: Creating
    description: 'Deployment iris-main-0-classifier: 0 of 1 pods are available; pod …-x7k2p:
      classifier: ImagePullBackOff: Back-off pulling image "registry.example/iris:1"'
    deploymentStatus: {iris-main-0-classifier: {replicas: 1, availableReplicas: 0}}
    serviceStatus: {iris-main: {svcName: iris-main, httpEndpoint: "iris-main.models:8000", …}}
    conditions: [{type: DeploymentsReady, status: "False", …}, …, {type: Ready, …}]

It is Available only if every object is there as the present generation wants it and every
Deployment is rolled out; a Deployment that is wanted with no pods is. What Kubernetes says of a
child is quoted. Nothing here depends on the outcome of a request, so a conflict shows nowhere.

Belongs here: the words. Does not belong here: whether it is written (`controller`).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from webhook.graph.model import Deployment, Predictor, mapping, mappings, number, text
from webhook.workloads.conditions import State, conditions, dated
from webhook.workloads.live import Child
from webhook.workloads.metadata import PREDICTOR_SERVICE
from webhook.workloads.plan import Wanted, is_ready
from webhook.workloads.readiness import Seen, Trouble, failures, lack, listed, unready
from webhook.workloads.servers import V2

__all__ = ["Seen", "Trouble", "changes", "report"]

LONGEST = 2_000
"""Characters of a description. Kubernetes itself cuts messages at 1,024 (events) to 32,768."""


def report(view: Deployment, seen: Seen, previous: Mapping[str, Any], now: str) -> dict[str, Any]:
    """Return the status.

    previous  the status that is there; conditions that hold on keep their lastTransitionTime
    now       RFC 3339, for those that change
    """
    state, description = _verdict(seen)
    description = description[:LONGEST]
    return {
        "state": state,
        **({"description": description} if description else {}),
        "observedGeneration": seen.generation,
        "replicas": sum(child.pods.total for child in _serving(seen) if child.pods),
        "deploymentStatus": dict(_deployments(seen)),
        "serviceStatus": dict(_services(seen)),
        **_address(view, seen),
        "conditions": dated(conditions(view, seen, state, description), previous, now),
    }


def changes(previous: Mapping[str, Any], status: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON merge patch (RFC 7396) from one status to the other; empty: they are equal.

    A patch and no server-side apply, because names that another operator left in maps must go.
    """
    patch: dict[str, Any] = {key: None for key in previous if key not in status}
    for key, value in status.items():
        before = previous.get(key)
        if type(value) is dict and type(before) is dict:
            below = changes(before, value)
            if below:
                patch[key] = below
        elif before != value or type(before) is not type(value):
            patch[key] = value
    return patch


def _verdict(seen: Seen) -> tuple[State, str]:
    if seen.trouble is not None:
        return "Failed", seen.trouble.message
    failed = [f for one in seen.wanted for f in failures(seen, one)]
    if failed:
        return "Failed", listed(failed)
    missing = [f"{one.key[0]} {one.key[1]}: {lack(seen, one)}" for one in unready(seen)]
    return ("Creating", listed(missing)) if missing else ("Available", "")


def _serving(seen: Seen) -> Iterator[Child]:
    """Yield the Deployments whose pods serve the graph."""
    explainers = _explainers(seen)
    for child in seen.children.values():
        if child.pods is not None and child.name not in explainers:
            yield child


def _explainers(seen: Seen) -> dict[str, str]:
    """Return the names of explainers, each with the predictor's Service that it is for."""
    return {
        one.key[1]: text(_labels(one), PREDICTOR_SERVICE)
        for one in seen.wanted
        if one.key[0] == "Service" and "seldon.io/explainer" in _labels(one)
    }


def _labels(wanted: Wanted) -> Mapping[str, Any]:
    return mapping(wanted.object["metadata"], "labels")


def _deployments(seen: Seen) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the Deployments that are wanted or still there, by name."""
    explainers = _explainers(seen)
    wanted = {one.key[1]: one for one in seen.wanted if one.key[0] == "Deployment"}
    there = {name for kind, name in seen.children if kind == "Deployment"}
    for name in sorted(wanted.keys() | there):
        child = seen.children.get(("Deployment", name))
        pods = child.pods if child else None
        told: dict[str, Any] = {
            "replicas": pods.total if pods else 0,
            "availableReplicas": pods.available if pods else 0,
        }
        one = wanted.get(name)
        if one is None:
            if not seen.trouble:
                told["description"] = "it goes as soon as what replaces it runs"
        elif not is_ready(one, child):
            told["description"] = listed(list(failures(seen, one))) or lack(seen, one)
        if name in explainers:
            told["explainerFor"] = explainers[name]
        yield name, told


def _services(seen: Seen) -> Iterator[tuple[str, dict[str, Any]]]:
    explainers = _explainers(seen)
    for one in sorted(seen.wanted, key=lambda w: w.key):
        kind, name = one.key
        if kind != "Service":
            continue
        host = f"{name}.{one.object['metadata']['namespace']}"
        ports = {text(port, "name"): number(port, "port") for port in _ports(one)}
        told = {"svcName": name}
        told |= {f"{key}Endpoint": f"{host}:{port}" for key, port in ports.items()}
        if name in explainers:
            told["explainerFor"] = explainers[name]
        yield name, told


def _ports(service: Wanted) -> Iterable[Mapping[str, Any]]:
    return (port for _, port in mappings(mapping(service.object, "spec"), "ports"))


def _address(view: Deployment, seen: Seen) -> dict[str, Any]:
    """Return where the first predictor that answers is called; Seldon's names a shadow, too."""
    for predictor in view.predictors:
        service = None if predictor.shadow else _front(predictor, seen)
        if service is not None:
            name, namespace = service.key[1], service.object["metadata"]["namespace"]
            port = next((number(p, "port") for p in _ports(service)), None)
            host = f"{name}.{namespace}.svc.cluster.local:{port}"
            return {"address": {"url": f"http://{host}{_path(view, predictor)}"}}
    return {}


def _front(predictor: Predictor, seen: Seen) -> Wanted | None:
    """Return the predictor's own Service."""
    for one in seen.wanted:
        is_own = text(_labels(one), PREDICTOR_SERVICE) == one.key[1]
        within = one.source.trace(())[: len(predictor.path)] == predictor.path
        if one.key[0] == "Service" and is_own and within:
            return one
    return None


def _path(view: Deployment, predictor: Predictor) -> str:
    """Return where predictions are asked for (source: seldon-core, controllers/utils)."""
    protocol = text(view.spec, "protocol")
    model = predictor.graph.name if predictor.graph else ""
    if protocol == "tensorflow":
        return f"/v1/models/{model}:predict"
    return f"/v2/models/{model}/infer" if protocol in V2 else "/api/v1.0/predictions"
