"""Policies, their parameters and exceptions, followed in the cluster: those that carry a label.

    with LivePolicies(transport, "team=ml", exceptions_in="graphgate-system") as live:
        live.objects    {"cluster:ConfigMap/shop/owners": {…}, …}; None while the first list is out
        live.health()   Health("ok", "9 objects of the cluster")

Belongs here: which kinds are asked for, and what of each is kept. Does not belong here: what the
objects mean, and which of them can be used (`policy.loader`).
"""

import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Self

from webhook.kube.api_errors import ApiStatusError
from webhook.kube.facts_watcher import Health
from webhook.kube.paths import collection_path
from webhook.kube.reflector import Reflector, ReflectorConfig
from webhook.kube.transport import Transport

ADMISSION_API_VERSION = "admissionregistration.k8s.io/v1"
EXCEPTIONS_API_VERSION = "graphgate.io/v1alpha1"

_WATCHED_KINDS = (
    (ADMISSION_API_VERSION, "ValidatingAdmissionPolicy"),
    (ADMISSION_API_VERSION, "ValidatingAdmissionPolicyBinding"),
    (ADMISSION_API_VERSION, "MutatingAdmissionPolicy"),
    (ADMISSION_API_VERSION, "MutatingAdmissionPolicyBinding"),
    ("v1", "ConfigMap"),
    (EXCEPTIONS_API_VERSION, "PolicyException"),
)

_MAX_STALENESS_SECONDS = 120.0
"""Seconds without a sign; the reason is in `facts_watcher`."""

_SERVER_MANAGED_METADATA = frozenset({"managedFields", "resourceVersion", "generation"})
"""What the API server changes by itself: a change of only these is none."""

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class PoliciesWatcher:
    """The labelled objects of one cluster, followed. Its own context manager.

    A kind that the cluster does not serve (404: a Kubernetes before 1.36 has no
    MutatingAdmissionPolicy, PolicyException needs its definition) counts as empty.
    """

    def __init__(
        self,
        transport: Transport,
        selector: str,
        *,
        exceptions_namespace: str,
        reflector_config: ReflectorConfig | None = None,
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
                collection_path(
                    version, kind, exceptions_namespace if version == EXCEPTIONS_API_VERSION else ""
                ),
                partial(_project_object, version, kind),
                on_change=self._mark_dirty,
                label_selector=selector,
                config=reflector_config,
                jitter=jitter,
            )
            for version, kind in _WATCHED_KINDS
        }
        self._known_kinds: set[str] = set()
        self._objects: Mapping[str, Any] = {}
        self._is_dirty = True

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
        for timeout in (0.0, 0.2):  # all are told before any is waited for
            for reflector in self._reflectors.values():
                reflector.stop(timeout)

    @property
    def objects(self) -> Mapping[str, Any] | None:
        """Every object by what messages call it; the same value until something changes.

        None while a kind has never been listed: a part of the policies is no set of policies.
        """
        if self._pending_kinds():
            return None
        if self._is_dirty:
            # First, so that a change that comes in between is not missed.
            self._is_dirty = False
            self._objects = {
                _object_label(kind, *key): value
                for kind, reflector in self._reflectors.items()
                for key, value in sorted(reflector.items.items())
            }
        return self._objects

    def health(self) -> Health:
        """Return whether the objects can be relied on, and why not."""
        pending = [
            f"{kind} not read yet: {self._reflectors[kind].last_error or 'in progress'}"
            for kind in self._pending_kinds()
        ]
        if pending:
            return Health("failed", "; ".join(pending))
        problems = [
            f"{kind} not followed: {reflector.last_error}"
            if reflector.last_error
            else f"{kind} without a sign for {reflector.staleness:.0f} s"
            for kind, reflector in self._reflectors.items()
            if not _is_unserved(reflector)
            and (reflector.last_error or reflector.staleness > _MAX_STALENESS_SECONDS)
        ]
        if problems:
            return Health("degraded", "; ".join(problems))
        count = len(self.objects or ())
        return Health("ok", f"{count} object{'' if count == 1 else 's'} of the cluster")

    def _pending_kinds(self) -> list[str]:
        """Return the kinds of which nothing is known yet, not even that they are not served."""
        self._known_kinds.update(
            kind
            for kind, reflector in self._reflectors.items()
            if reflector.has_synced or _is_unserved(reflector)
        )
        return [kind for kind in self._reflectors if kind not in self._known_kinds]

    def _mark_dirty(self, *_: object) -> None:
        self._is_dirty = True


def _is_unserved(reflector: Reflector[Any]) -> bool:
    return isinstance(reflector.last_error, ApiStatusError) and reflector.last_error.status == 404


def _object_label(kind: str, namespace: str, name: str) -> str:
    return "cluster:" + "/".join(part for part in (kind, namespace, name) if part)


def _project_object(api_version: str, kind: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of an object; in a list it does not say what it is."""
    metadata = {
        key: value for key, value in raw["metadata"].items() if key not in _SERVER_MANAGED_METADATA
    }
    annotations = metadata.get("annotations")
    if annotations and _LAST_APPLIED in annotations:
        metadata["annotations"] = {
            key: value for key, value in annotations.items() if key != _LAST_APPLIED
        }
    projected = {key: value for key, value in raw.items() if key != "status"}
    return {**projected, "apiVersion": api_version, "kind": kind, "metadata": metadata}
