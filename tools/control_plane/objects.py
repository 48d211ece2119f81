"""The few objects that the runner and its fixtures create and look at, each with one request."""

from collections.abc import Mapping
from typing import Any

from tools.control_plane.access import Api
from tools.control_plane.errors import ControlPlaneError


def is_ready(api: Api) -> bool:
    """Say whether the API server is ready, roles and default namespaces included."""
    try:
        # 10 s: an API server that is starting accepts connections before it answers them.
        return api.request("GET", "/readyz", timeout=10).status == 200
    except OSError:  # it does not listen yet
        return False


def has_service_account(api: Api) -> bool:
    """Say whether the controllers work: one of them makes this account, which every pod needs."""
    path = "/api/v1/namespaces/default/serviceaccounts/default"
    return api.request("GET", path).status == 200


def create_namespace(api: Api, name: str, labels: Mapping[str, str]) -> None:
    """Create a namespace in which pods can be created at once.

    A controller makes the account "default" a moment later, and until then every pod is refused;
    so it is made here, and nobody has to wait.
    """
    _create(api, "/api/v1/namespaces", {"metadata": {"name": name, "labels": dict(labels)}})
    _create(api, f"/api/v1/namespaces/{name}/serviceaccounts", {"metadata": {"name": "default"}})


def delete_namespace(api: Api, name: str) -> None:
    """Have the controllers delete a namespace and all that is in it; does not wait for them."""
    api.request("DELETE", f"/api/v1/namespaces/{name}")


def create_node(api: Api, name: str) -> None:
    """Create a node that is not there yet."""
    _create(api, "/api/v1/nodes", {"metadata": {"name": name}})


def count_ready_nodes(api: Api) -> int:
    """Count the nodes that a pod can be placed on."""
    nodes = api.request("GET", "/api/v1/nodes").body["items"]
    conditions = [c for node in nodes for c in node["status"].get("conditions", [])]
    return sum(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def create_local_service(api: Api, namespace: str, name: str) -> None:
    """Create a Service that is another name for localhost."""
    spec = {"type": "ExternalName", "externalName": "localhost"}
    path = f"/api/v1/namespaces/{namespace}/services"
    _create(api, path, {"metadata": {"name": name}, "spec": spec})


def _create(api: Api, path: str, body: Mapping[str, Any]) -> None:
    """Create an object; one of that name that is there already is left as it is."""
    answer = api.request("POST", path, body)
    if answer.status not in {201, 409}:
        raise ControlPlaneError(f"POST {path} was answered with {answer.status}: {answer.body}")
