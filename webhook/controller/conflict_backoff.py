"""Two that both insist on one field must not change it in turns as fast as they can.

A field that another manager took is taken back at once; if that repeats, with increasing delays.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from webhook.controller.state.plan import Apply, PlannedAction
from webhook.kube.backoff import Backoff

BACKOFF_BASE_SECONDS = 1.0
"""Seconds between the first two times; each pause is twice the last."""

MAX_BACKOFF_SECONDS = 300.0

CONFLICT_RESET_SECONDS = 600.0
"""Seconds without a conflict after which the backoff resets."""


class DueActions(NamedTuple):
    """What may be done now.

    requeue_after  seconds until the rest may be done; None: there is no rest
    """

    actions: list[PlannedAction]
    requeue_after: float | None = None


class ConflictBackoff:
    """Remembers by uid how often fields were taken back.

    One thread at a time uses the state of an object; different objects are independent.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._conflicts: dict[str, tuple[float, Backoff]] = {}

    def filter_due(self, actions: Sequence[PlannedAction]) -> DueActions:
        """Return what may be done now."""
        allowed: list[PlannedAction] = []
        delays: list[float] = []
        for action in actions:
            delay = self._delay(action)
            if delay > 0.0:
                delays.append(delay)
            else:
                allowed.append(action)
        return DueActions(allowed, min(delays, default=None))

    def _delay(self, action: PlannedAction) -> float:
        if not isinstance(action, Apply) or action.reason != "taken" or action.observed is None:
            return 0.0
        now, uid = self._clock(), action.observed.uid
        due, backoff = self._conflicts.get(uid) or (now, _new_backoff())
        if now < due:
            return due - now
        if now - due > CONFLICT_RESET_SECONDS:
            backoff.reset()
        if len(self._conflicts) > 1_000:
            self._conflicts = {
                u: q for u, q in self._conflicts.items() if now - q[0] <= CONFLICT_RESET_SECONDS
            }
        self._conflicts[uid] = (now + backoff.next_delay(), backoff)
        return 0.0


def _new_backoff() -> Backoff:
    # Without jitter: one process is in conflict, and objects differ in their times.
    return Backoff(BACKOFF_BASE_SECONDS, MAX_BACKOFF_SECONDS, jitter=lambda: 0.0)
