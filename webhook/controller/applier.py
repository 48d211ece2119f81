"""A plan carried out: each action a request, each answer taken into the index.

* Nobody else's: an object that is not there as far as we know is asked for by name before it is
  applied. Server-side apply would take over whatever has that name.
* All or nothing: where a document has denials, every object is tried as a dry run first.
* Unknown fields: what this cluster's Kubernetes does not know is left out. It would refuse the
  whole object for one misspelt field, which admission only warns of.
"""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from webhook.controller import apply_errors
from webhook.controller.api import ResourceClient
from webhook.controller.cache import Cache
from webhook.controller.desired_state import DesiredState
from webhook.controller.state.observed import ObservedObject, controller_uid, owns_all_fields
from webhook.controller.state.plan import Apply, Delete, DesiredObject, PlannedAction
from webhook.controller.state.status import ReconcileError
from webhook.graph.model import get_mapping, get_str
from webhook.kube import ApiStatusError

MutableAcceptedDrift = MutableMapping[str, tuple[str, bytes]]


class RequeueError(Exception):
    """Something that passes by itself; the sentence is for the log."""


class NamespaceTerminatingError(Exception):
    """The namespace is being deleted: nothing can be made in it, and nothing needs to be."""


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """What became of a plan.

    done     what was changed, for people: "created Deployment iris-main-0-classifier"
    trouble  why it was not carried out to the end; None: it was
    again    whether that may change without a change of the document
    """

    changes: tuple[str, ...] = ()
    error: ReconcileError | None = None
    retry: bool = False


_CHANGE_VERBS = {"missing": "created", "changed": "updated", "taken": "restored fields of"}


class Applier:
    """Carries out plans for one SeldonDeployment at a time; used by several threads at once."""

    def __init__(
        self, api: ResourceClient, cache: Cache, accepted_drift: MutableAcceptedDrift
    ) -> None:
        self._api = api
        self._cache = cache
        self._accepted_drift = accepted_drift

    def apply_plan(
        self,
        desired_state: DesiredState,
        actions: Sequence[PlannedAction],
        uid: str,
        namespace: str,
    ) -> ApplyResult:
        """Carry out the actions in order, until one is refused.

        Raise TryLater, NamespaceEnds, or ClusterUnavailable where the API server gives no answer.
        """
        applies = [action for action in actions if isinstance(action, Apply)]
        for action in applies:
            if action.observed is None:
                name_conflict = self._find_name_conflict(action.desired, uid, namespace)
                if name_conflict:
                    return ApplyResult(
                        error=ReconcileError("NameConflict", name_conflict), retry=True
                    )
        if desired_state.denials:
            for action in applies:
                error = self._apply(action.desired, dry_run=True)
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
                changes.extend(self._delete(action, namespace))
                continue
            if action.replicas is not None:
                self._api.transfer_replicas_ownership(
                    namespace, action.desired.key[1], action.replicas
                )
            applied = self._apply(action.desired)
            if isinstance(applied, ApiStatusError):
                message = _describe_error(action.desired, applied)
                return ApplyResult(
                    tuple(changes), ReconcileError("ApplyFailed", message), retry=True
                )
            self._record_applied(action.desired, applied)
            changes.append(f"{_CHANGE_VERBS[action.reason]} {' '.join(action.desired.key)}")
        return ApplyResult(tuple(changes))

    def _find_name_conflict(self, desired: DesiredObject, uid: str, namespace: str) -> str:
        """Return who else has the name of an object that we want to create; "": nobody."""
        kind, name = desired.key
        existing = self._api.get(kind, namespace, name)
        if existing is None:
            return ""
        metadata = get_mapping(existing, "metadata")
        if "deletionTimestamp" in metadata:
            raise RequeueError(f"{kind} {name} is still being deleted")
        owner_uid = controller_uid(existing)
        if owner_uid == uid:
            return ""
        if owner_uid and _controller_name(existing) == get_str(
            _owner_reference(desired.object), "name"
        ):
            # Of a SeldonDeployment that had our name before us: the garbage collector takes it.
            raise RequeueError(f"{kind} {name} belongs to the predecessor of this object")
        owner_description = (
            f"SeldonDeployment {_controller_name(existing)}" if owner_uid else "somebody else"
        )
        return (
            f"{desired.rendered.trace(())}: {kind} {name} is there already and belongs to "
            f"{owner_description}; rename one of the two, or delete what is there"
        )

    def _apply(
        self, desired: DesiredObject, *, dry_run: bool = False
    ) -> dict[str, Any] | ApiStatusError:
        """Apply an object; return it as it is then, or the refusal if it is for good."""
        obj: Mapping[str, Any] = desired.object
        while True:
            try:
                return self._api.apply(obj, dry_run=dry_run)
            except ApiStatusError as error:
                if apply_errors.is_namespace_terminating(error.status, error.message):
                    raise NamespaceTerminatingError from error
                if apply_errors.is_retryable(error.status, error.message):
                    raise
                pruned = apply_errors.drop_fields(
                    obj, apply_errors.undeclared_fields(error.message)
                )
                if pruned == obj:
                    return error
                obj = pruned

    def _record_applied(self, desired: DesiredObject, applied: Mapping[str, Any]) -> None:
        child = ObservedObject.from_object(applied, desired.key[0])
        if owns_all_fields(child, desired.object):
            self._accepted_drift.pop(child.uid, None)
        else:
            self._accepted_drift[child.uid] = child.digest, child.managed_fields
        self._cache.put_child(child)

    def _delete(self, action: Delete, namespace: str) -> Iterator[str]:
        child = action.observed
        deleted = self._api.delete(
            child.kind, namespace, child.name, child.uid, keep_pods=action.keep_pods
        )
        self._accepted_drift.pop(child.uid, None)
        if deleted:
            yield f"{'replaced' if action.keep_pods else 'deleted'} {child.kind} {child.name}"


def _describe_error(desired: DesiredObject, error: ApiStatusError) -> str:
    return apply_errors.locate_message(desired.rendered, error.message)


def _owner_reference(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    reference: Mapping[str, Any] = obj["metadata"]["ownerReferences"][0]
    return reference


def _controller_name(obj: Mapping[str, Any]) -> str:
    references = get_mapping(obj, "metadata").get("ownerReferences") or ()
    return next((get_str(r, "name") for r in references if r.get("controller") is True), "")
