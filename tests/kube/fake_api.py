"""An API server as small as it can be, on loopback, that can be told to misbehave.

    with FakeApi() as api:
        api.put("/api/v1/namespaces", "team-a", labels={"team": "a"})
        api.misbehave("silent")      # the next watch says nothing, for ever

Lists (with limit and continue), watches (with bookmarks and 410), single objects, server-side apply
as a plain merge. Every answer is HTTP/1.1; watches are chunked, as the real one's.
"""

import json
import threading
from collections import deque
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests import patience


class FakeApi:
    def __init__(self):
        self.requests = []
        self.fixed_responses = {}
        self._objects = {}
        self._history = []
        self._version = 100
        self._oldest_version = 100
        self._pending_faults: deque[str] = deque()
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        bound_handler = type("Bound", (_Handler,), {"api": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), bound_handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopped.set()
        with self._changed:
            self._changed.notify_all()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def kubeconfig(self, folder, *, namespace="", token="secret-token"):
        """Write a kubeconfig for this server; return its path."""
        context = {"cluster": "fake", "user": "me"}
        if namespace:
            context["namespace"] = namespace
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "fake", "cluster": {"server": self.url}}],
            "users": [{"name": "me", "user": {"token": token}}],
            "contexts": [{"name": "fake", "context": context}],
            "current-context": "fake",
        }
        file = folder / "kubeconfig"
        file.write_text(json.dumps(document))
        return str(file)

    def put(self, collection, name, *, namespace="", **fields):
        """Create or change an object; `labels` and `annotations` go into its metadata."""
        with self._changed:
            self._version += 1
            metadata = {"name": name, "resourceVersion": str(self._version)}
            if namespace:
                metadata["namespace"] = namespace
            for key in ("labels", "annotations", "uid"):
                if key in fields:
                    metadata[key] = fields.pop(key)
            known = self._objects.setdefault(collection, {})
            kind = "MODIFIED" if name in known else "ADDED"
            known[name] = {**fields, "metadata": metadata}
            self._history.append((self._version, collection, kind, known[name]))
            self._changed.notify_all()

    def remove(self, collection, name):
        """Delete an object."""
        with self._changed:
            self._version += 1
            gone = self._objects[collection].pop(name)
            gone = {**gone, "metadata": {**gone["metadata"], "resourceVersion": str(self._version)}}
            self._history.append((self._version, collection, "DELETED", gone))
            self._changed.notify_all()

    def compact(self):
        """Forget the history: watches from before now are answered with 410."""
        with self._changed:
            self._history.clear()
            self._oldest_version = self._version

    def inject_faults(self, *faults):
        """Have the next watches go wrong: silent, cut, gone, gone-at-once, broken, garbage."""
        self._pending_faults.extend(faults)

    def set_response(self, path, code, body):
        """Always answer a path so."""
        self.fixed_responses[path] = (code, body)

    def wait_for(self, condition, what):
        """Wait until something about the requests holds."""
        with self._changed:
            assert self._changed.wait_for(condition, patience.SECONDS), f"never: {what}"

    def watches(self):
        return sum(1 for request in self.requests if "watch" in request.query)


class Request:
    def __init__(self, method, path, query, headers, body):
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body


