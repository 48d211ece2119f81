"""Runs a control plane for tests: etcd, kube-apiserver, kube-controller-manager, and nodes.

    with ControlPlane.start(binaries) as plane:
        plane.kubectl("create", "namespace", "shop")

Everything is on loopback and in one temporary folder. Nothing is left of it afterwards: on
`stop`, an exception or Ctrl-C the processes are stopped and the folder is removed; when this
Python process is killed, the kernel kills the components (see `process`) and the folder's janitor
removes the folder (see `scratch`).
"""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from tools.control_plane import components, objects
from tools.control_plane.access import ApiResponse, create_api
from tools.control_plane.certificates import Authority
from tools.control_plane.commands import Finished, prepare_environment, run_command
from tools.control_plane.errors import ComponentDiedError
from tools.control_plane.layout import prepare
from tools.control_plane.process import ProcessGroup, last_lines
from tools.control_plane.scratch import Scratch

# Ready in 4 to 10 s on two idle cores; a machine that does ten other things needs minutes.
_SECONDS_TO_START = 300.0
# Another program can take a port between the choice and the listen.
_TRIES_FOR_FREE_PORTS = 3
# The API server ends within 2 s unless a request hangs in a webhook (at most 30 s).
_SECONDS_TO_STOP = 35.0
# kubectl answers in 0.1 s; a test that waits with kubectl passes its own time limit.
_SECONDS_FOR_A_COMMAND = 300.0


