"""Runs Contour and Envoy beside a control plane, both in the network of the calling thread.

Ports are fixed: a separate network has them free. Whatever happens, both end with this process
(`tools.control_plane.process`).
"""

import http.client
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any, Self

from tools.control_plane.process import ProcessGroup
from tools.control_plane.run import ControlPlane
from tools.gateway.build import find_envoy
from tools.gateway.network import GATEWAY_ADDRESS

NAMESPACE = "gateways"
NAME = "public"
CONTROLLER = "projectcontour.io/gateway-controller"

_XDS_PORT = 2001
_HEALTH_PORT = 2002
# Contour listens 8000 higher than the Gateway's listener, so that Envoy needs no right to port 80.
HTTP_PORT, GRPC_PORT = 8080, 8081
_LISTENER_PORTS = {"http": 80, "grpc": 81}

# It was 6 s on two idle cores.
_SECONDS_TO_START = 100.0


class Gateway:
    """A running gateway with two listeners, "http" and "grpc". `start` it; a context manager."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._folder = Path(tempfile.mkdtemp(prefix="gateway-", dir=plane.folder))
        self._processes = ProcessGroup()

    @classmethod
    def start(cls, plane: ControlPlane, contour: Path) -> Self:
        """Create the Gateway, start both programs, and wait until they have taken it up.

        The definitions of Gateway API and Contour must be there.
        """
        gateway = cls(plane)
        try:
            gateway._create_objects()
            gateway._start_contour(contour)
            gateway._start_envoy(contour)
        except BaseException:
            gateway.stop()
            raise
        return gateway

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def http(self) -> str:
        """Host and port of the listener "http"."""
        return f"{GATEWAY_ADDRESS}:{HTTP_PORT}"

    @property
    def grpc(self) -> str:
        """Host and port of the listener "grpc"."""
        return f"{GATEWAY_ADDRESS}:{GRPC_PORT}"

    def read_logs(self) -> dict[str, str]:
        """Return the ends of both logs."""
        return {name: each.last_lines(30) for name, each in self._processes.processes.items()}

    def stop(self) -> None:
        """End both; a second time does nothing."""
        self._processes.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _create_objects(self) -> None:
        self._plane.create_namespace(NAMESPACE)
        for obj in (_gateway_class(), _gateway()):
            self._plane.kubectl("apply", "--server-side", "-f", "-", input=json.dumps(obj))

    def _start_contour(self, contour: Path) -> None:
        config = {"gateway": {"gatewayRef": {"namespace": NAMESPACE, "name": NAME}}}
        file = self._folder / "contour.yaml"
        file.write_text(json.dumps(config))
        self._start(
            "contour",
            [
                *(str(contour), "serve", "--insecure", "--disable-leader-election"),
                f"--kubeconfig={self._plane.kubeconfig}",
                f"--config-path={file}",
                "--xds-address=127.0.0.1",
                f"--xds-port={_XDS_PORT}",
                "--http-address=127.0.0.1",
                f"--http-port={_HEALTH_PORT}",
                "--health-address=127.0.0.1",
                f"--health-port={_HEALTH_PORT}",
                f"--ingress-status-address={GATEWAY_ADDRESS}",
            ],
        )
        self._processes.wait(
            lambda: _answers("127.0.0.1", _HEALTH_PORT, "/healthz"),
            what="Contour",
            seconds=_SECONDS_TO_START,
        )

    def _start_envoy(self, contour: Path) -> None:
        bootstrap = self._folder / "envoy.json"
        self._plane.run(
            *(str(contour), "bootstrap", str(bootstrap)),
            *("--xds-address=127.0.0.1", f"--xds-port={_XDS_PORT}"),
            f"--admin-address={self._folder}/admin.sock",
        )
        self._start(
            "envoy",
            [
                *(str(find_envoy()), "-c", str(bootstrap)),
                *("--concurrency", "2", "--disable-hot-restart", "--log-level", "warning"),
                *("--service-cluster", NAMESPACE, "--service-node", "tests"),
            ],
        )

    def _start(self, name: str, command: list[str]) -> None:
        env = {"HOME": str(self._folder), "CONTOUR_NAMESPACE": NAMESPACE}
        log = self._plane.folder / "logs" / f"{name}.log"
        self._processes.start(name, command, env, log)


def _gateway_class() -> dict[str, Any]:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": "contour"},
        "spec": {"controllerName": CONTROLLER},
    }


def _gateway() -> dict[str, Any]:
    listeners = [
        {
            "name": name,
            "protocol": "HTTP",
            "port": port,
            "allowedRoutes": {"namespaces": {"from": "All"}},
        }
        for name, port in _LISTENER_PORTS.items()
    ]
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {"gatewayClassName": "contour", "listeners": listeners},
    }


def _answers(host: str, port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
