"""The watches of a reconciler: what is followed where, and whether it still is."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from webhook.cluster import Reflector, Transport, collection_of
from webhook.controller.api import API_VERSIONS, SDEP
from webhook.controller.config import Config
from webhook.controller.index import Document, Index
from webhook.workloads.live import Child
from webhook.workloads.metadata import MANAGED_BY

KEDA = "ScaledObject"


def follow(
    transport: Transport, config: Config, index: Index, *, managed_by: str, keda: bool
) -> tuple[Reflector[Any], ...]:
    """Return the watches, not started: SeldonDeployments of ours, and what is made from any.

    managed_by  value of the label by which objects that we make are found
    keda        whether the cluster has ScaledObjects
    """
    kinds = [kind for kind in API_VERSIONS if keda or kind != KEDA]
    watches: list[Reflector[Any]] = []
    for namespace in config.namespaces or ("",):
        documents = collection_of(SDEP, "SeldonDeployment", namespace)
        watches.append(
            Reflector(
                transport,
                documents,
                Document.read,
                on_change=index.document_changed,
                labels=config.labels,
            )
        )
        watches.extend(
            Reflector(
                transport,
                collection_of(API_VERSIONS[kind], kind, namespace),
                partial(_read_child, kind=kind),
                on_change=index.child_changed,
                labels=f"{MANAGED_BY}={managed_by}",
            )
            for kind in kinds
        )
    return tuple(watches)


def _read_child(obj: Mapping[str, Any], *, kind: str) -> Child | None:
    child = Child.read(obj, kind)
    return child if child.owner else None


def find_deaf(watches: Iterable[Reflector[Any]], seconds: float) -> list[str]:
    """Return the watches that hear nothing and do not know it; those that know try again."""
    return [
        f"{watch.path}: no sign for {watch.age:.0f} s"
        for watch in watches
        if watch.fault is None and watch.age > seconds
    ]
