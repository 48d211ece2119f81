"""Waiting for another process, with a deadline: the only place here that sleeps."""

import time
from collections.abc import Callable

from tools.control_plane.errors import NotReadyError

# Short against what is waited for (seconds), long against the price of asking (2 ms).
_POLL_INTERVAL_SECONDS = 0.05


def wait_until(condition: Callable[[], bool], *, what: str, seconds: float) -> None:
    """Return when the condition holds; raise NotReady("… : not within 30 s") after the deadline.

    What the condition raises ends the wait.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise NotReadyError(f"{what}: not within {seconds:g} s")
        time.sleep(_POLL_INTERVAL_SECONDS)
