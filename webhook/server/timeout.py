"""A timeout of a review, from inside: the caller sees the reason.

Without it the API server gives up by itself and says "context deadline exceeded", which names
neither the rule nor the object. Evaluation is one synchronous call in the loop, so no task can be
cancelled: a timer of the kernel interrupts it. Whatever the engine was in then raises
`ReviewTimeoutError`; the engine counts that as the failure of the rule it was in, and goes on with
the next, which is interrupted in its turn after `_REPEAT_INTERVAL_SECONDS`.

Interrupted is Python code, between two instructions. One call into a library that is written in C
(a parser, the CEL engine) runs to its end first; those are bounded by the size of what they read.
"""

import signal
import time
from types import FrameType

from webhook.errors import ReviewTimeoutError

_REPEAT_INTERVAL_SECONDS = 0.02
"""Seconds for each rule that is still to run after the deadline. Sixty rules take well under a
millisecond together, so only those that are as slow themselves feel it."""


_SOFT_FRACTION = 0.9
"""The part of the time after which callers of `expired` should stop by themselves, with their own
message, before they are interrupted."""


class ReviewTimeout:
    """Takes over SIGALRM for the life of the process. For the main thread only.

        timeout.start()
        try:
            ...  # ReviewTimeoutError is raised in here when the time is over
        finally:
            timeout.is_running = False
            timeout.stop()

    The first statement of `finally` is not a call, before which Python would check for alarms: the
    caller can then build a response without interruption.
    """

    def __init__(self, seconds: float) -> None:
        """Set how long one review may take."""
        self.is_running = False
        self._seconds = seconds
        self._soft_deadline = 0.0
        # Once and not for each review: that would cost 12 us instead of 2.
        signal.signal(signal.SIGALRM, self._interrupt)

    def start(self) -> None:
        """Start to measure."""
        self._soft_deadline = time.monotonic() + self._seconds * _SOFT_FRACTION
        self.is_running = True
        signal.setitimer(signal.ITIMER_REAL, self._seconds, _REPEAT_INTERVAL_SECONDS)

    def stop(self) -> None:
        """Have no more alarms; they are ignored since `is_running` was set to False."""
        signal.setitimer(signal.ITIMER_REAL, 0.0)

    def is_expired(self) -> bool:
        """Return whether the present review should come to its end."""
        return time.monotonic() > self._soft_deadline

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if self.is_running:
            raise ReviewTimeoutError(
                f"the time limit of {self._seconds:g} s for one evaluation is exceeded"
            )
