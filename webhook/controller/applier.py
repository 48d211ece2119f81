"""Applies a plan: each action is a request, and each response goes into the cache.

* Foreign objects are never changed: server-side apply would take over any object of the same name.
  So each apply names the uid that it may change, or requires that the object does not exist. An
  object that is missing in the cache is read by name first, so that nothing is created if a name
  is taken.
* All or nothing: where a document has denials, every object is tried as a dry run first.
* Conflicts: before fields are taken back, a dry run checks whether that is possible at all.
* Unknown fields: fields that this cluster does not know are left out. It would reject the
  whole object for one misspelled field, for which admission only warns.
"""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from webhook.controller import apply_errors
from webhook.controller.api import ResourceClient
from webhook.controller.cache import Cache
from webhook.controller.desired_state import DesiredState
from webhook.controller.state.observed import ObjectKey, ObservedObject, owns_all_fields
from webhook.controller.state.ownership import classify_owner, controller_reference
from webhook.controller.state.plan import Apply, Delete, DesiredObject, PlannedAction
from webhook.controller.state.status import ReconcileError
from webhook.graph.model import get_mapping, get_str
from webhook.kube import ApiStatusError

MutableAcceptedDrift = MutableMapping[str, tuple[str, bytes]]


class RequeueError(Exception):
    """Something that passes by itself; the sentence is for the log."""


class NameConflictError(Exception):
    """A desired object has the name of another owner's object; the message is for the status."""


class NamespaceTerminatingError(Exception):
    """The namespace is being deleted: nothing can be made in it, and nothing needs to be."""


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """What became of a plan.

    changes  what was changed, for people: "created Deployment iris-main-0-classifier"
    error    why it was not applied to the end; None: it was
    retry    whether that may change without a change of the document
    """

    changes: tuple[str, ...] = ()
    error: ReconcileError | None = None
    retry: bool = False


_CHANGE_VERBS = {"missing": "created", "changed": "updated", "taken": "restored fields of"}


