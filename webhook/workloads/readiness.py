"""What keeps each object of a SeldonDeployment from being ready, in words. Pure.

Belongs here: one object at a time. Does not belong here: what follows for the whole (`status`,
`conditions`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from webhook.workloads.live import Child, Key, Pods
from webhook.workloads.plan import Wanted, is_ready

SHOWN = 3
"""Faults that a description spells out; the conditions of the children have the others."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the document was not, or not wholly, applied: a word for programs, and a sentence."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What one pass over a SeldonDeployment found.

    generation  the metadata.generation of the document
    wanted      the objects it stands for; none where it was refused
    children    the objects that are there
    trouble     None: all was applied, or is being applied
    notes       by Deployment: why its pods do not start, as their kubelet says
    has_engine  whether an orchestrator is configured
    """

    generation: int
    wanted: Sequence[Wanted]
    children: Mapping[Key, Child]
    trouble: Trouble | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    has_engine: bool = False


def unready(seen: Seen) -> Iterator[Wanted]:
    """Yield what is not as it should be."""
    for one in seen.wanted:
        if not is_ready(one, seen.children.get(one.key)):
            yield one


def failures(seen: Seen, wanted: Wanted) -> Iterator[str]:
    """Yield why a Deployment cannot come up, in Kubernetes' words."""
    child = seen.children.get(wanted.key)
    if child is None or child.pods is None or child.digest != wanted.digest:
        return
    pods = child.pods
    if pods.current and not pods.rolled_out:
        for said in (pods.failure, pods.late):
            if said:
                note = seen.notes.get(child.name)
                yield f"Deployment {child.name}: {said}" + (f"; {note}" if note else "")
                return


def lack(seen: Seen, wanted: Wanted) -> str:
    """Return what keeps an object from being ready."""
    child = seen.children.get(wanted.key)
    if child is None:
        return "it is not there yet"
    if child.deleting:
        return "it is being replaced"
    if child.digest != wanted.digest:
        return "it is not up to date yet"
    note = seen.notes.get(child.name)
    return _progress(child.pods) + (f"; {note}" if note else "")


def _progress(pods: Pods | None) -> str:
    if pods is None or not pods.current:
        return "Kubernetes has not looked at it yet"
    if pods.progress == "DeploymentPaused":
        return "its rollout is paused"
    if pods.updated < pods.wanted:
        return f"{pods.updated} of {pods.wanted} pods are updated"
    if pods.total > pods.updated:
        return f"{pods.total - pods.updated} old pods are still there"
    return f"{pods.available} of {pods.wanted} pods are available"


def listed(faults: Sequence[str]) -> str:
    """Return faults as one sentence."""
    more = len(faults) - SHOWN
    return "; ".join(faults[:SHOWN]) + (f"; and {more} more" if more > 0 else "")