class ControlPlane:
    """A running control plane. `start` it; it is its own context manager."""

    def __init__(self, binaries: Mapping[str, Path]) -> None:
        """Prepare folder, ports and certificates; `start` is the usual way in."""
        self._binaries = binaries
        self._processes = ProcessGroup()
        self._scratch = Scratch("graphgate-control-plane-")
        try:
            self._layout = prepare(self._scratch.path)
            self._api = create_api(
                self._layout.ports.api,
                self._layout.path("ca.crt"),
                self._layout.path("admin.crt"),
                self._layout.path("admin.key"),
            )
            self.env = prepare_environment(self._layout, binaries)
        except BaseException:
            self._scratch.remove()
            raise
        self.seconds_to_start = 0.0

    @classmethod
    def start(cls, binaries: Mapping[str, Path], *, controllers: bool = True) -> Self:
        """Start and wait until it is ready; without controllers in less than half the time."""
        for tries_left in reversed(range(_TRIES_FOR_FREE_PORTS)):
            plane = cls(binaries)
            try:
                plane._start_all(controllers=controllers)
            except ComponentDiedError as died:
                plane.stop()
                if not (died.port_was_taken and tries_left):
                    raise
            except BaseException:
                plane.stop()
                raise
            else:
                return plane
        raise AssertionError("the last try returns or raises")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def folder(self) -> Path:
        """The temporary folder: kubeconfigs, certificates, data, `logs/`."""
        return self._layout.folder

    @property
    def server(self) -> str:
        """The API server's URL: "https://127.0.0.1:23456"."""
        return self._layout.server

    @property
    def authority(self) -> Authority:
        """The cluster's CA: `certificate` is what a client trusts; it can issue more."""
        return self._layout.authority

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig; `env` has it as KUBECONFIG."""
        return self._layout.kubeconfig("admin")

    @property
    def pids(self) -> dict[str, int]:
        """The process id of every component that is meant to run."""
        return {name: running.popen.pid for name, running in self._processes.processes.items()}

    @property
    def version(self) -> str:
        """What the API server says it is: "v1.36.4"."""
        version: str = self.request("GET", "/version").body["gitVersion"]
        return version

    @property
    def minor(self) -> int:
        """The minor version of its Kubernetes: 36."""
        return int(self.version.split(".")[1])

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> ApiResponse:
        """Send one request to the API server as administrator: 2 ms, where kubectl takes 100."""
        return self._api.request(method, path, body)

    def kubectl(
        self,
        *args: str,
        input: str | None = None,  # noqa: A002 — the name that subprocess.run gives it
        check: bool = True,
        kubeconfig: Path | None = None,
        timeout: float = _SECONDS_FOR_A_COMMAND,
    ) -> Finished:
        """Run kubectl as administrator, or with another kubeconfig; `input` is its stdin."""
        return self.run(
            "kubectl", *args, input=input, check=check, kubeconfig=kubeconfig, timeout=timeout
        )

    def run(
        self,
        *command: str,
        input: str | None = None,  # noqa: A002 — as above
        check: bool = True,
        kubeconfig: Path | None = None,
        timeout: float = _SECONDS_FOR_A_COMMAND,
    ) -> Finished:
        """Run a program that talks to this cluster ("helm", "graphgate"): `env` leads it there."""
        env = self.env | ({"KUBECONFIG": str(kubeconfig)} if kubeconfig else {})
        return run_command(command, env, text=input or "", check=check, timeout=timeout)

    def add_user(self, user: str, groups: tuple[str, ...] = ()) -> Path:
        """Return the kubeconfig of a new user; what it may do is a matter of role bindings."""
        return self._layout.add_user(f"user-{user.replace('/', '-')}", user, groups)

    def create_namespace(self, name: str, labels: Mapping[str, str] | None = None) -> None:
        """Create a namespace in which pods can be created at once."""
        objects.create_namespace(self._api, name, labels or {})

    def delete_namespace(self, name: str) -> None:
        """Have a namespace deleted; does not wait for it."""
        objects.delete_namespace(self._api, name)

    def expose_local(self, namespace: str, service: str) -> str:
        """Have `service:` references reach this machine; return the name the server is asked for.

        Creates a Service of type ExternalName that points at localhost. It maps no port: the
        webhook's `clientConfig.service.port` must be the port that the local server listens on
        (in production it is the Service's, 443). The API server asks for "SERVICE.NAMESPACE.svc",
        in SNI and in Host, and expects a certificate for that name. It connects to whatever
        "localhost" resolves to, and tries every address of it: listening on 127.0.0.1 is enough.
        """
        objects.create_local_service(self._api, namespace, service)
        return f"{service}.{namespace}.svc"

    def start_nodes(self, count: int = 1) -> None:
        """Have kwok play `count` nodes (node-0, …) and the scheduler place pods on them.

        From then on pods become Running, for every later user of this control plane. An
        annotation keeps a pod Pending, see `stages.yaml`.
        """
        for name in ("kube-scheduler", "kwok"):
            if name not in self._processes:
                self._start(name)
        for number in range(count):
            objects.create_node(self._api, f"node-{number}")
        self._wait(lambda: objects.count_ready_nodes(self._api) >= count, what=f"{count} nodes")

    def stop_api_server(self, *, kill: bool = False) -> None:
        """Stop only the API server, in order or like a crash; its data stays in etcd."""
        self._processes.stop_one("kube-apiserver", timeout=0 if kill else _SECONDS_TO_STOP)

    def start_api_server(self) -> None:
        """Start the API server again, on the same port and data, and wait until it is ready."""
        self._start("kube-apiserver")
        self._wait(lambda: objects.is_ready(self._api), what="the API server")

    def read_logs(self, lines: int = 30) -> dict[str, str]:
        """Return the end of every component's log, also of those that are stopped."""
        logs = sorted((self.folder / "logs").glob("*.log"))
        return {log.stem: last_lines(log, lines) for log in logs}

    def stop(self) -> None:
        """Stop every component and remove the folder; a second time does nothing."""
        # Killed, not asked: nobody reads their data again, and it takes no time.
        self._processes.stop()
        self._scratch.remove()

    def _start_all(self, *, controllers: bool) -> None:
        started = time.monotonic()
        self._start("etcd")
        self.start_api_server()
        if controllers:
            self._start("kube-controller-manager")
            self._wait(lambda: objects.has_service_account(self._api), what="the controllers")
        self.seconds_to_start = time.monotonic() - started

    def _start(self, name: str) -> None:
        command = [str(self._binaries[name]), *components.COMMANDS[name](self._layout)]
        # The environment is nearly empty: a proxy that is set for this machine would come
        # between the API server and its webhooks.
        env = {"PATH": os.defpath, "HOME": str(self.folder), "TMPDIR": str(self.folder)}
        self._processes.start(name, command, env, self._layout.log(name))

    def _wait(self, condition: Callable[[], bool], *, what: str) -> None:
        self._processes.wait(condition, what=what, seconds=_SECONDS_TO_START)
