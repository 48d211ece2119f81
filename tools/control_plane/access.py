"""How a client reaches the API server: kubeconfig files, and the few requests the runner makes.

The tests themselves talk to the API through kubectl or the product; `Api` is for what the runner
and the fixtures need many times, where a kubectl process (0.1 s) would be the slow part.
"""

import base64
import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.control_plane.certificates import Pair

# It takes 2 ms. An API server gives a request up after 60 s, and one that waits for a webhook
# sooner: it is to say so itself, however slow the machine is.
_SECONDS_FOR_AN_ANSWER = 120.0


def write_kubeconfig(file: Path, server: str, authority: bytes, client: Pair) -> Path:
    """Write a kubeconfig with everything inside it; JSON, which is YAML too."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "tests",
                "cluster": {"server": server, "certificate-authority-data": _base64(authority)},
            }
        ],
        "users": [
            {
                "name": "client",
                "user": {
                    "client-certificate-data": _base64(client.certificate),
                    "client-key-data": _base64(client.key),
                },
            }
        ],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "client"}}],
        "current-context": "tests",
    }
    file.write_text(json.dumps(document, indent=2))
    file.chmod(0o600)  # Helm warns about a kubeconfig that others can read
    return file


def _base64(pem: bytes) -> str:
    return base64.b64encode(pem).decode()


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """A status code and the body, parsed if it is JSON."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Api:
    """Plain requests to the API server as the cluster's administrator."""

    port: int
    tls: ssl.SSLContext

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        timeout: float = _SECONDS_FOR_AN_ANSWER,
    ) -> ApiResponse:
        """Send one request on a connection of its own; OSError if the server is not there."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=timeout, context=self.tls
        )
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = response.read()
        except http.client.HTTPException as cut_off:
            raise ConnectionError(f"{method} {path}: {cut_off!r}") from cut_off
        finally:
            connection.close()
        is_json = response.headers.get_content_type() == "application/json"
        return ApiResponse(response.status, json.loads(content) if is_json else content.decode())


def create_api(port: int, authority: Path, certificate: Path, key: Path) -> Api:
    """Create an `Api` from the files of the administrator."""
    tls = ssl.create_default_context(cafile=str(authority))
    tls.load_cert_chain(certificate, key)
    return Api(port, tls)
