"""What Seldon Core's operator does to the objects of a SeldonDeployment, on objects that it made.

It is not that operator, but what it writes is what the original built of the same document
(`seldon_objects.json`, recorded from its unmodified code, v1.17.1), and it writes as the source
does: controller references, POST and PUT under the field manager "manager", Services before
autoscalers before Deployments; a Deployment whose selector differs is deleted with its pods and
made anew; live replicas stay where the document has none; objects with a foreign controller id
are left alone; what is not wanted any more goes by the names in the status, Services by label.
"""

import json
import threading
from copy import deepcopy
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.apiserver.reconciling import Namespace

ID = "seldon.io/controller-id"
LAST_APPLIED = "seldon.io/last-applied"
RECORDED: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "seldon_objects.json").read_text()
)
"""By the name of the case: the document and what Seldon's operator built of it."""

_KINDS = {
    "services": ("service", "v1", "Service"),
    "hpas": ("hpa", "autoscaling/v2", "HorizontalPodAutoscaler"),
    "keda": ("scaledobject", "keda.sh/v1alpha1", "ScaledObject"),
    "pdbs": ("budget", "policy/v1", "PodDisruptionBudget"),
    "deployments": ("deployment", "apps/v1", "Deployment"),
}
"""In the order in which they are written."""

_POLL_INTERVAL_SECONDS = 0.1


class FakeSeldonOperator:
    """Works in one namespace, in a thread, while it is entered; `writes` says what it wrote."""

    def __init__(self, namespace_api: Namespace, case: str) -> None:
        self._api = namespace_api
        self._built = RECORDED[case]["built"]
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
                found = self._api.plane.request("GET", self._api.path("sdep"))
                for document in found.body["items"]:
                    if ID not in document["metadata"].get("labels", {}):
                        self.reconcile(document)
        except Exception as fault:  # noqa: BLE001 — raised in the test's thread
            self.fault = fault

    def _send(self, method: str, kind: str, name: str, body: dict[str, Any]) -> None:
        path = self._api.path(kind, "" if method == "POST" else name)
        status = self._api.plane.request(method, f"{path}?fieldManager=manager", body).status
        # 409: somebody was faster, or it is still being deleted; then the next look does it.
        assert status in (200, 201, 202, 404, 409), (method, path, status)
        if status < 300:
            self.writes.append(f"{method} {kind} {name}")

    def reconcile(self, document: dict[str, Any]) -> None:
        """Bring the cluster to what was recorded for the document."""
        ready = []
        for group, (kind, api_version, kind_name) in _KINDS.items():
            for recorded in self._built[group]:
                obj = self._complete(recorded, document, api_version, kind_name)
                if kind == "deployment":
                    ready.append(self._write_deployment(obj))
                else:
                    self._write(kind, obj)
        names = [obj["metadata"]["name"] for obj in self._built["deployments"]]
        if all(ready):
            self._delete_others(document, names)
        self._write_status(document, names, ready=all(ready))

    def _complete(
        self, recorded: dict[str, Any], document: dict[str, Any], api_version: str, kind: str
    ) -> dict[str, Any]:
        obj: dict[str, Any] = deepcopy(recorded)
        owner = {
            "apiVersion": "machinelearning.seldon.io/v1",
            "kind": "SeldonDeployment",
            "name": document["metadata"]["name"],
            "uid": document["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
        obj["metadata"] |= {"namespace": self._api.name, "ownerReferences": [owner]}
        if kind == "Deployment":
            annotations = obj["metadata"].setdefault("annotations", {})
            annotations[LAST_APPLIED] = json.dumps(recorded["spec"], sort_keys=True)
        return {"apiVersion": api_version, "kind": kind, **obj}

    def _write(self, kind: str, obj: dict[str, Any]) -> None:
        name = obj["metadata"]["name"]
        there = self._api.get(kind, name)
        if not there:
            self._send("POST", kind, name, obj)
            return
        spec = there["spec"] | obj["spec"]
        annotations = obj["metadata"].get("annotations", {})
        if (spec, annotations) != (there["spec"], there["metadata"].get("annotations", {})):
            metadata = {**there["metadata"], "annotations": annotations}
            self._send("PUT", kind, name, {**there, "spec": spec, "metadata": metadata})

    def _write_deployment(self, obj: dict[str, Any]) -> bool:
        """Return whether its pods are ready."""
        name = obj["metadata"]["name"]
        there = self._api.get("deployment", name)
        if not there:
            self._send("POST", "deployment", name, obj)
            return False
        if there["spec"]["selector"] != obj["spec"]["selector"]:
            if "deletionTimestamp" not in there["metadata"]:
                options = {"kind": "DeleteOptions", "apiVersion": "v1"}
                options["propagationPolicy"] = "Foreground"
                self._send("DELETE", "deployment", name, options)
            self._send("POST", "deployment", name, obj)
            return False
        annotation = obj["metadata"]["annotations"][LAST_APPLIED]
        if there["metadata"].get("annotations", {}).get(LAST_APPLIED) != annotation:
            there["metadata"].setdefault("annotations", {})[LAST_APPLIED] = annotation
            replicas = {"replicas": there["spec"]["replicas"]}
            self._send("PUT", "deployment", name, {**there, "spec": replicas | obj["spec"]})
            return False
        status = there["status"]
        return bool(status.get("readyReplicas")) and not status.get("unavailableReplicas")

    def _delete_others(self, document: dict[str, Any], names: list[str]) -> None:
        options = {"kind": "DeleteOptions", "apiVersion": "v1"}
        known = document.get("status", {}).get("deploymentStatus", {}).keys()
        for name in known - set(names):
            self._send("DELETE", "deployment", name, options)
        services = {obj["metadata"]["name"] for obj in self._built["services"]}
        for name in self._api.names("service"):
            labels = self._api.get("service", name).get("metadata", {}).get("labels", {})
            mine = labels.get("seldon-deployment-id") == document["metadata"]["name"]
            if mine and name not in services:
                self._send("DELETE", "service", name, options)

    def _write_status(self, document: dict[str, Any], names: list[str], *, ready: bool) -> None:
        status = {
            "state": "Available" if ready else "Creating",
            "deploymentStatus": {name: {"replicas": 1} for name in names},
        }
        if document.get("status") != status:
            path = f"{self._api.path('sdep', document['metadata']['name'])}/status"
            body = {**document, "status": status}
            self._api.plane.request("PUT", f"{path}?fieldManager=manager", body)
