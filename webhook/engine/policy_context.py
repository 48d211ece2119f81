"""The policies and exceptions at one moment."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from webhook.graph.admission_request import AdmissionRequest

if TYPE_CHECKING:
    from webhook.policy import PolicySet


@dataclass(frozen=True, slots=True)
class PolicyContext:
    """Policies and exceptions, and the request user with which they are evaluated.

    policies  as they were loaded
    now       seconds since 1970: which exceptions have expired
    expired   whether the time of the whole review is up; None: it has no end
    request   the admission request; None: what `kubectl apply` would send
    user, groups  the user of the request
    """

    policies: "PolicySet"
    now: int
    expired: Callable[[], bool] | None = None
    request: AdmissionRequest | None = None
    user: str = ""
    groups: tuple[str, ...] = ()
