"""What an operator demands of pods; how pods are judged by it is in `pods`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from webhook.podsecurity import Level

if TYPE_CHECKING:
    from webhook.podsecurity.restrictions import Restrictions

Mode = Literal["off", "warn", "enforce"]


@dataclass(frozen=True, slots=True)
class PodSecurity:
    """What an operator may choose about pods.

    mode          what a departure from the standard means
    level         the level that holds everywhere; None: what the namespace's labels enforce
    version       the minor version of its rules; None: what the labels say if the level is
                  theirs, else the newest. None newer than the cluster's, where that is known
    restrictions  demands of one's own, as a PodSecurityPolicy made them; None: none
    """

    mode: Mode = "warn"
    level: Level | None = None
    version: int | None = None
    restrictions: "Restrictions | None" = None
