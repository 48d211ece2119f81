"""Checks before reconciling, and later: whether another operator manages the same objects."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from webhook.errors import SettingsError
from webhook.graph.cluster_facts import Facts
from webhook.graph.model import get_mapping, get_str, iter_mappings
from webhook.graph.well_known import CONTROLLER_ID_LABEL, LEASE_API_VERSION
from webhook.kube import ApiStatusError, Transport, collection_path, get
from webhook.kube.facts import SELDON_LEASE, is_lease_held

logger = logging.getLogger("graphgate")


def is_managed_elsewhere(facts: Facts, namespace: str, controller_id: str) -> bool:
    """Return whether a namespace is given to one operator, and that is not us.

    As Seldon's: an operator without an id leaves labelled namespaces alone; the label of the
    object overrides that of the namespace.
    """
    namespace_facts = facts.namespaces.get(namespace)
    return (
        not controller_id
        and namespace_facts is not None
        and CONTROLLER_ID_LABEL in namespace_facts.labels
    )


def find_served_kinds(transport: Transport, versions: Mapping[str, str]) -> frozenset[str]:
    """Return which kinds the cluster has; `versions` has the apiVersion of each that may be served.

    Raise KubeApiUnavailableError without a response. Every account may discover
    (system:discovery).
    """
    served: set[str] = set()
    for version in sorted(set(versions.values())):
        kinds = {
            get_str(resource, "kind")
            for _, resource in iter_mappings(get(transport, f"/apis/{version}") or {}, "resources")
        }
        served |= {kind for kind in kinds if versions.get(kind) == version}
    return frozenset(served)


def ensure_no_seldon_operator(
    transport: Transport,
    namespaces: tuple[str, ...],
    *,
    quiet: bool = False,
    now: Callable[[], float] = time.time,
) -> None:
    """Raise SettingsError if Seldon Core's operator is running and we would share its objects.

    Only for a reconciler without an id. Without permission for the whole cluster, it checks its
    namespaces and the one of Seldon's chart; what it may not read there is logged, unless `again`.
    Raise KubeApiUnavailableError if there is no answer.
    """
    for lease in _seldon_leases(transport, namespaces, quiet=quiet):
        if is_lease_held(lease, now()):
            lease_namespace = get_str(get_mapping(lease, "metadata"), "namespace")
            raise SettingsError(
                "Seldon Core's operator is running (it holds the Lease "
                f"{lease_namespace}/{SELDON_LEASE}), "
                f"so both would reconcile the objects without the label {CONTROLLER_ID_LABEL}; "
                "set --controller-id for this one, and the label on its objects"
            )


def _seldon_leases(
    transport: Transport, namespaces: tuple[str, ...], *, quiet: bool
) -> Iterator[Mapping[str, Any]]:
    """Yield the Leases of Seldon's name that we may read."""
    for namespace in ("", *namespaces, "seldon-system"):
        path = collection_path(LEASE_API_VERSION, "Lease", namespace)
        try:
            response = get(transport, f"{path}?fieldSelector=metadata.name={SELDON_LEASE}")
        except ApiStatusError as error:
            if not quiet:
                logger.warning("seldon_operator_unknown", extra={"fields": {"reason": str(error)}})
            continue
        yield from (lease for _, lease in iter_mappings(response or {}, "items"))
        if not namespace:
            return
