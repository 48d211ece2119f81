"""graphgate as a Helm release in a control plane, with its pods as processes of this machine.

The chart is installed by Helm itself. Two things differ from production, because no kubelet runs
the pods: the Service leads to this machine, where a forwarder plays kube-proxy, and the webhooks
name the forwarder's port. A pod gets the arguments that stand in the Deployment, and the token of
its service account: what the chart's roles do not allow, it cannot do.
"""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from tests import patience
from tests.apiserver.installed import CHART, CRD, KINDS, eventually
from tests.documents_of import minimal, with_graph
from tests.seeds import ROOT
from tests.server.kubeproxy import Forwarder
from tests.server.kubeproxy import Pod as Backend
from tests.server.test_tls import mount
from tools.control_plane.run import ControlPlane

CERTIFICATE_FILES = ("tls.crt", "tls.key", "ca.crt")
SDEPS = "/apis/machinelearning.seldon.io/v1/namespaces/{}/seldondeployments"


class Pod:
    """One server process; `backend` is what the forwarder knows of it."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._log = log
        with log.open("w") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT)
        self.backend: Backend | None = None

    def started(self) -> Backend:
        """Wait until it listens; it need not be ready yet."""
        deadline = time.monotonic() + patience.SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            for reported in self.events("serving"):
                # The same one each time: the forwarder keeps in it what it knows.
                self.backend = self.backend or Backend(reported["port"], reported["healthPort"])
                return self.backend
            time.sleep(0.02)
        raise AssertionError(f"the pod did not start: {self._log.read_text()}")

    def events(self, event: str) -> list[dict[str, Any]]:
        """Return the whole lines of its log about this event."""
        lines = self._log.read_text().split("\n")[:-1]
        reported = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in reported if line.get("event") == event]

    @property
    def log(self) -> str:
        """All that it has written."""
        return self._log.read_text()

    def ready(self) -> tuple[int, str]:
        """Return status and text of /readyz?verbose."""
        assert self.backend is not None
        url = f"http://127.0.0.1:{self.backend.health_port}/readyz?verbose"
        try:
            with urllib.request.urlopen(url, timeout=patience.SECONDS) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def wait_until_ready(self) -> Self:
        """Wait until it is ready."""
        self.started()
        eventually(lambda: self.ready()[0] == 200 or self.ready(), "the pod is ready")
        return self

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it as the kubelet does, or as a crash does; return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(patience.SECONDS)


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class Proxy:
    """The forwarder in a thread of its own; `pods` may be changed at any time."""

    def __init__(self) -> None:
        self._forwarder = Forwarder()
        self._loop = asyncio.new_event_loop()
        self._open = threading.Event()
        self._thread = threading.Thread(target=self._run)

    @property
    def pods(self) -> list[Backend]:
        return self._forwarder.pods

    @property
    def port(self) -> int:
        return self._forwarder.port

    @staticmethod
    def wait_until_ready(pod: Backend) -> None:
        """Wait until new connections can go to this pod."""
        eventually(lambda: pod.ready, "the forwarder knows the pod")

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._open.wait(patience.SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(patience.SECONDS)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._forward())

    async def _forward(self) -> None:
        self._ending = asyncio.Event()
        async with self._forwarder.open():
            self._open.set()
            await self._ending.wait()


class Release:
    """One Helm release and its pods; as a context manager it leaves nothing behind."""

    def __init__(
        self, plane: ControlPlane, folder: Path, name: str, namespace: str | None = None
    ) -> None:
        """Prepare a namespace `name`, restricted, for a release of that name.

        With a `namespace` nothing is prepared: somebody else installs there; see `adopt`.
        """
        self.plane, self.folder, self.name = plane, folder, name
        self.namespace, self.models = namespace or name, "default"
        self.pods: list[Pod] = []
        self._command: list[str] = []
        self.proxy = Proxy()
        if namespace is None:
            self._prepare()

    def _prepare(self) -> None:
        self.plane.kubectl("apply", "-f", str(CRD))
        path = SDEPS.format("default")
        eventually(lambda: self.plane.request("GET", path).status == 200, "the type is served")
        enforced = {"pod-security.kubernetes.io/enforce": "restricted"}
        self.plane.create_namespace(self.name, enforced)
        # Only this namespace is judged: other tests' objects are none of our business.
        self.models = f"{self.name}-models"
        self.plane.create_namespace(self.models, {"graphgate-release": self.name})

    def __enter__(self) -> Self:
        self.proxy.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        for pod in self.pods:
            pod.process.kill()
            pod.process.wait(patience.SECONDS)
        self.proxy.__exit__()
        self.helm("uninstall", self.name, "--ignore-not-found", check=False)
        for kind in KINDS:
            self.plane.kubectl("delete", kind, self.name, "--ignore-not-found")
        for namespace in {self.namespace, self.models} - {"default"}:
            self.plane.delete_namespace(namespace)

    def helm(self, *arguments: str, check: bool = True) -> str:
        """Run Helm; return what it says."""
        return self.plane.run("helm", *arguments, "--namespace", self.namespace, check=check).stdout

    def install(self, *values: str, command: str = "install") -> None:
        """Install the chart, or upgrade to it, and lead the webhooks here."""
        evaluated = f"webhooks.namespaceSelector.matchLabels.graphgate-release={self.name}"
        timeout = f"webhooks.timeoutSeconds={patience.SECONDS_FOR_A_REVIEW}"
        flags = [f"--set={value}" for value in (evaluated, timeout, *values)]
        self.helm(command, self.name, str(CHART), *flags)
        self.adopt()

    def adopt(self) -> None:
        """Lead the webhooks of what is installed here, and read how its pods are started."""
        self.redirect_webhooks()
        self._command = self._read_command()

    def redirect_webhooks(self) -> None:
        """Have the API server reach the forwarder by the Service's name."""
        spec = {"type": "ExternalName", "externalName": "localhost"}
        none: dict[str, None] = {"clusterIP": None, "clusterIPs": None}
        patch = json.dumps({"spec": {**spec, **none}})
        self.kubectl("patch", "service", self.name, "--type=merge", "-p", patch)
        where = "/webhooks/0/clientConfig/service/port"
        port = json.dumps([{"op": "replace", "path": where, "value": self.proxy.port}])
        for kind in KINDS:
            self.kubectl("patch", kind, self.name, "--type=json", "-p", port)

    def kubectl(self, *arguments: str, check: bool = True) -> str:
        """Run kubectl in the release's namespace; return what it says."""
        return self.plane.kubectl("-n", self.namespace, *arguments, check=check).stdout

    def get(self, kind: str, name: str = "") -> dict[str, Any]:
        """Return an object of the release."""
        found: dict[str, Any] = json.loads(
            self.kubectl("get", kind, name or self.name, "-o", "json")
        )
        return found

    def kubeconfig(self, account: str = "") -> Path:
        """Return a kubeconfig with the token of the pods' service account, or of another."""
        account = account or self.name
        authority = self.folder / "cluster-ca.crt"
        authority.write_bytes(self.plane.authority.certificate)
        token = self.kubectl("create", "token", account, "--duration=1h").strip()
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "pod",
            "clusters": [
                {
                    "name": "it",
                    "cluster": {
                        "server": self.plane.server,
                        "certificate-authority": str(authority),
                    },
                }
            ],
            "users": [{"name": "pod", "user": {"token": token}}],
            "contexts": [
                {
                    "name": "pod",
                    "context": {"cluster": "it", "user": "pod", "namespace": self.namespace},
                }
            ],
        }
        path = self.folder / f"{account}.kubeconfig"
        path.write_text(json.dumps(content))
        return path

    def start_pod(self, *flags: str, command: Sequence[str] = ()) -> Pod:
        """Start a pod of the Deployment (or another `command`) and put it behind the Service.

        `flags` come last, so they win over those of the chart.
        """
        pod = Pod(command or [*self._command, *flags], self.folder / f"pod-{len(self.pods)}.log")
        self.pods.append(pod)
        self.proxy.pods.append(pod.started())
        return pod

    def start_reconciler(self) -> Pod:
        """Start a pod of the reconciler's Deployment, with its own account."""
        name = f"{self.name}-reconciler"
        command = [
            *self._arguments(name),
            *("--health-host", "127.0.0.1", "--health-port", str(free_port())),
            *("--kubeconfig", str(self.kubeconfig(name))),
        ]
        pod = Pod(command, self.folder / "reconciler.log")
        self.pods.append(pod)
        return pod

    def _arguments(self, deployment: str) -> list[str]:
        """Return what starts a pod of a Deployment."""
        template = self.get("deployment", deployment)["spec"]["template"]["spec"]
        settings = self.folder / "settings.yaml"
        settings.write_text(self.get("configmap", f"{self.name}-settings")["data"]["settings.yaml"])
        mounted = {
            "/etc/graphgate/settings.yaml": str(settings),
            **{f"/certs/{file}": str(self.certificates / file) for file in CERTIFICATE_FILES},
        }
        arguments = [mounted.get(a, a) for a in template["containers"][0]["args"]]
        return [sys.executable, "-m", "webhook", *arguments]

    @property
    def certificates(self) -> Path:
        """Where the Secret of the certificate is mounted."""
        return self.folder / "certs"

    def mount(self) -> None:
        """Mount the Secret of the certificate, or what has become of it, as the kubelet does."""
        template = self.get("deployment")["spec"]["template"]["spec"]
        (volume,) = (v["secret"] for v in template["volumes"] if v["name"] == "certificate")
        data = self.get("secret", volume["secretName"])["data"]
        content = {item["path"]: b64decode(data[item["key"]]) for item in volume["items"]}
        mount(self.certificates, uuid.uuid4().hex, content)

    def _read_command(self) -> list[str]:
        return [
            *self._arguments(self.name),
            *(
                "--host",
                "127.0.0.1",
                "--port",
                "0",
                "--health-port",
                "0",
                "--shutdown-delay",
                "0.5",
            ),
            *("--kubeconfig", str(self.kubeconfig())),
        ]

    def wait_until_called(self) -> None:
        """Wait until the API server follows the configurations."""

        def asked() -> object:
            status, message = self.create(with_graph(name="clasifier"))
            return ("[missing-container]" in message) or (status, message)

        eventually(asked, "the webhooks are called and believed")

    def create(self, document: dict[str, Any] | None = None) -> tuple[int, str]:
        """Have an object judged, and not stored; return status and message ("" if created)."""
        document = minimal() if document is None else document
        document["metadata"] = {"name": "iris"}
        path = SDEPS.format(self.models) + "?dryRun=All"
        answer = self.plane.request("POST", path, document)
        if answer.status != 201:
            return answer.status, str(answer.body)
        pod = answer.body["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
        # Without the default user it was stored unjudged.
        return 201, "" if pod.get("securityContext") == {"runAsUser": 8888} else "not mutated"

    def bundle(self, kind: str = KINDS[0]) -> bytes:
        """Return the caBundle of a configuration."""
        client = self.get(kind)["webhooks"][0]["clientConfig"]
        return b64decode(client.get("caBundle", ""))


class Load:
    """Calls without end, in threads, and what became of them."""

    def __init__(self, call: Callable[[], tuple[int, str]]) -> None:
        self._call = call
        self.answers: list[tuple[int, str]] = []
        self._ending = threading.Event()

    @contextmanager
    def running(self, threads: int = 2) -> Iterator[Self]:
        """Call while in the context."""
        runners = [threading.Thread(target=self._run) for _ in range(threads)]
        for runner in runners:
            runner.start()
        try:
            yield self
        finally:
            self._ending.set()
            for runner in runners:
                runner.join(patience.SECONDS)

    def go_on(self, count: int = 100) -> None:
        """Wait for more answers: a second or two, and longer where everything takes longer."""
        seen = len(self.answers)
        eventually(lambda: len(self.answers) > seen + count, "the load goes on")

    @property
    def failed_calls(self) -> list[tuple[int, str]]:
        """What was not answered as it should be."""
        return [answer for answer in self.answers if answer != (201, "")]

    def _run(self) -> None:
        # A pause, so that what is tested gets its share of two cores.
        while not self._ending.wait(0.02):
            try:
                self.answers.append(self._call())
            except OSError as error:
                self.answers.append((0, str(error)))
