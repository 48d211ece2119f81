"""What the status of a SeldonDeployment says: Seldon's fields, and `observedGeneration`. Pure.

    state: Creating
    description: 'Deployment iris-main-0-classifier: 0 of 1 pods are available; pod …-x7k2p:
      classifier: ImagePullBackOff: Back-off pulling image "registry.example/iris:1"'
    deploymentStatus: {iris-main-0-classifier: {replicas: 1, availableReplicas: 0}}
    serviceStatus: {iris-main: {svcName: iris-main, httpEndpoint: "iris-main.models:8000", …}}
    conditions: [{type: DeploymentsReady, status: "False", …}, …, {type: Ready, …}]

It is Available only if every object is there as the present generation wants it, every Deployment
is rolled out (one that is desired with no pods is) and every graph has an orchestrator. One that
only waits for its turn after a change of settings or seldon-config stays Available, and its status
says so.

What Kubernetes says of a child is quoted. Nothing here depends on the outcome of a request, so a
conflict shows nowhere.

Belongs here: the words. Does not belong here: whether it is written (`controller`).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from webhook.controller.state.conditions import (
    State,
    build_conditions,
    find_unwalked_graphs,
    with_transition_times,
)
from webhook.controller.state.observed import ObservedObject
from webhook.controller.state.plan import DesiredObject, is_ready
from webhook.controller.state.progress import (
    ReconcileError,
    ReconcileState,
    held_updates,
    not_ready,
    not_ready_reason,
    rollout_failures,
    summarize,
)
from webhook.graph.model import (
    Predictor,
    SeldonDeployment,
    get_int,
    get_mapping,
    get_str,
    iter_mappings,
)
from webhook.graph.well_known import CLUSTER_DOMAIN, EXPLAINER_LABEL
from webhook.rendering.metadata import PREDICTOR_SERVICE
from webhook.rendering.model_servers import V2_PROTOCOLS

__all__ = ["ReconcileError", "ReconcileState", "build_status", "merge_patch"]

MAX_DESCRIPTION_LENGTH = 2_000
"""Characters of a description. Kubernetes itself cuts messages at 1,024 (events) to 32,768."""


def build_status(
    view: SeldonDeployment, reconcile_state: ReconcileState, previous: Mapping[str, Any], now: str
) -> dict[str, Any]:
    """Return the status.

    previous  the status that is there; conditions that hold on keep their lastTransitionTime
    now       RFC 3339, for those that change
    """
    state, description = _state_and_description(view, reconcile_state)
    description = description[:MAX_DESCRIPTION_LENGTH]
    return {
        "state": state,
        **({"description": description} if description else {}),
        "observedGeneration": reconcile_state.generation,
        "replicas": sum(
            child.rollout.total for child in _serving_deployments(reconcile_state) if child.rollout
        ),
        "deploymentStatus": dict(_deployment_status(reconcile_state)),
        "serviceStatus": dict(_service_status(reconcile_state)),
        **_address(view, reconcile_state),
        "conditions": with_transition_times(
            build_conditions(view, reconcile_state, state, description), previous, now
        ),
    }


def merge_patch(previous: Mapping[str, Any], status: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON merge patch (RFC 7396) from one status to the other; empty: they are equal.

    A patch and no server-side apply, because names that another operator left in maps must go.
    """
    patch: dict[str, Any] = {key: None for key in previous if key not in status}
    for key, value in status.items():
        old_value = previous.get(key)
        if type(value) is dict and type(old_value) is dict:
            nested = merge_patch(old_value, value)
            if nested:
                patch[key] = nested
        elif old_value != value or type(old_value) is not type(value):
            patch[key] = value
    return patch


def _state_and_description(view: SeldonDeployment, state: ReconcileState) -> tuple[State, str]:
    if state.error is not None:
        return "Failed", state.error.message
    failed = [f for one in state.desired for f in rollout_failures(state, one)]
    if failed:
        return "Failed", summarize(failed)
    if unwalked := find_unwalked_graphs(view, has_orchestrator=state.has_orchestrator):
        return "Failed", unwalked
    if state.unserved:
        return "Failed", summarize([" ".join(k) + f": {v}" for k, v in state.unserved.items()])
    missing = [
        f"{one.key[0]} {one.key[1]}: {not_ready_reason(state, one)}" for one in not_ready(state)
    ]
    if missing:
        return "Creating", summarize(missing)
    return "Available", summarize(list(held_updates(state)))


