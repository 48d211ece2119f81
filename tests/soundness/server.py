"""Asking the real API server whether it would take an object: a dry run, nothing is stored."""

import hashlib
import http.client
import json
import queue
import re
import ssl
import threading
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from tests import patience
from tests.seeds import ROOT
from tests.soundness.answers import ApiRejection, WriteMethod, to_rejection
from tests.soundness.judging import NAMESPACE, NAMESPACES, ApiObject
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
    "HTTPRoute": "apis/gateway.networking.k8s.io/v1",
    "GRPCRoute": "apis/gateway.networking.k8s.io/v1",
    "VirtualService": "apis/networking.istio.io/v1beta1",
    "DestinationRule": "apis/networking.istio.io/v1beta1",
}
_FOREIGN = ("ScaledObject", "HTTPRoute", "GRPCRoute", "VirtualService")
"""Of which kinds the definitions are other projects'; Istio has one file for all of its own."""
_OLDER = ("machinelearning.seldon.io/v1alpha2", "machinelearning.seldon.io/v1alpha3")
_CREATED = ("SeldonDeployment", "Pod")
"""What people and controllers create; everything else the reconciler applies."""
_STORED = "fieldValidation=Warn"
_QUERY = f"dryRun=All&{_STORED}"
_UPDATE_NAMESPACES = tuple(f"{NAMESPACE}-updates-{number}" for number in range(8))
"""Where old objects are created for a moment: one namespace for each thread."""
_IN_A_PATH = re.compile(r"[a-z0-9.-]{1,253}\Z")
_CONTROLS = re.compile("[\x7f-\x9f]")


def install(plane: ControlPlane, definitions: Mapping[str, Path]) -> None:
    """Create the namespaces and the definitions that the objects need.

    definitions  the files of other projects' definitions, by kind
    """
    for name, labels in {**{name: {} for name in _UPDATE_NAMESPACES}, **NAMESPACES}.items():
        plane.create_namespace(name, labels)
    foreign = (definitions[kind] for kind in _FOREIGN)
    install_definitions(plane, ROOT / "manifests/crd/seldondeployments.yaml", *foreign)


def install_definitions(plane: ControlPlane, *files: Path) -> None:
    """Apply definitions, and wait until objects of them can be created."""
    # Server-side because of their size.
    plane.kubectl("apply", "--server-side", *(f"--filename={file}" for file in files))
    # kubectl wait fails where a definition has no conditions yet.
    wait_until(lambda: _are_established(plane), what="definitions", seconds=patience.SECONDS)


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
    _free: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        """Put every namespace of updates in line."""
        for name in _UPDATE_NAMESPACES:
            self._free.put(name)

    def close(self) -> None:
        """Close the connections of all threads; none of them asks any more."""
        while self._open:
            self._open.pop().close()

    def find_rejection(self, asked: ApiObject, *, both: bool = False) -> ApiRejection | None:
        """Return why an object is not taken; None: it is.

        Asks as the reconciler does, with a server-side apply; where that is refused (or with
        `both`) with a plain create. Pods and the SeldonDeployment are created only. Where there
        is an old object, that is created for a moment, and the new one is asked for in its place.
        """
        parts = [asked.kind, asked.object, asked.is_applied, asked.namespace, asked.old]
        key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest()
        if key not in self.known:
            self.known[key] = (
                self._ask(asked, both=both) if asked.old is None else self._ask_update(asked)
            )
        return self.known[key]

    def _ask(self, asked: ApiObject, *, both: bool) -> ApiRejection | None:
        applied = None
        name = str(asked.object["metadata"].get("name")) if asked.kind not in _CREATED else ""
        if asked.is_applied and _IN_A_PATH.match(name):
            applied = self._send(asked, "apply", name)
            if applied is None and not both:
                return None
        return self._send(asked, "create") or applied

    def _ask_update(self, asked: ApiObject) -> ApiRejection | None:
        """Return why an object is not taken in place of the old one; None: it is.

        As its controller does it: a server-side apply over one, or (Seldon's operator, and people
        with the SeldonDeployment) a whole object in place of the one that was created.
        """
        name = str(asked.object["metadata"].get("name"))
        if not _IN_A_PATH.match(name):
            return self.find_rejection(replace(asked, old=None))
        namespace = self._free.get()
        try:
            old, new = (
                replace(asked, object=_moved(one, namespace), namespace=namespace, old=None)
                for one in (asked.old, asked.object)
            )
            applies = asked.is_applied and asked.kind not in _CREATED
            how: WriteMethod = "apply" if applies else "create"
            path = f"{_collection(old)}/{quote(name)}"
            status, body = self._write(old, how, name, query=_STORED)
            if status >= 400:
                return self.find_rejection(replace(asked, old=None))
            try:
                if applies:
                    status, answer = self._write(new, "apply", name)
                else:
                    _keep_what_the_server_gave(new, body)
                    status, answer = self._request(
                        "PUT", f"{path}?{_QUERY}", "application/json", new.object
                    )
            finally:
                self._request("DELETE", path, "application/json", {"gracePeriodSeconds": 0})
        finally:
            self._free.put(namespace)
        return to_rejection(asked.kind, "update", status, answer)

    def _send(self, asked: ApiObject, how: WriteMethod, name: str = "") -> ApiRejection | None:
        return to_rejection(asked.kind, how, *self._write(asked, how, name))

    def _write(
        self, asked: ApiObject, how: WriteMethod, name: str = "", *, query: str = _QUERY
    ) -> tuple[int, Any]:
        path = _collection(asked)
        if how == "apply":
            path = f"{path}/{quote(name)}?{query}&fieldManager=graphgate&force=true"
            return self._request("PATCH", path, "application/apply-patch+yaml", asked.object)
        return self._request("POST", f"{path}?{query}", "application/json", asked.object)

    def _request(
        self, method: str, path: str, kind: str, content: dict[str, Any]
    ) -> tuple[int, Any]:
        self.request_count += 1
        # Not escaped: an apply is read as YAML, which knows no pairs of surrogates. Escaped: the
        # controls that YAML forbids and JSON does not.
        text = json.dumps(content, ensure_ascii=False)
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
                where.hostname or "", where.port, timeout=patience.SECONDS, context=tls
            )
            self._open.append(self._local.connection)
        connection: http.client.HTTPSConnection = self._local.connection
        return connection


def _collection(asked: ApiObject) -> str:
    group = _RESOURCES[asked.kind]
    if asked.kind == "SeldonDeployment" and asked.object.get("apiVersion") in _OLDER:
        group = f"apis/{asked.object['apiVersion']}"
    return f"/{group}/namespaces/{asked.namespace}/{_plural(asked.kind)}"


def _moved(raw: dict[str, Any] | None, namespace: str) -> dict[str, Any]:
    """Return a copy in another namespace, which nothing keeps from being deleted."""
    moved = deepcopy(raw) or {}
    moved["metadata"]["namespace"] = namespace
    for field_name in ("finalizers", "ownerReferences"):
        moved["metadata"].pop(field_name, None)
    return moved


def _keep_what_the_server_gave(new: ApiObject, stored: dict[str, Any]) -> None:
    """Write into an object what its writer takes over from the one that is there.

    Seldon's operator keeps the clusterIP of a Service (createServices, v1.17.1).
    """
    new.object["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"]
    if new.kind == "Service":
        new.object["spec"]["clusterIP"] = stored["spec"]["clusterIP"]


def _plural(kind: str) -> str:
    return f"{kind.lower()}s"
