"""Whether something that runs in the background can be relied on: what a readiness check shows.

Here because `kube` is the lowest package with something to report; `runtime.health` serves it.
"""

from typing import Literal, NamedTuple

CheckState = Literal["ok", "degraded", "failed"]


class CheckResult(NamedTuple):
    """What a check found. Only "failed" makes the process unready; the detail says why."""

    state: CheckState
    detail: str = ""
