"""The watches of a reconciler: what is followed where, and whether it still is."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from webhook.controller.api import API_VERSIONS
from webhook.controller.cache import Cache, CachedObject
from webhook.controller.config import ControllerConfig
from webhook.controller.state.observed import ObservedObject
from webhook.graph.well_known import SELDON_API_VERSION
from webhook.kube import Reflector, Transport, collection_path
from webhook.rendering.metadata import DEPLOYMENT_ID

KEDA_KIND = "ScaledObject"


def build_informers(
    transport: Transport, config: ControllerConfig, cache: Cache, *, keda: bool
) -> tuple[Reflector[Any], ...]:
    """Return the watches, not started: SeldonDeployments of ours, and what is made from any.

    keda  whether the cluster has ScaledObjects
    """
    kinds = [kind for kind in API_VERSIONS if keda or kind != KEDA_KIND]
    informers: list[Reflector[Any]] = []
    for namespace in config.namespaces or ("",):
        path = collection_path(SELDON_API_VERSION, "SeldonDeployment", namespace)
        informers.append(
            Reflector(
                transport,
                path,
                CachedObject.read,
                on_change=cache.on_document,
                label_selector=config.label_selector,
            )
        )
        informers.extend(
            Reflector(
                transport,
                collection_path(API_VERSIONS[kind], kind, namespace),
                partial(_read_owned_child, kind=kind),
                on_change=cache.on_child,
                # Everything that we and Seldon make has it; app.kubernetes.io/managed-by is not
                # on Seldon's orchestrators, autoscalers and budgets.
                label_selector=DEPLOYMENT_ID,
            )
            for kind in kinds
        )
    return tuple(informers)


def _read_owned_child(obj: Mapping[str, Any], *, kind: str) -> ObservedObject | None:
    child = ObservedObject.from_object(obj, kind)
    return child if child.owner_uid else None


def find_stale_informers(informers: Iterable[Reflector[Any]], max_staleness: float) -> list[str]:
    """Return the watches that hear nothing and do not know it; those that know try again."""
    return [
        f"{watch.path}: no sign for {watch.staleness:.0f} s"
        for watch in informers
        if watch.last_error is None and watch.staleness > max_staleness
    ]
