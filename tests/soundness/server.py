"""Asking the real API server whether it would take an object: a dry run, nothing is stored."""

import http.client
import json
import re
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from tests.seeds import ROOT
from tests.soundness.answers import ApiRejection, WriteMethod, to_rejection
from tests.soundness.judging import NAMESPACES, ApiObject
from tools.control_plane.run import ControlPlane
from tools.control_plane.waiting import wait_until

_RESOURCES = {
    "SeldonDeployment": "apis/machinelearning.seldon.io/v1",
    "Deployment": "apis/apps/v1",
    "HorizontalPodAutoscaler": "apis/autoscaling/v2",
    "PodDisruptionBudget": "apis/policy/v1",
    "ScaledObject": "apis/keda.sh/v1alpha1",
    "Service": "api/v1",
    "Pod": "api/v1",
}
_OLDER = ("machinelearning.seldon.io/v1alpha2", "machinelearning.seldon.io/v1alpha3")
_CREATED = ("SeldonDeployment", "Pod")
"""What people and controllers create; everything else the reconciler applies."""
_QUERY = "dryRun=All&fieldValidation=Warn"
_IN_A_PATH = re.compile(r"[a-z0-9.-]{1,253}\Z")
_CONTROLS = re.compile("[\x7f-\x9f]")
_TIMEOUT_SECONDS = 120


def install(plane: ControlPlane, scaled_objects: Path) -> None:
    """Create the namespaces and the definitions that the objects need.

    scaled_objects  the file of KEDA's definition
    """
    for name, labels in NAMESPACES.items():
        plane.create_namespace(name, labels)
    install_definitions(plane, ROOT / "manifests/crd/seldondeployments.yaml", scaled_objects)


def install_definitions(plane: ControlPlane, *files: Path) -> None:
    """Apply definitions, and wait until objects of them can be created."""
    plane.kubectl("apply", *(f"--filename={file}" for file in files))
    # kubectl wait fails where a definition has no conditions yet.
    wait_until(lambda: _are_established(plane), what="definitions", seconds=50)


def _are_established(plane: ControlPlane) -> bool:
    listed = json.loads(plane.kubectl("get", "crd", "-o", "json").stdout)
    return all(
        any(
            condition["type"] == "Established" and condition["status"] == "True"
            for condition in (definition.get("status") or {}).get("conditions") or ()
        )
        for definition in listed["items"]
    )


@dataclass(slots=True)
class Server:
    """The API server, with one open connection for each thread and a memory of its answers."""

    plane: ControlPlane
    known: dict[bytes, ApiRejection | None] = field(default_factory=dict)
    request_count: int = 0
    _open: list[http.client.HTTPSConnection] = field(default_factory=list)
    _local: threading.local = field(default_factory=threading.local)

    def close(self) -> None:
        """Close the connections of all threads; none of them asks any more."""
        while self._open:
            self._open.pop().close()

    def find_rejection(self, asked: ApiObject, *, both: bool = False) -> ApiRejection | None:
        """Return why an object is not taken; None: it is.

        Asks as the reconciler does, with a server-side apply; where that is refused (or with
        `both`) with a plain create. Pods and the SeldonDeployment are created only.
        """
        key = json.dumps(
            [asked.kind, asked.object, asked.is_applied, asked.namespace], sort_keys=True
        ).encode()
        if key not in self.known:
            self.known[key] = self._ask(asked, both=both)
        return self.known[key]

    def _ask(self, asked: ApiObject, *, both: bool) -> ApiRejection | None:
        applied = None
        name = str(asked.object["metadata"].get("name")) if asked.kind not in _CREATED else ""
        if asked.is_applied and _IN_A_PATH.match(name):
            applied = self._send(asked, "apply", name)
            if applied is None and not both:
                return None
        return self._send(asked, "create") or applied

    def _send(self, asked: ApiObject, how: WriteMethod, name: str = "") -> ApiRejection | None:
        group = _RESOURCES[asked.kind]
        if asked.kind == "SeldonDeployment" and asked.object.get("apiVersion") in _OLDER:
            group = f"apis/{asked.object['apiVersion']}"
        path = f"/{group}/namespaces/{asked.namespace}/{_plural(asked.kind)}"
        if how == "apply":
            path = f"{path}/{quote(name)}?{_QUERY}&fieldManager=graphgate&force=true"
            status, body = self._request("PATCH", path, "application/apply-patch+yaml", asked)
        else:
            status, body = self._request("POST", f"{path}?{_QUERY}", "application/json", asked)
        return to_rejection(asked.kind, how, status, body)

    def _request(self, method: str, path: str, kind: str, asked: ApiObject) -> tuple[int, Any]:
        self.request_count += 1
        # Not escaped: an apply is read as YAML, which knows no pairs of surrogates. Escaped: the
        # controls that YAML forbids and JSON does not.
        text = json.dumps(asked.object, ensure_ascii=False)
        body = _CONTROLS.sub(lambda m: f"\\u{ord(m[0]):04x}", text).encode(errors="replace")
        for last in (False, True):
            connection = self._connection(fresh=last)
            try:
                connection.request(method, path, body, {"Content-Type": kind})
                response = connection.getresponse()
                return response.status, json.loads(response.read())
            except (http.client.HTTPException, ConnectionError) as error:
                if last:  # an idle connection may have been closed; on a fresh one it has crashed
                    return 500, {"message": f"no answer: {type(error).__name__}"}
        raise AssertionError("the second try returns or raises")

    def _connection(self, *, fresh: bool) -> http.client.HTTPSConnection:
        if fresh or not hasattr(self._local, "connection"):
            folder = self.plane.folder
            tls = ssl.create_default_context(cafile=str(folder / "ca.crt"))
            tls.load_cert_chain(folder / "admin.crt", folder / "admin.key")
            where = urlsplit(self.plane.server)
            if fresh and hasattr(self._local, "connection"):
                self._local.connection.close()
            self._local.connection = http.client.HTTPSConnection(
                where.hostname or "", where.port, timeout=_TIMEOUT_SECONDS, context=tls
            )
            self._open.append(self._local.connection)
        connection: http.client.HTTPSConnection = self._local.connection
        return connection


def _plural(kind: str) -> str:
    return f"{kind.lower()}s"
