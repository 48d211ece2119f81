"""How long to wait before the next try: the one back-off of watches, queues and renewals.

Pure but for the randomness, which is handed in: replicas that lost the same API server must not
come back in the same moment. Not here: the pace of a lease (`leader_election`), which is the same
at each try.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Delays that double from `base` to `maximum` seconds, each shortened by up to a half.

    jitter  returns a number from 0 to 1
    """

    base: float
    maximum: float
    jitter: Callable[[], float]
    failures: int = 0

    def next_delay(self) -> float:
        """Return the seconds to wait after one more failure."""
        # 2**20 is far above any maximum; without it a long outage would compute a huge number.
        delay = min(self.maximum, self.base * 2.0 ** min(self.failures, 20))
        self.failures += 1
        return delay * (1.0 - self.jitter() / 2.0)

    def reset(self) -> None:
        """Begin with the first delay again."""
        self.failures = 0
