"""A Kubernetes API in memory: just what rotating certificates needs of one."""

import base64
import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

import jsonpatch

from webhook.kube.transport import REQUEST_TIMEOUT_SECONDS, Response, Stream

NAMESPACE, NAME = "graphgate-system", "graphgate"
REGISTRATION = "/apis/admissionregistration.k8s.io/v1"
MUTATING = f"{REGISTRATION}/mutatingwebhookconfigurations/{NAME}"
VALIDATING = f"{REGISTRATION}/validatingwebhookconfigurations/{NAME}"
SECRET = f"/api/v1/namespaces/{NAMESPACE}/secrets/{NAME}-certificate"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{NAME}-certificate"


class FakeApiServer:
    """A Transport on objects by path; every write gives a new resourceVersion.

    before   called with method and path of each request; may raise, or change objects
    """

    server = "https://cluster.example"
    namespace = NAMESPACE

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.writes: list[str] = []
        self.before_request: Callable[[str, str], None] = lambda _method, _path: None
        self._version = 0

    def put(self, path: str, obj: Mapping[str, Any]) -> None:
        self._version += 1
        stored = copy.deepcopy(dict(obj))
        stored["metadata"] = {**stored.get("metadata", {}), "resourceVersion": str(self._version)}
        self.objects[path] = stored

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = REQUEST_TIMEOUT_SECONDS,
    ) -> Response:
        self.before_request(method, path)
        found = self.objects.get(path)
        if found is None:
            return json_response(
                404, {"kind": "Status", "reason": "NotFound", "message": "not found"}
            )
        if method == "GET":
            return json_response(200, found)
        assert body is not None
        new = json.loads(body)
        if method == "PATCH":
            assert (headers or {})["Content-Type"] == "application/json-patch+json"
            new = jsonpatch.apply_patch(found, new)
        if new["metadata"].get("resourceVersion") != found["metadata"]["resourceVersion"]:
            return json_response(
                409, {"kind": "Status", "reason": "Conflict", "message": "changed"}
            )
        self.writes.append(f"{method} {path}")
        self.put(path, new)
        return json_response(200, self.objects[path])

    def stream(self, path: str, *, query: Mapping[str, str], read_timeout: float) -> Stream:
        raise AssertionError("nothing is watched")


def json_response(status: int, content: Mapping[str, Any]) -> Response:
    return Response(status, json.dumps(content).encode())


def installed_cluster() -> FakeApiServer:
    """Return a cluster in which the chart was just installed."""
    cluster = FakeApiServer()
    metadata = {"name": f"{NAME}-certificate", "namespace": NAMESPACE, "labels": {"a": "b"}}
    cluster.put(SECRET, {"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
    cluster.put(LEASE, {"kind": "Lease", "metadata": metadata, "spec": {}})
    for path, kind in ((MUTATING, "Mutating"), (VALIDATING, "Validating")):
        service = {"namespace": NAMESPACE, "name": NAME, "path": "/x"}
        webhook = {"name": f"{kind.lower()}.graphgate.io", "clientConfig": {"service": service}}
        content = {"kind": f"{kind}WebhookConfiguration", "webhooks": [webhook]}
        cluster.put(path, {"metadata": {"name": NAME}, **content})
    return cluster


def ca_bundle(cluster: FakeApiServer, path: str = MUTATING) -> bytes:
    """Return the caBundle of a configuration's webhook; b"" if there is none."""
    client = cluster.objects[path]["webhooks"][0]["clientConfig"]
    return base64.b64decode(client.get("caBundle", ""))


def secret_value(cluster: FakeApiServer, name: str) -> bytes:
    """Return what the Secret holds under a name; b"" if nothing."""
    return base64.b64decode(cluster.objects[SECRET].get("data", {}).get(name, ""))
