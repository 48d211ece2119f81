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

from webhook.cluster import Refused
from webhook.controller import refusals
from webhook.controller.api import Api
from webhook.controller.index import Index
from webhook.controller.judge import Judgement
from webhook.graph.model import mapping, text
from webhook.workloads.live import Child, controller_of, holds
from webhook.workloads.plan import Action, Apply, Delete, Wanted
from webhook.workloads.status import Trouble

Settled = MutableMapping[str, tuple[str, bytes]]


class TryLater(Exception):  # noqa: N818 — what is to be done
    """Something that passes by itself; the sentence is for the log."""


class NamespaceEnds(Exception):  # noqa: N818 — what happens
    """The namespace is being deleted: nothing can be made in it, and nothing needs to be."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a plan.

    done     what was changed, for people: "created Deployment iris-main-0-classifier"
    trouble  why it was not carried out to the end; None: it was
    again    whether that may change without a change of the document
    """

    done: tuple[str, ...] = ()
    trouble: Trouble | None = None
    again: bool = False


_VERBS = {"missing": "created", "changed": "updated", "taken": "restored fields of"}


class Carrier:
    """Carries out plans for one SeldonDeployment at a time; used by several threads at once."""

    def __init__(self, api: Api, index: Index, settled: Settled) -> None:
        self._api = api
        self._index = index
        self._settled = settled

    def carry_out(
        self, judgement: Judgement, actions: Sequence[Action], uid: str, namespace: str
    ) -> Result:
        """Carry out the actions in order, until one is refused.

        Raise TryLater, NamespaceEnds, or ClusterUnavailable where the API server gives no answer.
        """
        applies = [action for action in actions if isinstance(action, Apply)]
        for action in applies:
            if action.live is None:
                foreign = self._occupant(action.wanted, uid, namespace)
                if foreign:
                    return Result(trouble=Trouble("NameTaken", foreign), again=True)
        if judgement.denials:
            for action in applies:
                refused = self._send(action.wanted, dry_run=True)
                if isinstance(refused, Refused):
                    words = f"{judgement.words}; {_quote(action.wanted, refused)}"
                    return Result(trouble=Trouble("Refused", words))
        return self._each(actions, namespace)

    def _each(self, actions: Sequence[Action], namespace: str) -> Result:
        done: list[str] = []
        for action in actions:
            if isinstance(action, Delete):
                done.extend(self._delete(action, namespace))
                continue
            if action.replicas is not None:
                self._api.hand_over(namespace, action.wanted.key[1], action.replicas)
            answer = self._send(action.wanted)
            if isinstance(answer, Refused):
                said = _quote(action.wanted, answer)
                return Result(tuple(done), Trouble("Rejected", said), again=True)
            self._learn(action.wanted, answer)
            done.append(f"{_VERBS[action.why]} {' '.join(action.wanted.key)}")
        return Result(tuple(done))

    def _occupant(self, wanted: Wanted, uid: str, namespace: str) -> str:
        """Return who else has the name of an object that we want to create; "": nobody."""
        kind, name = wanted.key
        there = self._api.get(kind, namespace, name)
        if there is None:
            return ""
        metadata = mapping(there, "metadata")
        if "deletionTimestamp" in metadata:
            raise TryLater(f"{kind} {name} is still being deleted")
        owner = controller_of(there)
        if owner == uid:
            return ""
        if owner and _owner_name(there) == text(_reference(wanted.object), "name"):
            # Of a SeldonDeployment that had our name before us: the garbage collector takes it.
            raise TryLater(f"{kind} {name} belongs to the predecessor of this object")
        who = f"SeldonDeployment {_owner_name(there)}" if owner else "somebody else"
        return (
            f"{wanted.source.trace(())}: {kind} {name} is there already and belongs to {who}; "
            "rename one of the two, or delete what is there"
        )

    def _send(self, wanted: Wanted, *, dry_run: bool = False) -> dict[str, Any] | Refused:
        """Apply an object; return it as it is then, or the refusal if it is for good."""
        obj: Mapping[str, Any] = wanted.object
        while True:
            try:
                return self._api.apply(obj, dry_run=dry_run)
            except Refused as refused:
                if refusals.ends_with_namespace(refused.status, refused.message):
                    raise NamespaceEnds from refused
                if refusals.passes(refused.status, refused.message):
                    raise
                slimmer = refusals.without(obj, refusals.undeclared(refused.message))
                if slimmer == obj:
                    return refused
                obj = slimmer

    def _learn(self, wanted: Wanted, answer: Mapping[str, Any]) -> None:
        child = Child.read(answer, wanted.key[0])
        if holds(child, wanted.object):
            self._settled.pop(child.uid, None)
        else:
            self._settled[child.uid] = child.digest, child.fields
        self._index.learn_child(child)

    def _delete(self, action: Delete, namespace: str) -> Iterator[str]:
        child = action.child
        gone = self._api.delete(
            child.kind, namespace, child.name, child.uid, keep_pods=action.keep_pods
        )
        self._settled.pop(child.uid, None)
        if gone:
            yield f"{'replaced' if action.keep_pods else 'deleted'} {child.kind} {child.name}"


def _quote(wanted: Wanted, refused: Refused) -> str:
    return refusals.quote(wanted.source, refused.message)


def _reference(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    reference: Mapping[str, Any] = obj["metadata"]["ownerReferences"][0]
    return reference


def _owner_name(obj: Mapping[str, Any]) -> str:
    references = mapping(obj, "metadata").get("ownerReferences") or ()
    return next((text(r, "name") for r in references if r.get("controller") is True), "")
