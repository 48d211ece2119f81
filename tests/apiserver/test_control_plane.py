"""The control plane itself: that it is a real one, and that nothing is left of it."""

import base64
import http.server
import json
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import patience
from tools.control_plane.components import COMMANDS
from tools.control_plane.run import ControlPlane
from tools.control_plane.versions import HELM, KUBERNETES
from tools.control_plane.waiting import wait_until

ROOT = Path(__file__).parents[2]


def find_processes(folder: Path) -> list[str]:
    """Return the command lines that mention a control plane's folder: each component's does."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = process.read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it ended meanwhile
            continue
        if str(folder) in command:
            found.append(command)
    return found


# --- it is a real one


def test_it_starts(control_plane: ControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f" [control plane ready in {control_plane.seconds_to_start:.1f} s]", end="")
    assert [*control_plane.pids][:3] == ["etcd", "kube-apiserver", "kube-controller-manager"]


def test_the_server_has_the_pinned_version(
    control_plane: ControlPlane, binaries: dict[str, Path]
) -> None:
    if KUBERNETES.version not in str(binaries["kube-apiserver"]):
        pytest.skip("KUBEBUILDER_ASSETS supplies another kube-apiserver")
    assert control_plane.version == KUBERNETES.version


def test_a_deployment_gets_its_replica_set_and_pods(
    control_plane: ControlPlane, namespace: str
) -> None:
    kubectl = control_plane.kubectl
    kubectl("-n", namespace, "create", "deployment", "web", "--image=web", "--replicas=2")
    jsonpath = "jsonpath={.status.replicas}=2"
    kubectl(
        "-n",
        namespace,
        "wait",
        "deployment/web",
        f"--for={jsonpath}",
        f"--timeout={patience.SECONDS:.0f}s",
    )
    pods = kubectl("-n", namespace, "get", "pods", "-o", "json").stdout
    owners = [pod["metadata"]["ownerReferences"][0]["kind"] for pod in json.loads(pods)["items"]]
    assert owners == ["ReplicaSet", "ReplicaSet"]


def test_a_pod_can_be_created_in_a_fresh_namespace_at_once(
    control_plane: ControlPlane, namespace: str
) -> None:
    created = control_plane.kubectl("-n", namespace, "run", "web", "--image=web")
    assert created.stdout == "pod/web created\n"


def test_the_api_is_described_well_enough_for_strict_validation(
    control_plane: ControlPlane, namespace: str
) -> None:
    """A kube-apiserver built with the wrong Go is ready too, but its OpenAPI is broken."""
    explained = control_plane.kubectl("explain", "deployment.spec.replicas").stdout
    assert "FIELD: replicas <integer>" in explained


def test_a_user_may_only_do_what_a_role_allows(control_plane: ControlPlane, namespace: str) -> None:
    ann = control_plane.add_user("ann", ("developers",))
    rejected = control_plane.kubectl("-n", namespace, "get", "pods", kubeconfig=ann, check=False)
    assert (rejected.returncode, rejected.stderr) == (
        1,
        'Error from server (Forbidden): pods is forbidden: User "ann" cannot list resource "pods" '
        f'in API group "" in the namespace "{namespace}"\n',
    )


def test_helm_finds_the_cluster(control_plane: ControlPlane, namespace: str) -> None:
    version = control_plane.run("helm", "version", "--template={{.Version}}").stdout
    releases = control_plane.run("helm", "-n", namespace, "list", "--output=json").stdout
    assert (version, json.loads(releases)) == (HELM.version, [])


def test_kwok_plays_nodes_and_runs_pods(control_plane: ControlPlane, namespace: str) -> None:
    control_plane.start_nodes(2)
    kubectl = control_plane.kubectl
    stuck = "tests.graphgate.io/never-ready"
    for name in ("runs", "waits"):
        kubectl("-n", namespace, "create", "deployment", name, "--image=web", "--replicas=0")
    patch = {"spec": {"template": {"metadata": {"annotations": {stuck: ""}}}}}
    kubectl("-n", namespace, "patch", "deployment", "waits", "-p", json.dumps(patch))
    kubectl("-n", namespace, "scale", "deployment", "waits", "runs", "--replicas=2")
    waiting = "--for=jsonpath={.status.availableReplicas}=2"
    kubectl(
        "-n", namespace, "wait", "deployment/runs", waiting, f"--timeout={patience.SECONDS:.0f}s"
    )
    path = "jsonpath={range .items[*]}{.metadata.labels.app} {.status.phase}{'\\n'}{end}"
    pods = kubectl("-n", namespace, "get", "pods", "-o", path).stdout
    nodes = kubectl("get", "nodes", "-o", "jsonpath={.items[*].metadata.name}").stdout
    assert (sorted(pods.split("\n")[:-1]), nodes) == (
        ["runs Running", "runs Running", "waits Pending", "waits Pending"],
        "node-0 node-1",
    )


# --- a webhook on this machine


class _Refusal(http.server.BaseHTTPRequestHandler):
    """Answers each AdmissionReview with a refusal that says which host was asked."""

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        review: dict[str, Any] = json.loads(self.rfile.read(length))
        message = f"{self.headers['Host']} says no"
        response = {
            "uid": review["request"]["uid"],
            "allowed": False,
            "status": {"message": message},
        }
        body = json.dumps(
            {"apiVersion": review["apiVersion"], "kind": review["kind"], "response": response}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@contextmanager
def serve_refusals(plane: ControlPlane, name: str, folder: Path) -> Iterator[int]:
    """Serve on a free loopback port, with a certificate for `name`; yield the port."""
    pair = plane.authority.mint_server([name])
    file = folder / "server.pem"
    file.write_bytes(pair.certificate + pair.key)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(file)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Refusal) as server:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def make_webhook(plane: ControlPlane, namespace: str, service: str, port: int) -> dict[str, Any]:
    """Make a webhook that judges the ConfigMaps of one namespace."""
    reference = {"name": service, "namespace": namespace, "port": port, "path": "/judge"}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": namespace},
        "webhooks": [
            {
                "name": "refusal.graphgate.io",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "timeoutSeconds": 5,
                "clientConfig": {"service": reference, "caBundle": encode(plane)},
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "rules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["configmaps"],
                    }
                ],
            }
        ],
    }


def encode(plane: ControlPlane) -> str:
    return base64.b64encode(plane.authority.certificate).decode()


def test_a_service_reference_reaches_a_server_on_this_machine(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    kubectl = control_plane.kubectl
    name = control_plane.expose_local(namespace, "judge")
    with serve_refusals(control_plane, name, tmp_path) as port:
        webhook = make_webhook(control_plane, namespace, "judge", port)
        kubectl("apply", "-f", "-", input=json.dumps(webhook))

        def create() -> str:
            arguments = ("-n", namespace, "create", "configmap", "asked", "--dry-run=server")
            return kubectl(*arguments, check=False).stderr

        try:
            # The API server sees a new webhook a moment after it is stored.
            wait_until(
                lambda: create() != "", what="the webhook is called", seconds=patience.SECONDS
            )
            refusal = create()
        finally:
            kubectl("delete", "validatingwebhookconfiguration", namespace)
    assert refusal == (
        'error: failed to create configmap: admission webhook "refusal.graphgate.io" denied the '
        f"request: judge.{namespace}.svc:{port} says no\n"
    )


# --- one's own: stopped, started, killed


def test_a_restarted_api_server_has_its_objects_and_its_url(binaries: dict[str, Path]) -> None:
    with ControlPlane.start(binaries, controllers=False) as plane:
        plane.kubectl("create", "configmap", "kept", "--from-literal=a=1")
        for kill in (False, True):
            plane.stop_api_server(kill=kill)
            rejected = plane.kubectl("get", "configmap", "kept", check=False).returncode
            plane.start_api_server()
            kept = plane.kubectl("get", "configmap", "kept", "-o", "jsonpath={.data.a}").stdout
            assert (rejected, kept) == (1, "1")


def test_the_log_of_a_stopped_component_can_still_be_read(binaries: dict[str, Path]) -> None:
    with ControlPlane.start(binaries, controllers=False) as plane:
        plane.stop_api_server(kill=True)
        logs = plane.read_logs()
    assert [name for name, log in logs.items() if log] == ["etcd", "kube-apiserver"]


def test_nothing_is_left_after_stop(binaries: dict[str, Path]) -> None:
    plane = ControlPlane.start(binaries)
    try:
        plane.start_nodes(1)
        # Every component, and the folder's janitor.
        before = len(find_processes(plane.folder))
    finally:
        plane.stop()
    assert (before, find_processes(plane.folder), plane.folder.exists()) == (
        len(COMMANDS) + 1,
        [],
        False,
    )


OWNER = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by children of "command &"
from tools.control_plane.build import provide_binaries
from tools.control_plane.run import ControlPlane

binaries = {b.tool.name: b.path for b in provide_binaries(os.environ, print)}
with ControlPlane.start(binaries, controllers=False) as plane:
    print(plane.folder, flush=True)
    while True:  # signal.pause() would miss a signal that comes just before it
        time.sleep(0.05)
"""


@pytest.mark.parametrize(
    "sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda sent: sent.name
)
def test_nothing_is_left_when_its_owner_is_interrupted_or_killed(
    sent: signal.Signals, binaries: dict[str, Path]
) -> None:
    command = [sys.executable, "-c", OWNER]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as owner:
        try:
            assert owner.stdout is not None
            folder = Path(owner.stdout.readline().strip())
            assert len(find_processes(folder)) == 3  # etcd, kube-apiserver, the janitor
            owner.send_signal(sent)
            ended = owner.wait(timeout=patience.SECONDS)
        finally:
            owner.kill()
    wait_until(
        lambda: not find_processes(folder), what="all processes ended", seconds=patience.SECONDS
    )
    assert (ended, folder.exists()) == (-sent, False)