class Applier:
    """Applies plans for one SeldonDeployment at a time; used by several threads at once."""

    def __init__(
        self, api: ResourceClient, cache: Cache, accepted_drift: MutableAcceptedDrift
    ) -> None:
        self._api = api
        self._cache = cache
        self._accepted_drift = accepted_drift
        self._replaced_replicas: dict[tuple[str, str], int] = {}

    def find_existing(
        self, missing: Sequence[DesiredObject], uid: str, name: str, namespace: str
    ) -> dict[ObjectKey, ObservedObject]:
        """Return the objects that are missing in the cache, but exist and are managed by graphgate.

        Raise NameConflictError for another owner's object, RequeueError for one that is being
        deleted. Objects created after this check lead to a conflict of the apply.
        """
        found: dict[ObjectKey, ObservedObject] = {}
        for desired in missing:
            kind, object_name = desired.key
            existing = self._api.get(kind, namespace, object_name)
            if existing is None:
                continue
            if "deletionTimestamp" in get_mapping(existing, "metadata"):
                raise RequeueError(f"{kind} {object_name} is still being deleted")
            owner = classify_owner(existing, uid, name)
            if owner == "predecessor":
                raise RequeueError(
                    f"{kind} {object_name} belongs to an earlier object of the same name"
                )
            if owner == "other":
                raise NameConflictError(_describe_name_conflict(desired, existing))
            found[desired.key] = ObservedObject.from_object(existing, kind)
        return found

    def apply_plan(
        self, desired_state: DesiredState, actions: Sequence[PlannedAction], namespace: str
    ) -> ApplyResult:
        """Apply the actions in order, until one is rejected.

        Raise RequeueError, NamespaceTerminatingError, or KubeApiUnavailableError where the API
        server gives no answer.
        """
        if desired_state.denials:
            for action in actions:
                if not isinstance(action, Apply):
                    continue
                # Without this, the dry run would mix our fields with Seldon's: two handlers of
                # one probe are refused. It changes the ownership of fields, not their values.
                self._take_over_seldon_fields(action, namespace)
                error = self._apply(action, dry_run=True)
                if isinstance(error, ApiStatusError):
                    message = (
                        f"{desired_state.denial_message}; {_describe_error(action.desired, error)}"
                    )
                    return ApplyResult(error=ReconcileError("ValidationFailed", message))
        return self._apply_actions(actions, namespace)

    def _apply_actions(self, actions: Sequence[PlannedAction], namespace: str) -> ApplyResult:
        changes: list[str] = []
        for action in actions:
            if isinstance(action, Delete):
                try:
                    changes.extend(self._delete(action, namespace))
                except ApiStatusError as error:
                    if apply_errors.is_retryable(error.status, error.message):
                        raise
                    if error.status == 403 and action.observed.is_routing:
                        continue  # of a gateway that is not set any more: the status names it
                    kind, name = action.observed.key
                    refusal = f"{kind} {name} cannot be deleted: {error.message}"
                    return ApplyResult(
                        tuple(changes), ReconcileError("ApplyFailed", refusal), retry=True
                    )
                continue
            if self._accept_drift(action):
                continue
            self._take_over_seldon_fields(action, namespace)
            if action.observed is not None and action.replicas is not None:
                self._api.transfer_replicas_ownership(action.observed, namespace, action.replicas)
            applied = self._apply(action)
            if isinstance(applied, ApiStatusError):
                message = _describe_error(action.desired, applied)
                return ApplyResult(
                    tuple(changes), ReconcileError("ApplyFailed", message), retry=True
                )
            self._record_applied(action.desired, applied)
            changes.append(f"{_CHANGE_VERBS[action.reason]} {' '.join(action.desired.key)}")
        return ApplyResult(tuple(changes))

    def _accept_drift(self, action: Apply) -> bool:
        """Return whether missing fields get lost with each apply, not taken by another manager.

        The API server drops fields of features that are off, and other webhooks change what is
        applied. A dry run finds that out after a restart, without writing.
        """
        observed = action.observed
        if action.reason != "taken" or observed is None or observed.has_seldon_fields:
            return False
        applied = self._apply(action, dry_run=True)
        if isinstance(applied, ApiStatusError):
            return False  # known from the apply itself
        if ObservedObject.from_object(applied, observed.kind).managed_fields != (
            observed.managed_fields
        ):
            return False
        self._accepted_drift[observed.uid] = observed.digest, observed.managed_fields
        return True

    def _take_over_seldon_fields(self, action: Apply, namespace: str) -> None:
        observed = action.observed
        if observed is None or not observed.has_seldon_fields:
            return
        keep_replicas = "replicas" not in get_mapping(action.desired.object, "spec")
        if not self._api.take_over_seldon_fields(observed, namespace, keep_replicas=keep_replicas):
            raise RequeueError(f"{observed.kind} {observed.name} changed in the meantime")

    def _apply(self, action: Apply, *, dry_run: bool = False) -> dict[str, Any] | ApiStatusError:
        """Apply an object; return the result, or the error if a retry would not help."""
        obj = self._with_replicas(action)
        while True:
            try:
                applied = self._api.apply(obj, action.observed, dry_run=dry_run)
            except ApiStatusError as error:
                if apply_errors.is_namespace_terminating(error.status, error.message):
                    raise NamespaceTerminatingError from error
                if apply_errors.is_replaced(error.status, error.message):
                    kind, name = action.desired.key
                    raise RequeueError(f"{kind} {name} was recreated in the meantime") from error
                if apply_errors.is_retryable(error.status, error.message):
                    raise
                pruned = apply_errors.drop_fields(
                    obj, apply_errors.undeclared_fields(error.message)
                )
                if pruned == obj:
                    return error
                obj = pruned
            else:
                if not dry_run:
                    self._replaced_replicas.pop(_owned_name(action.desired), None)
                return applied

    def _with_replicas(self, action: Apply) -> Mapping[str, Any]:
        """Return what is sent: a Deployment that is recreated has as many pods as its old one."""
        obj = action.desired.object
        replicas = self._replaced_replicas.get(_owned_name(action.desired))
        if action.observed is not None or replicas is None or "replicas" in obj["spec"]:
            return obj
        return {**obj, "spec": {**obj["spec"], "replicas": replicas}}

    def _record_applied(self, desired: DesiredObject, applied: Mapping[str, Any]) -> None:
        child = ObservedObject.from_object(applied, desired.key[0])
        if owns_all_fields(child, desired.object):
            self._accepted_drift.pop(child.uid, None)
        else:
            self._accepted_drift[child.uid] = child.digest, child.managed_fields
        self._cache.put_child(child)

    def _delete(self, action: Delete, namespace: str) -> Iterator[str]:
        child = action.observed
        deleted = self._api.delete(child, namespace, keep_pods=action.keep_pods)
        self._accepted_drift.pop(child.uid, None)
        if deleted:
            if action.replaced and child.replicas is not None:
                self._replaced_replicas[child.owner_uid, child.name] = child.replicas
            yield f"{'replaced' if action.replaced else 'deleted'} {child.kind} {child.name}"


def _describe_error(desired: DesiredObject, error: ApiStatusError) -> str:
    return apply_errors.locate_message(desired.rendered, error.message)


def _owned_name(desired: DesiredObject) -> tuple[str, str]:
    """Return the uid of the SeldonDeployment and the object's name."""
    reference = desired.object["metadata"]["ownerReferences"][0]
    return reference["uid"], desired.key[1]


def _describe_name_conflict(desired: DesiredObject, existing: Mapping[str, Any]) -> str:
    kind, name = desired.key
    owner = controller_reference(existing)
    description = f"{get_str(owner, 'kind')} {get_str(owner, 'name')}" if owner else "another owner"
    return (
        f"{desired.rendered.trace(())}: {kind} {name} already exists and belongs to "
        f"{description}; rename one of the two, or delete the existing one"
    )
