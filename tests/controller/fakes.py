"""An API server of a few lines: objects by path, versions, conflicts, answers as told."""

from collections.abc import Mapping
from typing import Any

import orjson

from tests.controller.state.lives import fields_v1, running_status
from webhook.controller.state.ownership import FIELD_MANAGER
from webhook.errors import KubeApiUnavailableError
from webhook.kube import Response


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class FakeCluster:
    """A `Transport`. `answers` maps (method, end of a path) to a status and message, or None for
    no answer at all; what is not there works. `is_rolling_out`: an applied Deployment's pods are
    not replaced at once. `switched_off`: a field of pods that is dropped."""

    server = "https://fake"
    namespace = "default"

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.answers: dict[tuple[str, str], tuple[int, str] | None] = {}
        self.requests: list[tuple[str, str]] = []
        self.is_rolling_out = False
        self.switched_off = ""
        self._version = 100

    def stream(self, *_: object, **__: object) -> Any:
        raise KubeApiUnavailableError("nothing is followed here")

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
    ) -> Response:
        self.requests.append((f"{method} dry" if query and "dryRun" in query else method, path))
        for (verb, end), answer in self.answers.items():
            if verb == method and path.partition("?")[0].endswith(end):
                if answer is None:
                    raise KubeApiUnavailableError("no answer")
                return _error(*answer)
        content = orjson.loads(body) if body else {}
        if method == "GET":
            found = self.objects.get(path.removesuffix("?resourceVersion=0"))
            return _answer(200, found) if found else _error(404, "not found")
        if method == "DELETE":
            return _answer(200, self.objects.pop(path)) if path in self.objects else _error(404, "")
        if isinstance(content, list):
            return self._patch(path, content)
        if method == "POST":
            return self._post(f"{path}/{content['metadata'].get('name')}", content)
        if method == "PUT":
            return self._put(path, content)
        if path.endswith("/status"):
            return self._merge_status(path.removesuffix("/status"), content)
        return self._apply(path, content, dry=bool(query and "dryRun" in query))

    def _post(self, path: str, content: dict[str, Any]) -> Response:
        return _error(409, "there") if path in self.objects else self.put(path, content)

    def _put(self, path: str, content: dict[str, Any]) -> Response:
        known = self.objects.get(path)
        if known is None:
            return _error(404, "not found")
        if content["metadata"].get("resourceVersion") != known["metadata"]["resourceVersion"]:
            return _error(409, "the object has been modified")
        return self.put(path, content)

    def put(self, path: str, content: dict[str, Any]) -> Response:
        """Store an object under a new version."""
        self._version += 1
        content["metadata"] |= {"resourceVersion": str(self._version)}
        content["metadata"].setdefault("uid", f"uid-{self._version}")
        self.objects[path] = content
        return _answer(201, content)

    def _apply(self, path: str, content: dict[str, Any], *, dry: bool) -> Response:
        refusal = _precondition_failure(self.objects.get(path), content["metadata"])
        if refusal is not None:
            return refusal
        known = self.objects.get(path, {"metadata": {}})
        content["metadata"].pop("resourceVersion", None)
        if "template" in content["spec"]:
            content["spec"]["template"]["spec"].pop(self.switched_off, None)
        sent = {k: v for k, v in content.items() if k not in ("apiVersion", "kind")}
        identity = ("name", "namespace", "uid")  # owned by nobody
        sent["metadata"] = {k: v for k, v in sent["metadata"].items() if k not in identity}
        fields = {"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": fields_v1(sent)}
        merged = {**known, **content}
        merged["metadata"] = {**known["metadata"], **content["metadata"], "managedFields": [fields]}
        if content["kind"] == "Deployment":
            merged["metadata"]["generation"] = 1
            merged["spec"] = {"replicas": 1, **content["spec"]}
            running = merged.setdefault("status", running_status(merged["spec"]["replicas"]))
            if self.is_rolling_out:
                merged["status"] = {**running, "replicas": running["replicas"] + 1}
                merged["status"]["conditions"] = running["conditions"][:1]
        return _answer(200, merged) if dry else self.put(path, merged)

    def _patch(self, path: str, operations: list[dict[str, Any]]) -> Response:
        """A JSON patch as far as managedFields need one."""
        known = self.objects[path]
        for operation in operations:
            _, field, name = operation["path"].split("/")
            if operation["op"] == "replace" and name != "resourceVersion":
                known[field][name] = operation["value"]
            elif known[field][name] != operation["value"]:
                return _error(409 if operation["op"] == "replace" else 422, "the test failed")
        return self.put(path, known)

    def _merge_status(self, path: str, patch: dict[str, Any]) -> Response:
        known = self.objects.get(path)
        if known is None:
            return _error(404, "not found")
        refusal = _precondition_failure(known, patch["metadata"])
        if refusal is not None:
            return refusal
        status = _merged(known.get("status", {}), patch["status"])
        self.put(path, {**known, "metadata": dict(known["metadata"]), "status": status})
        return _answer(200, self.objects[path])

    def pop_requests(self, *verbs: str) -> list[str]:
        """Return the requests of these methods since the last time: 'PATCH …/services/a'."""
        requests = [
            f"{verb} {'/'.join(path.partition('?')[0].split('/')[-2:])}"
            for verb, path in self.requests
            if verb in verbs
        ]
        self.requests.clear()
        return requests


def _precondition_failure(
    known: dict[str, Any] | None, metadata: dict[str, Any]
) -> Response | None:
    """What tests/apiserver/test_ownership.py sees of a real API server."""
    if known is None:
        return _error(409, "uid mismatch") if "uid" in metadata else None
    if metadata.get("resourceVersion", "") not in ("", known["metadata"]["resourceVersion"]):
        return _error(409, "the object has been modified")
    if metadata.get("uid", known["metadata"]["uid"]) != known["metadata"]["uid"]:
        return _error(422, "metadata.uid: Invalid value: field is immutable")
    return None


def _merged(known: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    base = known if isinstance(known, dict) else {}
    merged = base | {key: _merged(base.get(key), value) for key, value in patch.items()}
    return {key: value for key, value in merged.items() if value is not None}


def _answer(status: int, content: Any) -> Response:
    return Response(status, orjson.dumps(content))


def _error(status: int, message: str) -> Response:
    return _answer(status, {"kind": "Status", "code": status, "message": message})
