"""Updates without a change of the spec are slow: one Deployment of an object after the other. Pure.

A changed seldon-config, settings file or version of graphgate changes the pods of every object at
once. What an author wrote is rolled out at once, as Kubernetes does it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from webhook.controller.state.observed import ObjectKey, ObservedObject
from webhook.controller.state.plan import Apply, DesiredObject, PlannedAction, is_ready


class RolloutStep(NamedTuple):
    """Actions that may be applied now, and the Deployments that wait, each with the reason."""

    actions: tuple[PlannedAction, ...]
    held: Mapping[str, str]


def updates_deployment(action: PlannedAction) -> bool:
    """Return whether an action replaces pods that are there."""
    is_update = isinstance(action, Apply) and action.reason == "changed"
    return is_update and isinstance(action, Apply) and action.desired.key[0] == "Deployment"


def limit_to_one_deployment(
    actions: Sequence[PlannedAction],
    desired: Sequence[DesiredObject],
    observed: Mapping[ObjectKey, ObservedObject],
) -> RolloutStep:
    """Return the actions with one update of a Deployment at most; none while one is rolled out."""
    pending = [a.desired for a in actions if isinstance(a, Apply) and updates_deployment(a)]
    names = {one.key for one in pending}
    rolling = [
        one.key
        for one in desired
        if one.key[0] == "Deployment"
        and one.key not in names
        and one.key in observed
        and _is_rolling_out(one, observed[one.key])
    ]
    first = (rolling or [one.key for one in pending] or [("", "")])[0]
    held = {
        one.key[1]: f"its update waits until Deployment {first[1]} is rolled out"
        for one in pending
        if one.key != first
    }
    return _without(actions, held)


def hold_all(actions: Sequence[PlannedAction], reason: str) -> RolloutStep:
    """Return the actions without any update of a Deployment."""
    held = {
        action.desired.key[1]: reason
        for action in actions
        if isinstance(action, Apply) and updates_deployment(action)
    }
    return _without(actions, held)


def _is_rolling_out(desired: DesiredObject, observed: ObservedObject) -> bool:
    """Return whether pods may still become available; a failed rollout does not hold up others."""
    rollout = observed.rollout
    given_up = rollout is not None and (rollout.progress_message or rollout.failure_message)
    return not given_up and not is_ready(desired, observed)


def _without(actions: Sequence[PlannedAction], held: Mapping[str, str]) -> RolloutStep:
    kept = tuple(
        action
        for action in actions
        if not (
            isinstance(action, Apply)
            and updates_deployment(action)
            and action.desired.key[1] in held
        )
    )
    return RolloutStep(kept, held)
