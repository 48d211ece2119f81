"""The requests of the reconciler: counted, and no faster than allowed.

Belongs here: how each is sent. Does not belong here: when, and what an answer means (`applier`).
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

from webhook.controller.state.observed import ObservedObject
from webhook.controller.state.ownership import (
    FIELD_MANAGER,
    REPLICAS_TRANSFER_MANAGER,
    controller_reference,
    take_over_seldon_fields,
)
from webhook.graph.model import get_mapping, get_str, iter_mappings
from webhook.graph.well_known import (
    AMBASSADOR_API_VERSION,
    APPS_API_VERSION,
    AUTOSCALING_API_VERSION,
    GATEWAY_API_VERSION,
    ISTIO_API_VERSION,
    KEDA_API_VERSION,
    POLICY_API_VERSION,
    SELDON_API_VERSION,
    SELDON_KIND,
)
from webhook.kube import (
    ABSENT,
    ApiStatusError,
    Transport,
    apply,
    collection_path,
    create,
    delete,
    get,
    json_patch,
)
from webhook.kube.api_errors import api_error

API_VERSIONS = {
    "Deployment": APPS_API_VERSION,
    "Service": "v1",
    "HorizontalPodAutoscaler": AUTOSCALING_API_VERSION,
    "PodDisruptionBudget": POLICY_API_VERSION,
    "ScaledObject": KEDA_API_VERSION,
    "HTTPRoute": GATEWAY_API_VERSION,
    "GRPCRoute": GATEWAY_API_VERSION,
    "VirtualService": ISTIO_API_VERSION,
    "DestinationRule": ISTIO_API_VERSION,
    "Mapping": AMBASSADOR_API_VERSION,
    "TLSContext": AMBASSADOR_API_VERSION,
    "Ingress": "networking.k8s.io/v1",
}
"""The kinds that are created or read, each in the version in which it is created and watched."""

OPTIONAL_KINDS = tuple(
    kind
    for kind, version in API_VERSIONS.items()
    if version.startswith(
        ("keda.sh/", "gateway.networking.k8s.io/", "networking.istio.io/", "getambassador.io/")
    )
)
"""Kinds that exist only if they are installed."""

SERVICE_NAME_LABEL = "kubernetes.io/service-name"
"""The label of an EndpointSlice with its Service."""

MERGE_PATCH = "application/merge-patch+json"


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
        """Return an object; None: not found.

        As the API server's cache has it, some milliseconds old: half the price, and what is made
        in between is a conflict when we write.
        """
        self._before_request("get", kind)
        path = f"{collection_path(API_VERSIONS[kind], kind, namespace)}/{name}"
        return get(self.transport, f"{path}?resourceVersion=0")

    def apply(
        self,
        obj: Mapping[str, Any],
        observed: ObservedObject | None,
        *,
        manager: str = FIELD_MANAGER,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Apply an object server-side and by force; return it as it is then.

        observed  the object that may be written, and no other of its name; None: there must be
                  none. Else the answer is 409, or 422 (`apply_errors.is_replaced`)
        """
        self._before_request("dry-run" if dry_run else "apply", obj["kind"])
        precondition = ABSENT if observed is None else {"uid": observed.uid}
        return apply(
            self.transport, obj, manager=manager, dry_run=dry_run, precondition=precondition
        )

    def take_over_seldon_fields(
        self, observed: ObservedObject, namespace: str, *, keep_replicas: bool
    ) -> bool:
        """Take over the fields that Seldon's operator wrote; return whether that succeeded.

        False: the object has changed hands, or changed in the meantime.
        """
        self._before_request("get", observed.kind)
        collection = collection_path(API_VERSIONS[observed.kind], observed.kind, namespace)
        path = f"{collection}/{observed.name}"
        live = get(self.transport, path)
        if live is None or live["metadata"].get("uid") != observed.uid:
            return False
        if controller_reference(live).get("uid", "") != observed.owner_uid:
            return False
        entries = take_over_seldon_fields(live, keep_replicas=keep_replicas)
        if entries is None:
            return True
        self._before_request("apply", observed.kind)
        version = live["metadata"]["resourceVersion"]
        operations = [
            {"op": "test", "path": "/metadata/uid", "value": observed.uid},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
            {"op": "replace", "path": "/metadata/managedFields", "value": entries},
        ]
        try:
            json_patch(self.transport, path, operations)
        except ApiStatusError as error:
            if error.status in (404, 409, 422):
                return False
            raise
        return True

    def transfer_replicas_ownership(
        self, observed: ObservedObject, namespace: str, replicas: int
    ) -> None:
        """Have another manager own a Deployment's replicas, too, at their present number.

        A field that its last owner lets go falls back to its default: one pod, until the
        autoscaler acts. (Kubernetes documents this way of transferring ownership.)
        """
        obj = {
            "apiVersion": APPS_API_VERSION,
            "kind": "Deployment",
            "metadata": {"name": observed.name, "namespace": namespace},
            "spec": {"replicas": replicas},
        }
        self.apply(obj, observed, manager=REPLICAS_TRANSFER_MANAGER)

    def delete(self, observed: ObservedObject, namespace: str, *, keep_pods: bool) -> bool:
        """Delete an object if it still is the one that was seen; return whether it was.

        Any change in the meantime requires another reconciliation: the owner may have changed.
        """
        kind = observed.kind
        self._before_request("delete", kind)
        path = f"{collection_path(API_VERSIONS[kind], kind, namespace)}/{observed.name}"
        propagation = "Orphan" if keep_pods else "Background"
        try:
            return delete(
                self.transport,
                path,
                uid=observed.uid,
                resource_version=observed.resource_version,
                propagation=propagation,
            )
        except ApiStatusError as error:
            if error.status == 409:
                return False
            raise

    def patch_status(
        self, namespace: str, name: str, patch: Mapping[str, Any], resource_version: str
    ) -> dict[str, Any] | None:
        """Merge a patch into the status of a SeldonDeployment of this version.

        None: the object is gone. 409: it has changed, or another one has its name; the next
        reconciliation writes its status.
        """
        self._before_request("status", SELDON_KIND)
        path = f"{collection_path(SELDON_API_VERSION, SELDON_KIND, namespace)}/{name}/status"
        response = self.transport.request(
            "PATCH",
            path,
            query={"fieldManager": FIELD_MANAGER},
            body=orjson.dumps({"metadata": {"resourceVersion": resource_version}, "status": patch}),
            headers={"Content-Type": MERGE_PATCH},
        )
        if response.status == 404:
            return None
        if response.status != 200:
            raise api_error(self.transport, "PATCH", path, response)
        content = response.json()
        return content if isinstance(content, dict) else None

    def list_ready_services(self, namespace: str, services: Collection[str]) -> set[str]:
        """Return which of these Services have an endpoint that is ready."""
        self._before_request("list", "EndpointSlice")
        query = {"labelSelector": f"{SERVICE_NAME_LABEL} in ({','.join(sorted(services))})"}
        path = collection_path("discovery.k8s.io/v1", "EndpointSlice", namespace)
        content = get(self.transport, f"{path}?{urlencode(query)}")
        return {
            get_str(get_mapping(get_mapping(slice_, "metadata"), "labels"), SERVICE_NAME_LABEL)
            for _, slice_ in iter_mappings(content or {}, "items")
            # Not known counts as ready (source: the type EndpointConditions).
            if any(
                get_mapping(endpoint, "conditions").get("ready") is not False
                for _, endpoint in iter_mappings(slice_, "endpoints")
            )
        }

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
