"""What is asked of the cluster before anything is reconciled, and later: who else is at work."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from webhook.cluster import Refused, Transport, collection_of, get
from webhook.controller.config import CONTROLLER_ID
from webhook.errors import InvalidSettings
from webhook.graph.facts import Facts
from webhook.graph.model import mapping, mappings, text

logger = logging.getLogger("graphgate")

SELDON_LEASE = "a33bd623.machinelearning.seldon.io"
"""The Lease of Seldon Core's operator (its flag --leader-election-id)."""

_ALIVE = 60.0
"""Seconds since its renewal for which a Lease's holder counts as running; Seldon's holds for 15."""


def belongs_to_another(facts: Facts, namespace: str, controller_id: str) -> bool:
    """Tell whether a namespace is given to one operator, and that is not us.

    As Seldon's: an operator without an id leaves labelled namespaces alone; the label of the
    object, which one with an id asks for, says more than that of the namespace.
    """
    known = facts.namespaces.get(namespace)
    return not controller_id and known is not None and CONTROLLER_ID in known.labels


def is_served(transport: Transport, group: str) -> bool:
    """Tell whether the cluster has an API group: "keda.sh/v1alpha1"."""
    try:
        return get(transport, f"/apis/{group}") is not None
    except Refused:
        return False


def refuse_beside_seldon(
    transport: Transport,
    namespaces: tuple[str, ...],
    *,
    again: bool = False,
    now: Callable[[], float] = time.time,
) -> None:
    """Raise InvalidSettings if Seldon Core's operator is running and we would share its objects.

    Only asked of a reconciler without an id. Who may not look in the whole cluster looks in its
    namespaces and in the one of Seldon's chart; what it may not read there, the log says, but not
    `again`. Raise ClusterUnavailable if there is no answer.
    """
    for lease in _find(transport, namespaces, again=again):
        spec = mapping(lease, "spec")
        if text(spec, "holderIdentity") and now() - _renewed(spec) < _ALIVE:
            where = text(mapping(lease, "metadata"), "namespace")
            raise InvalidSettings(
                f"Seldon Core's operator is running (it holds the Lease {where}/{SELDON_LEASE}), "
                f"and both would reconcile the objects without the label {CONTROLLER_ID}; give "
                "this one an id with --controller-id, and its objects the label"
            )


def _find(
    transport: Transport, namespaces: tuple[str, ...], *, again: bool
) -> Iterator[Mapping[str, Any]]:
    """Yield the Leases of Seldon's name that we may read."""
    for namespace in ("", *namespaces, "seldon-system"):
        path = collection_of("coordination.k8s.io/v1", "Lease", namespace)
        try:
            found = get(transport, f"{path}?fieldSelector=metadata.name={SELDON_LEASE}")
        except Refused as refused:
            if not again:
                told = "cannot tell whether Seldon Core's operator is running"
                logger.warning(told, extra={"fields": {"reason": str(refused)}})
            continue
        yield from (lease for _, lease in mappings(found or {}, "items"))
        if not namespace:
            return


def _renewed(spec: Mapping[str, Any]) -> float:
    try:
        return datetime.fromisoformat(text(spec, "renewTime")).timestamp()
    except ValueError:
        return 0.0
