"""The conditions in the status of a SeldonDeployment: Seldon's and graphgate's. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from webhook.controller.state.plan import AUTOSCALER_KINDS, PDB_KIND
from webhook.controller.state.progress import ReconcileState, not_ready, not_ready_reason, summarize
from webhook.controller.state.traffic_status import find_traffic_verdict
from webhook.graph.model import SeldonDeployment, get_list, get_str

State = Literal["Available", "Creating", "Failed"]

Condition = dict[str, str]


def build_conditions(
    view: SeldonDeployment, reconcile_state: ReconcileState, state: State, description: str
) -> Iterator[Condition]:
    """Yield the conditions, without their times, always in the same order."""
    not_ready_keys = {one.key for one in not_ready(reconcile_state)}
    kinds: dict[str, Iterable[str]] = {
        "DeploymentsReady": ("Deployment",),
        "ServicesReady": ("Service",),
        "HpasReady": ("HorizontalPodAutoscaler",),
        "KedaReady": AUTOSCALER_KINDS - {"HorizontalPodAutoscaler"},
        "PdbsReady": (PDB_KIND,),
    }
    for name, of in kinds.items():
        objects = [one for one in reconcile_state.desired if one.key[0] in of]
        not_ready_objects = [one for one in objects if one.key in not_ready_keys]
        if reconcile_state.error and not reconcile_state.desired:
            yield _condition(name, "Unknown", reconcile_state.error.reason, "")
        elif not_ready_objects:
            message = summarize(
                [
                    f"{one.key[1]}: {not_ready_reason(reconcile_state, one)}"
                    for one in not_ready_objects
                ]
            )
            yield _condition(name, "False", "NotReady", message)
        elif objects or name in ("DeploymentsReady", "ServicesReady"):
            yield _condition(name, "True", "", "")
    if traffic := find_traffic_verdict(view, reconcile_state):
        yield _condition("TrafficRouted", *traffic)
    if unwalked := find_unwalked_graphs(view, has_orchestrator=reconcile_state.has_orchestrator):
        yield _condition("OrchestratorMissing", "True", "NoExecutorImage", unwalked)
    if reconcile_state.error:
        reason = reconcile_state.error.reason
    elif state == "Available":
        reason = ""
    else:
        reason = "OrchestratorMissing" if description == unwalked else state
    ready = "True" if state == "Available" else "False"
    yield _condition("Ready", ready, reason, description)


def _condition(kind: str, status: str, reason: str, message: str) -> Condition:
    condition = {"type": kind, "status": status, "reason": reason, "message": message}
    return {key: value for key, value in condition.items() if value}


def find_unwalked_graphs(view: SeldonDeployment, *, has_orchestrator: bool) -> str:
    """Return which predictors have a graph without an orchestrator, and what to do; "": none."""
    if has_orchestrator:
        return ""
    messages = [
        f"{predictor.path}: the graph has {len(predictor.nodes)} nodes, "
        f"but without an orchestrator only {predictor.nodes[0].name} is called; start the "
        "reconciler with --executor-image"
        for predictor in view.predictors
        if len(predictor.nodes) > 1
    ]
    return summarize(messages)


def with_transition_times(
    new_conditions: Iterable[Condition], previous: Mapping[str, Any], now: str
) -> list[Condition]:
    """Return conditions with since when their status holds; `previous` is the whole status."""
    old_conditions = {
        get_str(c, "type"): c for c in get_list(previous, "conditions") if type(c) is dict
    }
    result = []
    for condition in new_conditions:
        old = old_conditions.get(condition["type"], {})
        same = get_str(old, "status") == condition["status"]
        since = get_str(old, "lastTransitionTime") if same else ""
        result.append({**condition, "lastTransitionTime": since or now})
    return result
