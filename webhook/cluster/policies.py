"""Policies, their parameters and exceptions, followed in the cluster: those that carry a label.

    with LivePolicies(transport, "team=ml", exceptions_in="graphgate-system") as live:
        live.objects    {"cluster:ConfigMap/shop/owners": {…}, …}; None while the first list is out
        live.health()   Health("ok", "9 objects of the cluster")

Belongs here: which kinds are asked for, and what of each is kept. Does not belong here: what the
objects mean, and which of them can be used (`policy.load`).
"""

import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Self

from webhook.cluster.live import Health
from webhook.cluster.places import collection_of
from webhook.cluster.reflector import Reflector, Timing
from webhook.cluster.refusal import Refused
from webhook.cluster.transport import Transport

ADMISSION = "admissionregistration.k8s.io/v1"
EXCEPTIONS = "graphgate.io/v1alpha1"

_KINDS = (
    (ADMISSION, "ValidatingAdmissionPolicy"),
    (ADMISSION, "ValidatingAdmissionPolicyBinding"),
    (ADMISSION, "MutatingAdmissionPolicy"),
    (ADMISSION, "MutatingAdmissionPolicyBinding"),
    ("v1", "ConfigMap"),
    (EXCEPTIONS, "PolicyException"),
)

_STALE = 120.0
"""Seconds without a sign; the reason is in `live`."""

_SERVERS_OWN = frozenset({"managedFields", "resourceVersion", "generation"})
"""What the API server changes by itself: a change of only these is none."""

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class LivePolicies:
    """The labelled objects of one cluster, followed. Its own context manager.

    A kind that the cluster does not serve (404: a Kubernetes before 1.36 has no
    MutatingAdmissionPolicy, PolicyException needs its definition) counts as empty.
    """

    def __init__(
        self,
        transport: Transport,
        selector: str,
        *,
        exceptions_in: str,
        timing: Timing | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Prepare; nothing is asked before `start`.

        selector       labels, as kubectl's -l
        exceptions_in  the namespace whose PolicyExceptions count. One, because an exception may
                       name any namespace: who may write one here may exempt everybody
        """
        self.selector = selector
        self._reflectors = {
            kind: Reflector(
                transport,
                collection_of(version, kind, exceptions_in if version == EXCEPTIONS else ""),
                partial(_kept, version, kind),
                on_change=self._changed,
                labels=selector,
                timing=timing,
                jitter=jitter,
            )
            for version, kind in _KINDS
        }
        self._answered: set[str] = set()
        self._objects: Mapping[str, Any] = {}
        self._is_old = True

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin; once."""
        for reflector in self._reflectors.values():
            reflector.start()

    def stop(self) -> None:
        """End, within a second or so; threads that wait for the network end with the process."""
        for patience in (0.0, 0.2):  # all are told before any is waited for
            for reflector in self._reflectors.values():
                reflector.stop(patience)

    @property
    def objects(self) -> Mapping[str, Any] | None:
        """Every object by what messages call it; the same value until something changes.

        None while a kind has never been listed: a part of the policies is no set of policies.
        """
        if self._waiting():
            return None
        if self._is_old:
            # First, so that a change that comes in between is not missed.
            self._is_old = False
            self._objects = {
                _called(kind, *key): value
                for kind, reflector in self._reflectors.items()
                for key, value in sorted(reflector.items.items())
            }
        return self._objects

    def health(self) -> Health:
        """Return whether the objects can be relied on, and why not."""
        waiting = [
            f"{kind} not read yet: {self._reflectors[kind].fault or 'in progress'}"
            for kind in self._waiting()
        ]
        if waiting:
            return Health("failed", "; ".join(waiting))
        odd = [
            f"{kind} not followed: {reflector.fault}"
            if reflector.fault
            else f"{kind} without a sign for {reflector.age:.0f} s"
            for kind, reflector in self._reflectors.items()
            if not _unserved(reflector) and (reflector.fault or reflector.age > _STALE)
        ]
        if odd:
            return Health("degraded", "; ".join(odd))
        count = len(self.objects or ())
        return Health("ok", f"{count} object{'' if count == 1 else 's'} of the cluster")

    def _waiting(self) -> list[str]:
        """Return the kinds of which nothing is known yet, not even that they are not served."""
        self._answered.update(
            kind
            for kind, reflector in self._reflectors.items()
            if reflector.synced or _unserved(reflector)
        )
        return [kind for kind in self._reflectors if kind not in self._answered]

    def _changed(self, *_: object) -> None:
        self._is_old = True


def _unserved(reflector: Reflector[Any]) -> bool:
    return isinstance(reflector.fault, Refused) and reflector.fault.status == 404


def _called(kind: str, namespace: str, name: str) -> str:
    return "cluster:" + "/".join(part for part in (kind, namespace, name) if part)


def _kept(api_version: str, kind: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of an object; in a list it does not say what it is."""
    metadata = {key: value for key, value in raw["metadata"].items() if key not in _SERVERS_OWN}
    annotations = metadata.get("annotations")
    if annotations and _LAST_APPLIED in annotations:
        metadata["annotations"] = {
            key: value for key, value in annotations.items() if key != _LAST_APPLIED
        }
    kept = {key: value for key, value in raw.items() if key != "status"}
    return {**kept, "apiVersion": api_version, "kind": kind, "metadata": metadata}
