"""What Seldon Core's operator does to the objects of a SeldonDeployment, as far as that is known.

It is not that operator. It behaves as its source, v1.17, is understood: it leaves objects with a
foreign controller id alone, creates and replaces (no server-side apply), replaces a Service's
annotations as a whole, deletes a Deployment whose selector differs with its pods and creates it
anew at once, and removes Services of the object that it does not want, by label.
"""

import threading
from collections.abc import Iterator
from copy import deepcopy
from types import TracebackType
from typing import Any, Self

from tests.apiserver.reconciling import Namespace
from webhook.graph.parse import parse
from webhook.rendering.render import render

ID = "seldon.io/controller-id"
LAST_APPLIED = "seldon.io/last-applied"
_POLL_INTERVAL_SECONDS = 0.1


class FakeSeldonOperator:
    """Works in one namespace, in a thread, while it is entered; `writes` says what it wrote."""

    def __init__(self, namespace_api: Namespace) -> None:
        self._place = namespace_api
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.writes: list[str] = []
        self.fault: Exception | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ending.set()
        self._thread.join()
        if self.fault is not None and error is None:
            raise self.fault

    def _run(self) -> None:
        try:
            while not self._ending.wait(_POLL_INTERVAL_SECONDS):
                for found in self._place.plane.request("GET", self._place.path("sdep")).body[
                    "items"
                ]:
                    if ID not in found["metadata"].get("labels", {}):
                        self.reconcile(found)
        except Exception as fault:  # noqa: BLE001 — raised in the test's thread
            self.fault = fault

    def _send(self, method: str, kind: str, name: str, body: dict[str, Any] | None = None) -> int:
        path = self._place.path(kind, "" if method == "POST" else name)
        status = self._place.plane.request(method, path, body).status
        # 409: somebody was faster, or it is still being deleted; then the next look does it.
        assert status in (200, 201, 202, 404, 409), (method, path, status)
        if status < 300:
            self.writes.append(f"{method} {kind} {name}")
        return status

    def reconcile(self, found: dict[str, Any]) -> None:
        desired = list(_objects(found))
        for obj in (o for o in desired if o["kind"] == "Service"):
            self._apply_service(obj)
        deployments = [o for o in desired if o["kind"] == "Deployment"]
        each = [self._apply_deployment(obj) for obj in deployments]
        ready = all(each)
        if ready:
            self._delete_others(found, {o["metadata"]["name"] for o in desired})
        self._write_status(found, [o["metadata"]["name"] for o in deployments], ready=ready)

    def _apply_service(self, obj: dict[str, Any]) -> None:
        name = obj["metadata"]["name"]
        there = self._place.get("service", name)
        if not there:
            self._send("POST", "service", name, obj)
            return
        spec = there["spec"] | obj["spec"]
        notes = obj["metadata"].get("annotations", {})
        if (spec, notes) != (there["spec"], there["metadata"].get("annotations", {})):
            body = {**there, "spec": spec, "metadata": {**there["metadata"], "annotations": notes}}
            self._send("PUT", "service", name, body)

    def _apply_deployment(self, obj: dict[str, Any]) -> bool:
        """Return whether its pods are ready."""
        name = obj["metadata"]["name"]
        there = self._place.get("deployment", name)
        if not there:
            self._send("POST", "deployment", name, obj)
            return False
        if there["spec"]["selector"] != obj["spec"]["selector"]:
            if "deletionTimestamp" not in there["metadata"]:
                options = {"kind": "DeleteOptions", "apiVersion": "v1"}
                self._send(
                    "DELETE", "deployment", name, options | {"propagationPolicy": "Foreground"}
                )
            self._send("POST", "deployment", name, obj)
            return False
        if LAST_APPLIED not in there["metadata"]["annotations"]:
            there["metadata"]["annotations"][LAST_APPLIED] = "1"
            self._send("PUT", "deployment", name, {**there, "spec": obj["spec"]})
            return False
        status = there["status"]
        return bool(status.get("readyReplicas")) and not status.get("unavailableReplicas")

    def _delete_others(self, found: dict[str, Any], names: set[str]) -> None:
        for name in found.get("status", {}).get("deploymentStatus", {}).keys() - names:
            self._send("DELETE", "deployment", name)
        for name in self._place.names("service"):
            labels = self._place.get("service", name)["metadata"].get("labels", {})
            if (
                name not in names
                and labels.get("seldon-deployment-id") == found["metadata"]["name"]
            ):
                self._send("DELETE", "service", name)

    def _write_status(self, found: dict[str, Any], names: list[str], *, ready: bool) -> None:
        status = {
            "state": "Available" if ready else "Creating",
            "deploymentStatus": {name: {"replicas": 1} for name in names},
        }
        if found.get("status") != status:
            name = found["metadata"]["name"]
            path = f"{self._place.path('sdep', name)}/status"
            self._place.plane.request("PUT", path, {**found, "status": status})


def _objects(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what it makes: names and labels are those of graphgate, which has them from Seldon."""
    metadata = document["metadata"]
    owner = {
        "apiVersion": document["apiVersion"],
        "kind": document["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    for rendered in render(parse(document)):
        obj = deepcopy(rendered.object)
        obj["metadata"]["ownerReferences"] = [owner]
        if rendered.kind == "Deployment":
            obj["metadata"].setdefault("annotations", {})[LAST_APPLIED] = "1"
            spec = obj["spec"]
            labels = spec["template"]["metadata"]["labels"]
            spec["selector"]["matchLabels"] = {
                key: value
                for key, value in labels.items()
                if key in ("seldon-deployment-id", "seldon-app")
                or key.startswith("seldon-app-svc-")
            }
            spec["strategy"]["rollingUpdate"] = {"maxUnavailable": 0}
            pod = spec["template"]["spec"]
            pod["containers"][0]["terminationMessagePath"] = "/dev/termination-log"
            pod["containers"][0].setdefault("env", []).append(
                {"name": "MADE_BY", "value": "seldon"}
            )
        yield obj