class _Handler(BaseHTTPRequestHandler):
    api: FakeApi
    protocol_version = "HTTP/1.1"
    wbufsize = 2**16  # head and body leave together, not 40 ms apart (Nagle and delayed ACK)

    def log_message(self, *_):
        pass

    def handle(self):
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True  # the client went away, as it may

    def _read(self):
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, parts.path, query, headers, body)
        with self.api._changed:
            self.api.requests.append(request)
            self.api._changed.notify_all()
        return request

    def _send_json(self, code, body, **headers):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(text)

    def _send_error(self, code, reason, message):
        self._send_json(
            code, {"kind": "Status", "code": code, "reason": reason, "message": message}
        )

    def do_GET(self):
        request = self._read()
        if request.path in self.api.fixed_responses:
            self._send_json(*self.api.fixed_responses[request.path])
        elif "watch" in request.query:
            self._watch(request)
        else:
            self._get(request)

    def _get(self, request):
        collection, _, name = request.path.rpartition("/")
        with self.api._changed:
            version = str(self.api._version)
            one = self.api._objects.get(collection, {}).get(name)
            known = list(self.api._objects.get(request.path, {}).values())
        if one is not None:
            self._send_json(200, one)
        elif request.path in self.api._objects or "limit" in request.query:
            start = int(request.query.get("continue") or 0)
            end = start + int(request.query.get("limit") or 500)
            items = [obj for obj in known if _matches_selectors(obj, request)]
            rest = str(end) if end < len(items) else ""
            metadata = {"resourceVersion": version, "continue": rest}
            self._send_json(200, {"metadata": metadata, "items": items[start:end]})
        else:
            self._send_error(404, "NotFound", f"{name} not found")

    def _watch(self, request):
        fault = self.api._pending_faults.popleft() if self.api._pending_faults else ""
        since = int(request.query["resourceVersion"])
        if fault == "broken":
            self._send_error(500, "InternalError", "etcd is on fire")
            return
        if fault == "gone-at-once":
            self._send_error(410, "Expired", "too old resource version")
            return
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if fault == "silent":
            self.wfile.flush()
            self.api._stopped.wait()
            self.close_connection = True
        elif fault == "garbage":
            self._chunk(b"<html>proxy</html>\n")
            self._chunk(b"")
        elif fault == "gone" or since < self.api._oldest_version:
            expired = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
            self._chunk(_line("ERROR", expired))
            self._chunk(b"")
        else:
            self._stream(request, since, cut=fault == "cut")

    def _stream(self, request, since, *, cut):
        """Send events until the watch's time is over; `cut`: end in the middle of the first."""
        while True:
            with self.api._changed:
                in_time = self.api._changed.wait_for(
                    partial(self._has_news, since),
                    float(request.query["timeoutSeconds"]),
                )
                new = [event for event in self.api._history if event[0] > since]
                since = max(since, self.api._version)
            for _, collection, kind, obj in new:
                if collection != request.path or not _matches_selectors(obj, request):
                    continue
                line = _line(kind, obj)
                if cut:
                    self._chunk(line[: len(line) // 2])
                    self.close_connection = True
                    return
                self._chunk(line)
            if not in_time or self.api._stopped.is_set():
                self._chunk(_line("BOOKMARK", {"metadata": {"resourceVersion": str(since)}}))
                self._chunk(b"")
                return

    def _has_news(self, since):
        return self.api._version > since or self.api._stopped.is_set()

    def _chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def do_POST(self):
        request = self._read()
        self._send_json(201, {**request.body, "created": True})

    def do_PUT(self):
        request = self._read()
        self._send_json(200, request.body)

    def do_DELETE(self):
        request = self._read()
        collection, _, name = request.path.rpartition("/")
        known = self.api._objects.get(collection, {}).get(name)
        expected_uid = (request.body or {}).get("preconditions", {}).get("uid")
        if known is None:
            self._send_error(404, "NotFound", f"{name} not found")
        elif expected_uid and expected_uid != known["metadata"].get("uid"):
            self._send_error(409, "Conflict", "the UID in the precondition does not match")
        else:
            self._send_json(200, {"kind": "Status", "status": "Success"})

    def do_PATCH(self):
        request = self._read()
        if request.path in self.api.fixed_responses:
            self._send_json(*self.api.fixed_responses[request.path])
            return
        collection, _, name = request.path.rpartition("/")
        live = self.api._objects.get(collection, {}).get(name, {})
        merged = _merge(live, request.body)
        merged["metadata"] = {**merged["metadata"], "managedFields": [{"manager": "x"}], "uid": "u"}
        self._send_json(200, merged)


def _matches_selectors(obj, request):
    field_selector = request.query.get("fieldSelector", "")
    labels = [f"{key}={value}" for key, value in obj["metadata"].get("labels", {}).items()]
    return (
        not field_selector or field_selector == f"metadata.name={obj['metadata']['name']}"
    ) and all(
        label in labels for label in request.query.get("labelSelector", "").split(",") if label
    )


def _line(kind, obj):
    return json.dumps({"type": kind, "object": obj}).encode() + b"\n"


def _merge(old, new):
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: _merge(old.get(key), value) for key, value in new.items()}}
    return new
