"""What has to be done so that the cluster has what a SeldonDeployment stands for. Pure.

    prepare(rendered, owner, namespace)     what is applied: the object, its owner, its digest
    plan(wanted, children, settled)         the actions; none where nothing is to be done

An object is as it should be if two things hold, and both stand on the object itself, so that it
costs no request and survives a restart:

* its annotation graphgate.io/applied-hash is the digest of what we want, so that is what we sent
* we still own every field that we sent. The API server takes a field away from its owner as soon
  as anybody else changes or removes it (metadata.managedFields), and leaves him all others

Values are never compared: quantities (1000m is 1), defaults, and admission plugins that change
what is applied would look like differences for ever.

Belongs here: deciding. Does not belong here: sending (`controller`), readiness in words (`status`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from webhook.graph.model import Deployment, mapping
from webhook.graph.path import Path
from webhook.workloads.live import DIGEST, Child, Key, holds, holds_replicas, selector_of
from webhook.workloads.render import Rendered

SCALERS = frozenset({"HorizontalPodAutoscaler", "ScaledObject"})
BUDGET = "PodDisruptionBudget"

_ORDER = {kind: n for n, kind in enumerate(("Service", "Deployment", *sorted(SCALERS), BUDGET))}
"""Services first: their names must resolve when the first pod starts."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The SeldonDeployment that all objects belong to."""

    api_version: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """One object to be: complete, and not to be changed by anybody.

    source    what was rendered, with the way back to the document
    digest    of everything that is sent
    selector  of a Deployment, as `Child.selector`; "" for other kinds
    """

    source: Rendered
    object: Mapping[str, Any]
    digest: str
    selector: str

    @property
    def key(self) -> Key:
        """Kind and name."""
        return self.source.kind, self.source.name


@dataclass(frozen=True, slots=True)
class Apply:
    """Send the object.

    live      what is there now; None: nothing that we know of
    why       missing: it is not there; changed: another document or version of ours made another
              object; taken: somebody changed fields of ours
    replicas  hand these over to whoever scales before spec.replicas leaves our fields: it would
              fall back to 1 otherwise
    """

    wanted: Wanted
    live: Child | None
    why: Literal["missing", "changed", "taken"]
    replicas: int | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the object, by uid.

    keep_pods  leave the ReplicaSets: the Deployment is made anew under its name, because its
               selector cannot be changed, and takes them over
    """

    child: Child
    keep_pods: bool = False


Action = Apply | Delete

Settled = Mapping[str, tuple[str, bytes]]
"""By uid: digest and fields directly after our own apply, where the API server did not give us
every field that we sent (it drops those of features that are off)."""


def prepare(rendered: Rendered, owner: Owner, namespace: str) -> Wanted:
    """Return what is applied for one rendered object."""
    metadata = {
        **rendered.object["metadata"],
        "namespace": namespace,
        "ownerReferences": [
            {
                "apiVersion": owner.api_version,
                "kind": "SeldonDeployment",
                "name": owner.name,
                "uid": owner.uid,
                "controller": True,
                # Nobody may have to wait for us when the owner is deleted in the foreground.
                "blockOwnerDeletion": False,
            }
        ],
    }
    bare = {**rendered.object, "metadata": metadata}
    digest = hashlib.sha256(orjson.dumps(bare, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
    notes = {**mapping(metadata, "annotations"), DIGEST: digest}
    return Wanted(
        source=rendered,
        object={**bare, "metadata": {**metadata, "annotations": notes}},
        digest=digest,
        selector=selector_of(mapping(bare, "spec")) if rendered.kind == "Deployment" else "",
    )


def plan(
    wanted: Sequence[Wanted], children: Mapping[Key, Child], settled: Settled
) -> tuple[Action, ...]:
    """Return what is to be done now, in order.

    wanted    no two of one key
    children  by key, those that the SeldonDeployment controls, by uid
    settled   see there

    What nobody wants any more is deleted when all wanted Deployments run as wanted. An autoscaler
    or budget of a Deployment that stays goes at once: it would work against it.
    """
    actions: list[Action] = []
    for one in sorted(wanted, key=lambda w: _ORDER.get(w.key[0], len(_ORDER))):
        action = _bring(one, children.get(one.key), settled)
        if action is not None:
            actions.append(action)
    names = {one.key for one in wanted}
    ready = not actions and all(is_ready(one, children.get(one.key)) for one in wanted)
    for child in children.values():
        if child.key in names or child.deleting:
            continue
        stays = ("Deployment", child.name) in names
        if ready or (stays and child.kind in {*SCALERS, BUDGET}):
            actions.append(Delete(child))
    return tuple(actions)


def is_ready(wanted: Wanted, child: Child | None) -> bool:
    """Tell whether the object is there as it was sent and, for a Deployment, its pods answer."""
    if child is None or child.deleting or child.digest != wanted.digest:
        return False
    return child.pods is None or child.pods.rolled_out


def _bring(wanted: Wanted, live: Child | None, settled: Settled) -> Action | None:
    """Return what makes one object as it should be; None: it is, or it is on its way out."""
    if live is None:
        return Apply(wanted, None, "missing")
    if live.deleting:
        return None  # its end is a change, which brings us back
    if live.selector != wanted.selector:
        return Delete(live, keep_pods=True)
    if live.digest != wanted.digest:
        return Apply(wanted, live, "changed", _left_over(wanted, live))
    if holds(live, wanted.object) or settled.get(live.uid) == (live.digest, live.fields):
        return None
    return Apply(wanted, live, "taken", _left_over(wanted, live))


def _left_over(wanted: Wanted, live: Child) -> int | None:
    """Return the replicas that we would let go of with this apply; None: we do not."""
    if live.kind != "Deployment" or "replicas" in wanted.object["spec"]:
        return None
    return live.replicas if holds_replicas(live) else None


def find_obstacle(view: Deployment, rendered: Sequence[Rendered]) -> str:
    """Return why these objects must not be applied at all; "": they may.

    A document that is broken where the view reads it (a text where a list of predictors should
    be) renders to fewer objects, not to wrong ones: what runs would be taken for left over. What
    is wrong inside of a pod template is copied as it is, and the API server answers it.
    """
    for fault in view.faults:
        if fault.kind != "unknown" and _is_read(fault.path):
            return f"{fault.path}: the document cannot be read here"
    if not view.predictors:
        return "spec.predictors: there is none, so nothing would be left running"
    running = [r.trace(()) for r in rendered if r.kind == "Deployment"]
    for predictor in view.predictors:
        if not any(path[: len(predictor.path)] == predictor.path for path in running):
            return f"{predictor.path}: it has no container, so nothing of it would run"
    first: dict[Key, Path] = {}
    for one in rendered:
        origin = one.trace(())
        other = first.setdefault((one.kind, one.name), origin)
        if other is not origin:
            return (
                f"{origin}: the {one.kind} {one.name} made from here has the name of the one "
                f"made from {other}"
            )
    return ""


def _is_read(path: Path) -> bool:
    """Tell whether the view reads a place: spec, but for what is copied as it stands."""
    return path[:1] == ("spec",) and not _COPIED.intersection(path[4:])


_COPIED = frozenset({"spec", "hpaSpec", "kedaSpec", "pdbSpec", "containerSpec", "resources", "env"})
"""Fields below a predictor whose content goes into an object as the author wrote it."""
