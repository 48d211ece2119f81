"""Why objects of a SeldonDeployment are not ready, as messages. Pure.

Belongs here: one object at a time. Does not belong here: what follows for the whole (`status`,
`conditions`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from webhook.controller.state.observed import ObjectKey, ObservedObject, RolloutStatus
from webhook.controller.state.plan import DesiredObject, is_ready
from webhook.controller.state.traffic import NO_TRAFFIC, TrafficStep

MAX_SHOWN_MESSAGES = 3
"""Errors that a description spells out; the conditions of the children have the others."""


@dataclass(frozen=True, slots=True)
class ReconcileError:
    """Why the document was not, or not wholly, applied: a word for programs, and a sentence."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class ReconcileState:
    """What one reconciliation of a SeldonDeployment found.

    generation        the metadata.generation of the document
    desired           the desired objects; none where it was denied
    observed          the objects that are there
    error             None: all was applied, or is being applied
    notes             by Deployment: why its pods do not start, as their kubelet says
    held              Deployments whose update waits for others, each with the reason
    unserved          what cannot be made because the cluster lacks its type, with that sentence
    traffic           what may be done about routes, as it was before this pass wrote anything
    has_orchestrator  whether an orchestrator is configured
    """

    generation: int
    desired: Sequence[DesiredObject]
    observed: Mapping[ObjectKey, ObservedObject]
    error: ReconcileError | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, str] = field(default_factory=dict)
    unserved: Mapping[ObjectKey, str] = field(default_factory=dict)
    traffic: TrafficStep = NO_TRAFFIC
    has_orchestrator: bool = False


def not_ready(state: ReconcileState) -> Iterator[DesiredObject]:
    """Yield what is not as it should be, but for what runs and only waits for its update."""
    for one in state.desired:
        observed = state.observed.get(one.key)
        if not is_ready(one, observed) and not _is_held(state, observed):
            yield one


def held_updates(state: ReconcileState) -> Iterator[str]:
    """Yield which Deployments run as before and wait for their update."""
    for one in state.desired:
        if _is_held(state, state.observed.get(one.key)):
            yield f"Deployment {one.key[1]}: {state.held[one.key[1]]}"


def _is_held(state: ReconcileState, observed: ObservedObject | None) -> bool:
    return (
        observed is not None
        and observed.rollout is not None
        and observed.name in state.held
        and observed.rollout.rolled_out
        and not observed.is_deleting
    )


def rollout_failures(state: ReconcileState, desired: DesiredObject) -> Iterator[str]:
    """Yield why a Deployment cannot come up, in Kubernetes' words."""
    observed = state.observed.get(desired.key)
    if observed is None or observed.rollout is None or observed.digest != desired.digest:
        return
    pods = observed.rollout
    if pods.is_current and not pods.rolled_out:
        for message in (pods.failure_message, pods.progress_message):
            if message:
                note = state.notes.get(observed.name)
                yield f"Deployment {observed.name}: {message}" + (f"; {note}" if note else "")
                return


def not_ready_reason(state: ReconcileState, desired: DesiredObject) -> str:
    """Return what keeps an object from being ready."""
    observed = state.observed.get(desired.key)
    if unserved := state.unserved.get(desired.key):
        return unserved
    if waiting := state.traffic.held.get(desired.key) or state.traffic.staged.get(desired.key):
        return f"waiting: {waiting}"
    if observed is None:
        return "it does not exist yet"
    if observed.is_deleting:
        return "it is being replaced"
    if observed.digest != desired.digest:
        return state.held.get(observed.name, "it is not up to date yet")
    note = state.notes.get(observed.name)
    return _rollout_progress(observed.rollout) + (f"; {note}" if note else "")


def _rollout_progress(rollout: RolloutStatus | None) -> str:
    if rollout is None or not rollout.is_current:
        return "Kubernetes has not observed it yet"
    if rollout.progress_reason == "DeploymentPaused":
        return "its rollout is paused"
    if rollout.updated < rollout.desired:
        return f"{rollout.updated} of {rollout.desired} pods are updated"
    if rollout.total > rollout.updated:
        return f"{rollout.total - rollout.updated} old pods are still running"
    return f"{rollout.available} of {rollout.desired} pods are available"


def summarize(messages: Sequence[str]) -> str:
    """Return errors as one sentence."""
    more = len(messages) - MAX_SHOWN_MESSAGES
    return "; ".join(messages[:MAX_SHOWN_MESSAGES]) + (f"; and {more} more" if more > 0 else "")
