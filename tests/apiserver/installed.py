"""graphgate installed in a test's control plane: the CRD, the chart's output, and a running server.

The chart's objects are applied as they are rendered. Two things differ from production, because
no kubelet runs the pods: the Service leads to this machine (ExternalName), and the webhooks name
the port on which the server listens here.
"""

import json
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import yaml

from tests import patience
from tests.seeds import ROOT
from tools.control_plane.run import ControlPlane

NAMESPACE = "graphgate-system"
SERVICE = "graphgate"
CRD = ROOT / "manifests" / "crd" / "seldondeployments.yaml"
CHART = ROOT / "manifests" / "chart"
KINDS = ("mutatingwebhookconfiguration", "validatingwebhookconfiguration")


def eventually(condition: Callable[[], object], what: str) -> None:
    """Ask again and again until the answer is True; fail with the last one when patience ends."""
    deadline = time.monotonic() + patience.SECONDS
    while (answer := condition()) is not True:
        assert time.monotonic() < deadline, (
            f"not in {patience.SECONDS:.0f} s: {what}; last: {answer}"
        )
        time.sleep(0.1)


class Installed:
    """graphgate in a control plane. `stop` and `start` the server; the configuration stays."""

    def __init__(self, plane: ControlPlane, folder: Path, *, crd: Path = CRD) -> None:
        self.plane = plane
        self._crd = crd
        self.folder = folder
        self._process: subprocess.Popen[str] | None = None
        self.port = 0
        self.health_port = 0
        self._certificates()
        self.start()
        try:
            self._apply_crd()
            self._apply_chart()
        except BaseException:
            self.stop()
            raise

    def _certificates(self) -> None:
        command = [sys.executable, "-m", "webhook", "certs", "init", "--out", str(self.folder)]
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)

    def start(self, *flags: str) -> None:
        """Start the server, on the port that it had before."""
        log = (self.folder / "server.log").open("a+")
        position = log.seek(0, 2)
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "webhook", "serve", "--host", "127.0.0.1"),
                *("--port", str(self.port), "--health-port", str(self.health_port)),
                *("--tls-cert", str(self.folder / "tls.crt")),
                *("--tls-key", str(self.folder / "tls.key"), "--shutdown-delay", "0", *flags),
            ],
            stdout=log,
            stderr=log,
            text=True,
            cwd=ROOT,
        )
        deadline = time.monotonic() + patience.SECONDS
        while time.monotonic() < deadline:
            log.seek(position)
            for line in log.read().splitlines():
                lines = json.loads(line)
                if lines.get("event") == "serving":
                    self.port, self.health_port = lines["port"], lines["healthPort"]
                    log.close()
                    return
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        log.seek(position)
        raise AssertionError(f"the server did not start: {log.read()}")

    def stop(self) -> None:
        """Stop the server as Kubernetes does, and wait for its end."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(patience.SECONDS)
            finally:
                self._process.kill()
                self._process = None

    def decisions(self) -> list[dict[str, object]]:
        """Return what the server has logged of its decisions."""
        lines = (self.folder / "server.log").read_text().splitlines()
        return [
            records
            for records in map(json.loads, lines)
            if records.get("event") == "admission_review"
        ]

    def _apply_crd(self) -> None:
        self.plane.kubectl("apply", "-f", str(self._crd))
        # kubectl wait stumbles over a definition that has no conditions yet.
        path = "/apis/machinelearning.seldon.io/v1/seldondeployments"
        eventually(lambda: self.plane.request("GET", path).status == 200, "the type is served")

    def _apply_chart(self) -> None:
        if self.plane.kubectl("get", "namespace", NAMESPACE, check=False).returncode:
            self.plane.kubectl("create", "namespace", NAMESPACE)
        rendered = self.plane.run(
            *("helm", "template", SERVICE, str(CHART), "--namespace", NAMESPACE),
            *("--set", "certificate.source=provided"),
            *("--set", f"webhooks.timeoutSeconds={patience.SECONDS_FOR_A_REVIEW}"),
            *("--set-file", f"certificate.caBundle={self.folder / 'ca.crt'}"),
        ).stdout
        objects = [document for document in yaml.safe_load_all(rendered) if document]
        assert {"Deployment", "Service"} <= {document["kind"] for document in objects}
        for document in objects:
            for webhook in document.get("webhooks", []):
                webhook["clientConfig"]["service"]["port"] = self.port
        ours = [document for document in objects if document["kind"] != "Service"]
        self.plane.expose_local(NAMESPACE, SERVICE)
        self.plane.kubectl("apply", "-f", "-", input=yaml.safe_dump_all(ours))
        self._wait_until_asked()

    def _wait_until_asked(self) -> None:
        """The API server learns of new webhooks from a watch: within a second or so."""
        probe = json.dumps(
            {
                "apiVersion": "machinelearning.seldon.io/v1",
                "kind": "SeldonDeployment",
                "metadata": {"name": "probe"},
                "spec": {"predictors": []},
            }
        )

        def asked() -> object:
            told = self.plane.kubectl(
                "create", "--dry-run=server", "-n", "default", "-f", "-", input=probe, check=False
            )
            return "[no-predictors]" in told.stderr or told

        eventually(asked, "the webhooks are called")

    def configure(self, **fields: object) -> None:
        """Change fields of both webhooks. The API server follows within a second: poll."""
        for kind in KINDS:
            patch = [
                {"op": "add", "path": f"/webhooks/0/{field}", "value": value}
                for field, value in fields.items()
            ]
            self.plane.kubectl("patch", kind, SERVICE, "--type=json", "-p", json.dumps(patch))

    def redirect_to_port(self, port: int) -> None:
        """Have the API server call another port of this machine."""
        patch = [
            {"op": "replace", "path": "/webhooks/0/clientConfig/service/port", "value": port},
        ]
        for kind in KINDS:
            self.plane.kubectl("patch", kind, SERVICE, "--type=json", "-p", json.dumps(patch))

    def ready(self) -> tuple[int, str]:
        """Return status and text of /readyz?verbose."""
        url = f"http://127.0.0.1:{self.health_port}/readyz?verbose"
        try:
            with urllib.request.urlopen(url, timeout=patience.SECONDS) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    @property
    def trust(self) -> ssl.SSLContext:
        """What a client trusts that speaks to the server directly."""
        return ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
