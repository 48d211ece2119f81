"""The actions that bring the cluster to the desired state of a SeldonDeployment. Pure.

    to_desired(rendered, owner, namespace)  what is applied: the object, its owner, its digest
    plan_actions(desired, observed, …)      the actions; none where nothing is to be done

An object is up to date if two conditions hold; both are stored on the object itself, so that
checking costs no request and survives a restart:

* its annotation graphgate.io/applied-hash is the digest of what we want, so that is what we sent
* we still own every field that we sent. The API server takes a field away from its owner as soon
  as anybody else changes or removes it (metadata.managedFields), and leaves him all others

Values are never compared: quantities (1000m is 1), defaults, and admission plugins that change
what is applied would look like differences for ever.

Belongs here: decisions. Does not belong here: requests (`controller`), messages (`status`).
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from webhook.controller.state.observed import (
    APPLIED_HASH_ANNOTATION,
    ROUTE_PARTS,
    ObjectKey,
    ObservedObject,
    encode_selector,
    owns_all_fields,
    owns_replicas,
    selects_its_pods,
)
from webhook.graph.model import SeldonDeployment, get_mapping
from webhook.graph.path import Path
from webhook.graph.well_known import SELDON_KIND
from webhook.rendering.render import Rendered

AUTOSCALER_KINDS = frozenset({"HorizontalPodAutoscaler", "ScaledObject"})
PDB_KIND = "PodDisruptionBudget"
_ATTACHED_KINDS = frozenset({*AUTOSCALER_KINDS, PDB_KIND})
"""Kinds of objects that act on a Deployment of their name."""

_APPLY_ORDER = {
    kind: n
    for n, kind in enumerate(
        ("Service", "Deployment", *sorted(AUTOSCALER_KINDS), PDB_KIND, *sorted(ROUTE_PARTS))
    )
}
"""Services first: their names must resolve when the first pod starts. Routes last."""


@dataclass(frozen=True, slots=True)
class OwnerRef:
    """The SeldonDeployment that all objects belong to."""

    api_version: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class DesiredObject:
    """One object to be: complete, and not to be changed by anybody.

    rendered  what was rendered, with the way back to the document
    digest    of everything that is sent
    selector  of a Deployment, as `ObservedObject.selector`; "" for other kinds
    size      bytes as JSON
    """

    rendered: Rendered
    object: Mapping[str, Any]
    digest: str
    selector: str
    size: int = 0

    @property
    def key(self) -> ObjectKey:
        """Kind and name."""
        return self.rendered.kind, self.rendered.name


@dataclass(frozen=True, slots=True)
class Apply:
    """Send the object.

    observed  the existing object; None: none in the cache
    reason    missing: it does not exist; changed: the document or graphgate's version changed;
              taken: another manager changed owned fields
    replicas  hand these over to whoever scales before spec.replicas leaves our fields: it would
              fall back to 1 otherwise
    """

    desired: DesiredObject
    observed: ObservedObject | None
    reason: Literal["missing", "changed", "taken"]
    replicas: int | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the object, by uid.

    replaced   the Deployment is recreated under its name, because its selector cannot be changed
    keep_pods  leave the ReplicaSets: the new Deployment's selector finds their pods and takes them
               over. Those that it would not find would serve for ever, so they go
    """

    observed: ObservedObject
    replaced: bool = False
    keep_pods: bool = False


PlannedAction = Apply | Delete

AcceptedDrift = Mapping[str, tuple[str, bytes]]
"""By uid: digest and fields directly after our own apply, where the API server did not give us
every field that we sent (it drops those of features that are off)."""


def to_desired(rendered: Rendered, owner: OwnerRef, namespace: str) -> DesiredObject:
    """Return what is applied for one rendered object."""
    metadata = {
        **rendered.object["metadata"],
        "namespace": namespace,
        "ownerReferences": [
            {
                "apiVersion": owner.api_version,
                "kind": SELDON_KIND,
                "name": owner.name,
                "uid": owner.uid,
                "controller": True,
                # Foreground deletion of the owner must not wait for this reference.
                "blockOwnerDeletion": False,
            }
        ],
    }
    return _stamp(rendered, {**rendered.object, "metadata": metadata})


def with_object(desired: DesiredObject, obj: Mapping[str, Any]) -> DesiredObject:
    """Return the same with another content, which has its own digest."""
    metadata = dict(obj["metadata"])
    annotations = dict(metadata.pop("annotations"))
    del annotations[APPLIED_HASH_ANNOTATION]
    if annotations:
        metadata["annotations"] = annotations
    return _stamp(desired.rendered, {**obj, "metadata": metadata})


