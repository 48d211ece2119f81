"""Two that both insist on one field must not change it in turns as fast as they can.

A field that somebody took is taken back at once; if it is taken again and again, ever more slowly.
"""

from collections.abc import Callable, Sequence

from webhook.workloads.plan import Action, Apply

FIRST = 1.0
"""Seconds between the first two times; each pause is twice the last."""

LONGEST = 300.0

QUIET = 600.0
"""Seconds without a quarrel after which it is forgotten."""


class Restraint:
    """Remembers by uid how often fields were taken back.

    Each object is asked about by one thread at a time; those of different objects do not meet.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._quarrels: dict[str, tuple[float, float]] = {}

    def allow(self, actions: Sequence[Action]) -> tuple[list[Action], float | None]:
        """Return what may be done now, and in how many seconds the rest may be; None: no rest."""
        allowed: list[Action] = []
        waits: list[float] = []
        for action in actions:
            wait = self._wait(action)
            if wait > 0.0:
                waits.append(wait)
            else:
                allowed.append(action)
        return allowed, min(waits, default=None)

    def _wait(self, action: Action) -> float:
        if not isinstance(action, Apply) or action.why != "taken" or action.live is None:
            return 0.0
        now, uid = self._clock(), action.live.uid
        due, pause = self._quarrels.get(uid, (now, FIRST / 2))
        if now < due:
            return due - now
        if now - due > QUIET:
            pause = FIRST / 2
        if len(self._quarrels) > 1_000:
            self._quarrels = {u: q for u, q in self._quarrels.items() if now - q[0] <= QUIET}
        pause = min(2 * pause, LONGEST)
        self._quarrels[uid] = (now + pause, pause)
        return 0.0
