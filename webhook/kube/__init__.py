"""The only package that talks to the Kubernetes API: the official client as a wire, raw dicts.

    transport = connect(kubeconfig=None, context=None, environment=os.environ)

    with Reflector(transport, "/api/v1/namespaces", project, on_change=changed) as namespaces:
        namespaces.wait_until_synced(30.0)
        namespaces.items[("", "team-a")]       # what `project` returned

    get(transport, "/api/v1/namespaces/team-a")     # an object; None: not found
    apply(transport, deployment, manager="graphgate")          # server-side apply
    create(transport, "/api/v1/namespaces/team-a/events", event)
    update(transport, "/apis/coordination.k8s.io/v1/namespaces/a/leases/b", lease)
    delete(transport, path, uid=…)                             # with a precondition

Whatever goes wrong is a KubeApiUnavailableError with one sentence; where the API server refused the
request it is its child `ApiStatusError`, with `status` (404, 409, …), `reason` and `retry_after`.

Tests put a fake behind `Transport`, or a small HTTP server on loopback behind `connect`.

Belongs here: requests and watches. Does not belong here: what to do with the responses
(`controller`, `cli`), and any rule. Importing this package imports no `kubernetes`; that
happens in `connect` (174 ms, 21 MB beside a running server).
"""

from webhook.kube.api_errors import ApiStatusError
from webhook.kube.config import connect
from webhook.kube.paths import collection_path, object_path
from webhook.kube.reflector import NamespacedName, Reflector, ReflectorConfig
from webhook.kube.requests import ABSENT, apply, create, delete, get, json_patch, update
from webhook.kube.transport import Response, Stream, Transport

__all__ = [
    "ABSENT",
    "ApiStatusError",
    "NamespacedName",
    "Reflector",
    "ReflectorConfig",
    "Response",
    "Stream",
    "Transport",
    "apply",
    "collection_path",
    "connect",
    "create",
    "delete",
    "get",
    "json_patch",
    "object_path",
    "update",
]