def _stamp(rendered: Rendered, unstamped: Mapping[str, Any]) -> DesiredObject:
    """Return what is applied: the object with its digest in an annotation."""
    encoded = orjson.dumps(unstamped, option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256(encoded).hexdigest()[:16]
    metadata = unstamped["metadata"]
    annotations = {**get_mapping(metadata, "annotations"), APPLIED_HASH_ANNOTATION: digest}
    return DesiredObject(
        rendered=rendered,
        object={**unstamped, "metadata": {**metadata, "annotations": annotations}},
        digest=digest,
        selector=encode_selector(get_mapping(unstamped, "spec"))
        if rendered.kind == "Deployment"
        else "",
        size=len(encoded),
    )


def plan_actions(
    desired: Sequence[DesiredObject],
    observed: Mapping[ObjectKey, ObservedObject],
    accepted_drift: AcceptedDrift,
    *,
    is_final: bool = True,
    held: Collection[ObjectKey] = (),
    kept: Collection[ObjectKey] = (),
) -> tuple[PlannedAction, ...]:
    """Return what is to be done now, in order.

    desired         no two of one key
    observed        by key, those that the SeldonDeployment controls, by uid
    accepted_drift  see there
    is_final        whether every route is to have its last form (`route_stages`)
    held            routes that stay as they are for now (`traffic.hold_routes`)
    kept            what is kept although it is no longer desired (`traffic.find_kept`)

    What is no longer desired is deleted when everything desired exists and is ready; an autoscaler
    or budget of a Deployment that stays is deleted at once, because it would interfere, and before
    another one is applied: KEDA's webhook refuses a ScaledObject beside another autoscaler. Routes
    are deleted before what they refer to. Those of Seldon's operator stay, unless graphgate creates
    routes of that kind: they may be the only ones.
    """
    actions: list[PlannedAction] = []
    for one in sorted(desired, key=lambda w: _APPLY_ORDER.get(w.key[0], len(_APPLY_ORDER))):
        action = _plan_object(one, observed.get(one.key), accepted_drift)
        if action is not None and one.key not in held:
            actions.append(action)
    names = {one.key for one in desired}
    ready = (
        is_final and not actions and all(is_ready(one, observed.get(one.key)) for one in desired)
    )
    obsolete: list[PlannedAction] = []
    for child in sorted(observed.values(), key=lambda c: c.route is None):
        if child.key in names or child.key in kept or child.is_deleting:
            continue
        if is_foreign_route(child, names):
            continue
        if child.kind in _ATTACHED_KINDS and ("Deployment", child.name) in names:
            obsolete.append(Delete(child))
        elif ready:
            actions.append(Delete(child))
    at = next((n for n, action in enumerate(actions) if _is_after_deployments(action)), None)
    return (*actions[:at], *obsolete, *actions[at:]) if at is not None else (*actions, *obsolete)


def _is_after_deployments(action: PlannedAction) -> bool:
    return isinstance(action, Apply) and action.desired.key[0] not in ("Service", "Deployment")


def is_foreign_route(child: ObservedObject, desired: Collection[ObjectKey]) -> bool:
    """Return whether a routing object was made by Seldon's operator, and is kept."""
    return child.is_routing and not child.digest and all(kind != child.kind for kind, _ in desired)


def is_ready(desired: DesiredObject, observed: ObservedObject | None) -> bool:
    """Return whether the object is there as it was sent and, for a Deployment, its pods answer."""
    if observed is None or observed.is_deleting or observed.digest != desired.digest:
        return False
    return observed.rollout is None or observed.rollout.rolled_out


def _plan_object(
    desired: DesiredObject, observed: ObservedObject | None, accepted_drift: AcceptedDrift
) -> PlannedAction | None:
    """Return what makes one object as it should be; None: it is, or it is on its way out."""
    if observed is None:
        return Apply(desired, None, "missing")
    if observed.is_deleting:
        return None  # its end is a change, which brings us back
    if observed.selector != desired.selector:
        # `selectors` keeps the one that is there wherever that is possible.
        return Delete(
            observed, replaced=True, keep_pods=selects_its_pods(observed, desired.selector)
        )
    if observed.digest != desired.digest:
        return Apply(desired, observed, "changed", _orphaned_replicas(desired, observed))
    if owns_all_fields(observed, desired.object) or accepted_drift.get(observed.uid) == (
        observed.digest,
        observed.managed_fields,
    ):
        return None
    return Apply(desired, observed, "taken", _orphaned_replicas(desired, observed))


def _orphaned_replicas(desired: DesiredObject, observed: ObservedObject) -> int | None:
    """Return the replicas whose ownership this apply would give up; None: it does not."""
    if observed.kind != "Deployment" or "replicas" in desired.object["spec"]:
        return None
    return observed.replicas if owns_replicas(observed) else None


def find_blocking_error(view: SeldonDeployment, rendered: Sequence[Rendered]) -> str:
    """Return why these objects must not be applied at all; "": they may.

    A document that is broken where the view reads it (a text where a list of predictors should
    be) renders to fewer objects, not to wrong ones: running objects would look obsolete. Errors
    inside of a pod template are copied, and the API server reports them.
    """
    for schema_error in view.schema_errors:
        if schema_error.kind != "unknown" and _is_parsed(schema_error.path):
            return f"{schema_error.path}: the object cannot be read here"
    if not view.predictors:
        return "spec.predictors is empty, so nothing would be left running"
    running = [r.trace(()) for r in rendered if r.kind == "Deployment"]
    for predictor in view.predictors:
        if not any(path[: len(predictor.path)] == predictor.path for path in running):
            return f"{predictor.path}: the predictor has no container, so nothing of it would run"
    first: dict[ObjectKey, Path] = {}
    for one in rendered:
        source = one.trace(())
        other = first.setdefault((one.kind, one.name), source)
        if other is not source:
            return (
                f"{source}: the {one.kind} {one.name} rendered from this path has the same "
                f"name as the one rendered from {other}"
            )
    return ""


def _is_parsed(path: Path) -> bool:
    """Return whether the view reads a place: spec, but for what is copied as it is."""
    return path[:1] == ("spec",) and not _COPIED_FIELDS.intersection(path[4:])


_COPIED_FIELDS = frozenset(
    {"spec", "hpaSpec", "kedaSpec", "pdbSpec", "containerSpec", "resources", "env"}
)
"""Fields below a predictor whose content goes into an object as the author wrote it."""
