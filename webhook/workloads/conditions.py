"""The conditions in the status of a SeldonDeployment: Seldon's, and NoOrchestrator. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from webhook.graph.model import Deployment, items, text
from webhook.workloads.plan import BUDGET, SCALERS
from webhook.workloads.readiness import Seen, lack, listed, unready

State = Literal["Available", "Creating", "Failed"]

Condition = dict[str, str]


def conditions(view: Deployment, seen: Seen, state: State, description: str) -> Iterator[Condition]:
    """Yield the conditions, without their times, always in the same order."""
    late_keys = {one.key for one in unready(seen)}
    kinds: dict[str, Iterable[str]] = {
        "DeploymentsReady": ("Deployment",),
        "ServicesReady": ("Service",),
        "HpasReady": ("HorizontalPodAutoscaler",),
        "KedaReady": SCALERS - {"HorizontalPodAutoscaler"},
        "PdbsReady": (BUDGET,),
    }
    for name, of in kinds.items():
        own = [one for one in seen.wanted if one.key[0] in of]
        late = [one for one in own if one.key in late_keys]
        if seen.trouble and not seen.wanted:
            yield _condition(name, "Unknown", seen.trouble.reason, "")
        elif late:
            said = listed([f"{one.key[1]}: {lack(seen, one)}" for one in late])
            yield _condition(name, "False", "NotReady", said)
        elif own or name in ("DeploymentsReady", "ServicesReady"):
            yield _condition(name, "True", "", "")
    if without := _several_nodes(view, has_engine=seen.has_engine):
        yield _condition("NoOrchestrator", "True", "NoEngineImage", without)
    reason = seen.trouble.reason if seen.trouble else "" if state == "Available" else state
    ready = "True" if state == "Available" else "False"
    yield _condition("Ready", ready, reason, description)


def _condition(kind: str, status: str, reason: str, message: str) -> Condition:
    told = {"type": kind, "status": status, "reason": reason, "message": message}
    return {key: value for key, value in told.items() if value}


def _several_nodes(view: Deployment, *, has_engine: bool) -> str:
    """Return which predictors have a graph that nobody walks; "": none."""
    if has_engine:
        return ""
    told = [
        f"{predictor.path}: the graph has {len(predictor.nodes)} nodes, "
        f"and without an orchestrator only {predictor.nodes[0].name} is called"
        for predictor in view.predictors
        if len(predictor.nodes) > 1
    ]
    return listed(told)


def dated(undated: Iterable[Condition], previous: Mapping[str, Any], now: str) -> list[Condition]:
    """Return conditions with since when their status holds; `previous` is the whole status."""
    before = {text(c, "type"): c for c in items(previous, "conditions") if type(c) is dict}
    found = []
    for condition in undated:
        old = before.get(condition["type"], {})
        same = text(old, "status") == condition["status"]
        since = text(old, "lastTransitionTime") if same else ""
        found.append({**condition, "lastTransitionTime": since or now})
    return found
