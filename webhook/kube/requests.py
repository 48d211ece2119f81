"""Requests to the API about one object. Raw mappings in, raw mappings out.

Every function raises KubeApiUnavailableError if there is no answer, and its child ApiStatusError if
the API server refuses the request.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from webhook.kube.api_errors import api_error
from webhook.kube.paths import object_path
from webhook.kube.transport import Response, Transport

APPLY_CONTENT_TYPE = "application/apply-patch+yaml"
"""Server-side apply; JSON is YAML."""


# The API server reads an apply as YAML, which takes these only spelt out (YAML 1.2, 5.1). orjson
# leaves them as they are, being fine in JSON; what it escapes itself is not touched.
_YAML_CONTROL_CHARACTERS = re.compile("[\x7f-\x9f\ufffe\uffff]")


def _escape_character(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


ABSENT: Mapping[str, str] = {"resourceVersion": "1"}
"""The precondition of an apply that creates: no object has the version 1, which is etcd's before
its first write, so an object of that name is a conflict. Source: Kubernetes' generic registry
compares versions only where there is an object; tests/apiserver/test_ownership.py holds it."""


def get(transport: Transport, path: str) -> dict[str, Any] | None:
    """Return what is at a path; None if there is nothing (404)."""
    response = transport.request("GET", path)
    if response.status == 404:
        return None
    return _read_object(transport, "GET", path, response)


def create(transport: Transport, path: str, obj: Mapping[str, Any]) -> dict[str, Any]:
    """Create an object in the collection at `path`; return it as stored. 409: it is there."""
    return _send_object(transport, "POST", path, obj)


def update(transport: Transport, path: str, obj: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the object at `path`; 409 if it has another resourceVersion by now."""
    return _send_object(transport, "PUT", path, obj)


def apply(
    transport: Transport,
    obj: Mapping[str, Any],
    *,
    manager: str,
    namespace: str = "",
    dry_run: bool = False,
    precondition: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Apply an object server-side; return it as it is then (or would be, with `dry_run`).

    manager       the field manager, which owns the applied fields and takes them over from others
    namespace     for an object that names none
    precondition  what its metadata must say: {"uid": …}, {"resourceVersion": …} or `ABSENT`. Where
                  it says something else, nothing is written and the answer is 409; for another uid
                  it is 422, with the message that metadata.uid is immutable
    """
    if precondition:
        obj = {**obj, "metadata": {**obj["metadata"], **precondition}}
    query = {"fieldManager": manager, "force": "true"}
    path = object_path(obj, namespace)
    if dry_run:
        query["dryRun"] = "All"
    response = transport.request(
        "PATCH", path, query=query, body=_encode(obj), headers={"Content-Type": APPLY_CONTENT_TYPE}
    )
    return _read_object(transport, "PATCH", path, response)


def json_patch(
    transport: Transport, path: str, operations: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Send a JSON patch (RFC 6902); return the object as stored. 422: a `test` failed."""
    response = transport.request(
        "PATCH",
        path,
        body=orjson.dumps(list(operations)),
        headers={"Content-Type": "application/json-patch+json"},
    )
    return _read_object(transport, "PATCH", path, response)


def delete(
    transport: Transport,
    path: str,
    *,
    uid: str = "",
    resource_version: str = "",
    propagation: str = "Background",
) -> bool:
    """Delete the object at `path`; return False if it was gone already.

    With `uid` or `resource_version`, only if it still has that: else 409.
    """
    options: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": propagation,
    }
    preconditions = {"uid": uid, "resourceVersion": resource_version}
    preconditions = {key: value for key, value in preconditions.items() if value}
    if preconditions:
        options["preconditions"] = preconditions
    response = transport.request("DELETE", path, body=_encode(options))
    if response.status == 404:
        return False
    _read_object(transport, "DELETE", path, response)
    return True


def _send_object(
    transport: Transport, method: str, path: str, obj: Mapping[str, Any]
) -> dict[str, Any]:
    response = transport.request(method, path, body=_encode(obj))
    return _read_object(transport, method, path, response)


def _read_object(
    transport: Transport, method: str, path: str, response: Response
) -> dict[str, Any]:
    if not 200 <= response.status < 300:
        raise api_error(transport, method, path, response)
    content = response.json()
    return content if isinstance(content, dict) else {}


def _encode(obj: Mapping[str, Any]) -> bytes:
    try:
        return _YAML_CONTROL_CHARACTERS.sub(_escape_character, orjson.dumps(obj).decode()).encode()
    except TypeError:  # an integer over 64 bits or a lone surrogate: leave it to the API server
        return json.dumps(obj).encode()
