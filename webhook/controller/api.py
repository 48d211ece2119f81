"""The requests of the reconciler: counted, and no faster than allowed.

Belongs here: how each is sent. Does not belong here: when, and what an answer means (`applier`).
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

from webhook.controller.state.observed import FIELD_MANAGER
from webhook.kube import ApiStatusError, Transport, apply, collection_path, create, delete, get
from webhook.kube.api_errors import api_error

API_VERSIONS = {
    "Deployment": "apps/v1",
    "Service": "v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "PodDisruptionBudget": "policy/v1",
    "ScaledObject": "keda.sh/v1alpha1",
}
"""The kinds that are made, each in the version in which it is made and watched."""

SELDON_API_VERSION = "machinelearning.seldon.io/v1"
MERGE_PATCH = "application/merge-patch+json"

REPLICAS_TRANSFER_MANAGER = "graphgate-handover"
"""Holds a Deployment's replicas between us and whoever scales it; see `hand_over`."""


class ResourceClient:
    """One API server. `pace` waits before each request, `count` takes verb and kind of each."""

    def __init__(
        self,
        transport: Transport,
        *,
        throttle: Callable[[], None],
        on_request: Callable[[str, str], None],
    ) -> None:
        self.transport = transport
        self._throttle = throttle
        self._on_request = on_request

    def _before_request(self, verb: str, kind: str) -> None:
        self._throttle()
        self._on_request(verb, kind)

    def get(self, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
        """Return an object; None: there is none.

        As the API server's cache has it, some milliseconds old: half the price, and what is made
        in between, a look at etcd would miss as well.
        """
        self._before_request("get", kind)
        path = f"{collection_path(API_VERSIONS[kind], kind, namespace)}/{name}"
        return get(self.transport, f"{path}?resourceVersion=0")

    def apply(
        self, obj: Mapping[str, Any], *, manager: str = FIELD_MANAGER, dry_run: bool = False
    ) -> dict[str, Any]:
        """Apply an object server-side and by force; return it as it is then."""
        self._before_request("dry-run" if dry_run else "apply", obj["kind"])
        return apply(self.transport, obj, manager=manager, dry_run=dry_run)

    def transfer_replicas_ownership(self, namespace: str, name: str, replicas: int) -> None:
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
        self.apply(obj, manager=REPLICAS_TRANSFER_MANAGER)

    def delete(self, kind: str, namespace: str, name: str, uid: str, *, keep_pods: bool) -> bool:
        """Delete an object if it still has this uid; return whether it was there."""
        self._before_request("delete", kind)
        path = f"{collection_path(API_VERSIONS[kind], kind, namespace)}/{name}"
        propagation = "Orphan" if keep_pods else "Background"
        try:
            return delete(self.transport, path, uid=uid, propagation=propagation)
        except ApiStatusError as error:
            if error.status == 409:  # another object has the name by now
                return False
            raise

    def patch_status(
        self, namespace: str, name: str, patch: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Merge a patch into a SeldonDeployment's status; None: the object is gone."""
        self._before_request("status", "SeldonDeployment")
        path = f"{collection_path(SELDON_API_VERSION, 'SeldonDeployment', namespace)}/{name}/status"
        response = self.transport.request(
            "PATCH",
            path,
            query={"fieldManager": FIELD_MANAGER},
            body=orjson.dumps({"status": patch}),
            headers={"Content-Type": MERGE_PATCH},
        )
        if response.status == 404:
            return None
        if response.status != 200:
            raise api_error(self.transport, "PATCH", path, response)
        content = response.json()
        return content if isinstance(content, dict) else None

    def list_pods(
        self, namespace: str, labels: Mapping[str, str], limit: int
    ) -> list[dict[str, Any]]:
        """Return some of the pods that carry these labels."""
        self._before_request("list", "Pod")
        query = {
            "labelSelector": ",".join(f"{key}={value}" for key, value in sorted(labels.items())),
            "limit": str(limit),
        }
        content = get(
            self.transport, f"{collection_path('v1', 'Pod', namespace)}?{urlencode(query)}"
        )
        items = (content or {}).get("items")
        return items if isinstance(items, list) else []

    def create_event(self, namespace: str, event: Mapping[str, Any]) -> None:
        """Create an event."""
        self._before_request("create", "Event")
        create(self.transport, collection_path("v1", "Event", namespace), event)
