"""The requests of the reconciler: counted, and no faster than allowed.

Belongs here: how each is sent. Does not belong here: when, and what an answer means (`carry_out`).
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

from webhook.cluster import Refused, Transport, apply, collection_of, create, delete, get
from webhook.cluster.refusal import refusal
from webhook.workloads.live import MANAGER

API_VERSIONS = {
    "Deployment": "apps/v1",
    "Service": "v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "PodDisruptionBudget": "policy/v1",
    "ScaledObject": "keda.sh/v1alpha1",
}
"""The kinds that are made, each in the version in which it is made and watched."""

SDEP = "machinelearning.seldon.io/v1"
MERGE_PATCH = "application/merge-patch+json"

HANDOVER = "graphgate-handover"
"""Holds a Deployment's replicas between us and whoever scales it; see `hand_over`."""


class Api:
    """One API server. `pace` waits before each request, `count` takes verb and kind of each."""

    def __init__(
        self,
        transport: Transport,
        *,
        pace: Callable[[], None],
        count: Callable[[str, str], None],
    ) -> None:
        self.transport = transport
        self._pace = pace
        self._count = count

    def _begin(self, verb: str, kind: str) -> None:
        self._pace()
        self._count(verb, kind)

    def get(self, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
        """Return an object; None: there is none.

        As the API server's cache has it, some milliseconds old: half the price, and what is made
        in between, a look at etcd would miss as well.
        """
        self._begin("get", kind)
        path = f"{collection_of(API_VERSIONS[kind], kind, namespace)}/{name}"
        return get(self.transport, f"{path}?resourceVersion=0")

    def apply(
        self, obj: Mapping[str, Any], *, manager: str = MANAGER, dry_run: bool = False
    ) -> dict[str, Any]:
        """Apply an object server-side and by force; return it as it is then."""
        self._begin("dry-run" if dry_run else "apply", obj["kind"])
        return apply(self.transport, obj, manager=manager, dry_run=dry_run)

    def hand_over(self, namespace: str, name: str, replicas: int) -> None:
        """Have another manager own a Deployment's replicas, too, at their present number.

        A field that its last owner lets go falls back to its default: one pod, until the
        autoscaler acts. (Kubernetes documents this way of transferring ownership.)
        """
        obj = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"replicas": replicas},
        }
        self.apply(obj, manager=HANDOVER)

    def delete(self, kind: str, namespace: str, name: str, uid: str, *, keep_pods: bool) -> bool:
        """Delete an object if it still has this uid; return whether it was there."""
        self._begin("delete", kind)
        path = f"{collection_of(API_VERSIONS[kind], kind, namespace)}/{name}"
        propagation = "Orphan" if keep_pods else "Background"
        try:
            return delete(self.transport, path, uid=uid, propagation=propagation)
        except Refused as refused:
            if refused.status == 409:  # another object has the name by now
                return False
            raise

    def patch_status(
        self, namespace: str, name: str, patch: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Merge a patch into a SeldonDeployment's status; None: the object is gone."""
        self._begin("status", "SeldonDeployment")
        path = f"{collection_of(SDEP, 'SeldonDeployment', namespace)}/{name}/status"
        response = self.transport.request(
            "PATCH",
            path,
            query={"fieldManager": MANAGER},
            body=orjson.dumps({"status": patch}),
            headers={"Content-Type": MERGE_PATCH},
        )
        if response.status == 404:
            return None
        if response.status != 200:
            raise refusal(self.transport, "PATCH", path, response)
        content = response.json()
        return content if isinstance(content, dict) else None

    def pods(self, namespace: str, labels: Mapping[str, str], limit: int) -> list[dict[str, Any]]:
        """Return some of the pods that carry these labels."""
        self._begin("list", "Pod")
        query = {
            "labelSelector": ",".join(f"{key}={value}" for key, value in sorted(labels.items())),
            "limit": str(limit),
        }
        content = get(self.transport, f"{collection_of('v1', 'Pod', namespace)}?{urlencode(query)}")
        found = (content or {}).get("items")
        return found if isinstance(found, list) else []

    def create_event(self, namespace: str, event: Mapping[str, Any]) -> None:
        """Create an event."""
        self._begin("create", "Event")
        create(self.transport, collection_of("v1", "Event", namespace), event)
