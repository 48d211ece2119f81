"""`make demo`: the main job on the project's own three manifests.

With the control plane of the tests (`make control-plane`), it is the real thing: an API
server, graphgate installed in it, and kubectl. Without, the same calls are made directly: each
manifest is sent over TLS as the AdmissionReview that an API server would send. Either way the
broken manifest is fixed with `graphgate fix` and sent again.
"""

import base64
import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from tools.control_plane.binaries import choose_binaries
from tools.control_plane.errors import ControlPlaneError
from webhook.defaulting import apply_add_operations
from webhook.yamldoc import read

ROOT = Path(__file__).resolve().parents[1]
SEEDS = Path("manifests") / "examples" / "seed"
GRAPHGATE = [sys.executable, "-m", "webhook"]

# Start-up takes a quarter of a second; a machine that needs twenty is broken, not slow.
_TIMEOUT_SECONDS = 20.0

Apply = Callable[[str], None]
"""Send the manifests in a file, and print what the person at the terminal reads."""


def main() -> None:
    """Run the demo; raise if anything did not go as expected."""
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory(prefix="graphgate-demo-") as folder:
        how = _in_a_cluster if _has_control_plane() else _directly
        with how(Path(folder)) as send:
            for name in ("minimal", "user-id", "three-steps"):
                send(str(SEEDS / f"{name}.yaml"))
            broken, fixed = str(SEEDS / "three-steps.yaml"), f"{folder}/fixed.yaml"
            _print_command(f"graphgate fix --diff {broken}")
            click.echo(_graphgate("fix", "--diff", broken), nl=False)
            Path(fixed).write_text(_graphgate("fix", broken))
            send(fixed)
    click.echo("\nthe server finished what was in flight and stopped")


def _has_control_plane() -> bool:
    try:
        return all(binary.is_there for binary in choose_binaries(os.environ))
    except ControlPlaneError:
        return False


@contextmanager
def _in_a_cluster(folder: Path) -> Iterator[Apply]:
    """Start a control plane and install graphgate in it; yield kubectl apply."""
    from tests.apiserver.installed import Installed
    from tools.control_plane.run import ControlPlane

    click.echo("starting etcd, kube-apiserver and kube-controller-manager, installing graphgate …")
    binaries = {binary.tool.name: binary.path for binary in choose_binaries(os.environ)}
    with ControlPlane.start(binaries) as plane:
        installed = Installed(plane, folder)

        def send(file: str) -> None:
            # A namespace for each: two of the three manifests have one name.
            namespace = f"demo-{time.monotonic_ns()}"
            plane.create_namespace(namespace)
            _print_command(f"kubectl apply -f {file}")
            ran = plane.kubectl("apply", "-n", namespace, "-f", file, check=False)
            click.echo(f"{ran.stdout}{ran.stderr}", nl=False)
            if ran.returncode == 0:
                where = "predictors[0].componentSpecs[0].spec.securityContext"
                path = f"jsonpath={{.spec.{where}}}"
                get = ("get", "sdep", "seldon-model", "-n", namespace, "-o", path)
                click.echo(f"stored with {where}: {plane.kubectl(*get).stdout}")

        try:
            yield send
        finally:
            installed.stop()


@contextmanager
def _directly(folder: Path) -> Iterator[Apply]:
    """Start the webhook alone; yield the calls that an API server would make."""
    click.echo("no control plane here (make control-plane): the webhook is called directly")
    _graphgate("certs", "init", "--out", str(folder))
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    with _server(folder) as url:

        def send(file: str) -> None:
            _print_command(f"kubectl apply -f {file}")
            document = read(Path(file).read_bytes()).documents[0].value
            response = _post(f"{url}/mutate?timeout=3s", _review(document), context)
            if response["allowed"]:
                patch = json.loads(base64.b64decode(response.get("patch", "")) or "[]")
                for operation in patch:
                    click.echo(f"filled in: {operation['path']} {json.dumps(operation['value'])}")
                defaulted = apply_add_operations(document, patch)
                response = _post(f"{url}/validate?timeout=3s", _review(defaulted), context)
            for warning in response.get("warnings", []):
                click.echo(f"Warning: {warning}")
            if response["allowed"]:
                click.echo(f"seldondeployment/{document['metadata']['name']} created")
            else:
                click.echo(f"Error from server: denied: {response['status']['message']}")

        yield send


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    """Run the webhook on free ports of the loopback; yield its address."""
    process = subprocess.Popen(
        [
            *(*GRAPHGATE, "serve", "--host", "127.0.0.1", "--port", "0", "--health-port", "0"),
            *("--tls-cert", str(folder / "tls.crt"), "--tls-key", str(folder / "tls.key")),
            *("--shutdown-delay", "0"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield f"https://127.0.0.1:{_port(process)}"
        process.send_signal(signal.SIGTERM)
        if process.wait(_TIMEOUT_SECONDS) != 0:
            raise click.ClickException(f"the server ended with {process.returncode}")
    finally:
        process.kill()
        process.communicate()


def _port(process: subprocess.Popen[str]) -> int:
    """Return the port that the server says it listens on."""
    assert process.stdout is not None
    for line in process.stdout:
        message = json.loads(line)
        if message.get("event") == "serving":
            return int(message["port"])
    raise click.ClickException("the server did not start")


def _review(document: Any) -> bytes:
    group = {"group": "machinelearning.seldon.io", "version": "v1"}
    return json.dumps(
        {
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": {
                "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
                "kind": {**group, "kind": "SeldonDeployment"},
                "resource": {**group, "resource": "seldondeployments"},
                "namespace": "default",
                "name": document["metadata"]["name"],
                "operation": "CREATE",
                "object": document,
                "oldObject": None,
            },
        }
    ).encode()


def _post(url: str, body: bytes, context: ssl.SSLContext) -> Any:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, context=context, timeout=10) as response:
        return json.load(response)["response"]


def _graphgate(*arguments: str) -> str:
    """Run a graphgate command that must succeed, and return what it prints."""
    return subprocess.run(
        [*GRAPHGATE, *arguments], capture_output=True, text=True, check=True
    ).stdout


def _print_command(command: str) -> None:
    click.secho(f"\n$ {command}", bold=True)


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.stderr.close()  # whoever reads has seen enough