def _serving_deployments(state: ReconcileState) -> Iterator[ObservedObject]:
    """Yield the Deployments whose pods serve the graph."""
    explainers = _explainers(state)
    for observed in state.observed.values():
        if observed.rollout is not None and observed.name not in explainers:
            yield observed


def _explainers(state: ReconcileState) -> dict[str, str]:
    """Return the names of explainers, each with the predictor's Service that it is for."""
    return {
        one.key[1]: get_str(_labels(one), PREDICTOR_SERVICE)
        for one in state.desired
        if one.key[0] == "Service" and EXPLAINER_LABEL in _labels(one)
    }


def _labels(desired: DesiredObject) -> Mapping[str, Any]:
    return get_mapping(desired.object["metadata"], "labels")


def _deployment_status(state: ReconcileState) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the Deployments that are desired or still there, by name."""
    explainers = _explainers(state)
    desired = {one.key[1]: one for one in state.desired if one.key[0] == "Deployment"}
    existing = {name for kind, name in state.observed if kind == "Deployment"}
    for name in sorted(desired.keys() | existing):
        observed = state.observed.get(("Deployment", name))
        rollout = observed.rollout if observed else None
        entry: dict[str, Any] = {
            "replicas": rollout.total if rollout else 0,
            "availableReplicas": rollout.available if rollout else 0,
        }
        one = desired.get(name)
        if one is None:
            if not state.error:
                kept = state.traffic.kept.get(("Deployment", name))
                entry["description"] = (
                    f"it is kept: {kept}" if kept else "it is deleted when its replacement runs"
                )
        elif not is_ready(one, observed):
            entry["description"] = summarize(
                list(rollout_failures(state, one))
            ) or not_ready_reason(state, one)
        if name in explainers:
            entry["explainerFor"] = explainers[name]
        yield name, entry


def _service_status(state: ReconcileState) -> Iterator[tuple[str, dict[str, Any]]]:
    explainers = _explainers(state)
    for one in sorted(state.desired, key=lambda w: w.key):
        kind, name = one.key
        if kind != "Service":
            continue
        host = f"{name}.{one.object['metadata']['namespace']}"
        ports = {get_str(port, "name"): get_int(port, "port") for port in _ports(one)}
        entry = {"svcName": name}
        entry |= {f"{key}Endpoint": f"{host}:{port}" for key, port in ports.items()}
        if name in explainers:
            entry["explainerFor"] = explainers[name]
        yield name, entry


def _ports(service: DesiredObject) -> Iterable[Mapping[str, Any]]:
    return (port for _, port in iter_mappings(get_mapping(service.object, "spec"), "ports"))


def _address(view: SeldonDeployment, state: ReconcileState) -> dict[str, Any]:
    """Return where the first predictor that answers is called; Seldon's names a shadow, too."""
    for predictor in view.predictors:
        service = None if predictor.is_shadow else _predictor_service(predictor, state)
        if service is not None:
            name, namespace = service.key[1], service.object["metadata"]["namespace"]
            port = next((get_int(p, "port") for p in _ports(service)), None)
            host = f"{name}.{namespace}.{CLUSTER_DOMAIN}:{port}"
            return {"address": {"url": f"http://{host}{_prediction_path(view, predictor)}"}}
    return {}


def _predictor_service(predictor: Predictor, state: ReconcileState) -> DesiredObject | None:
    """Return the predictor's own Service."""
    for one in state.desired:
        is_own = get_str(_labels(one), PREDICTOR_SERVICE) == one.key[1]
        is_of_predictor = one.rendered.trace(())[: len(predictor.path)] == predictor.path
        if one.key[0] == "Service" and is_own and is_of_predictor:
            return one
    return None


def _prediction_path(view: SeldonDeployment, predictor: Predictor) -> str:
    """Return the URL for predictions (source: seldon-core, controllers/utils)."""
    protocol = get_str(view.spec, "protocol")
    model = predictor.graph.name if predictor.graph else ""
    if protocol == "tensorflow":
        return f"/v1/models/{model}:predict"
    return f"/v2/models/{model}/infer" if protocol in V2_PROTOCOLS else "/api/v1.0/predictions"
