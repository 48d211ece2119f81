"""`make demo`: the main job on the project's own three manifests, over TLS, as in a cluster.

Mints certificates, starts `graphgate serve`, sends each manifest as the AdmissionReview that an
API server would send, prints what the person at kubectl would read, mends the broken manifest with
`graphgate fix`, sends it again, and stops the server.
"""

import base64
import json
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from webhook.documents import read

ROOT = Path(__file__).resolve().parents[1]
SEEDS = ROOT / "manifests" / "examples" / "seed"
GRAPHGATE = [sys.executable, "-m", "webhook"]

# Start-up takes a quarter of a second; a machine that needs twenty is broken, not slow.
_PATIENCE = 20.0


def main() -> None:
    """Run the demo; raise if anything did not go as told."""
    with tempfile.TemporaryDirectory(prefix="graphgate-demo-") as folder:
        _say("certificates", "graphgate certs init")
        subprocess.run(
            [*GRAPHGATE, "certs", "init", "--out", folder], check=True, stdout=subprocess.DEVNULL
        )
        with _server(Path(folder)) as url:
            context = ssl.create_default_context(cafile=f"{folder}/ca.crt")
            for name in ("minimal", "user-id", "three-steps"):
                text = (SEEDS / f"{name}.yaml").read_text()
                _apply(f"{name}.yaml", text, url, context)
            _say("the broken one mended", "graphgate fix --diff three-steps.yaml")
            broken = SEEDS / "three-steps.yaml"
            click.echo(_run("fix", "--diff", str(broken.relative_to(ROOT))), nl=False)
            _apply("three-steps.yaml, mended", _run("fix", str(broken)), url, context)
    click.echo("the server finished what was in flight and stopped")


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    """Run the webhook on free ports of the loopback; yield its address."""
    arguments = ["serve", "--host", "127.0.0.1", "--port", "0", "--health-port", "0"]
    files = ["--tls-cert", str(folder / "tls.crt"), "--tls-key", str(folder / "tls.key")]
    _say("the webhook", f"graphgate {' '.join(arguments)} …")
    process = subprocess.Popen(
        [*GRAPHGATE, *arguments, *files, "--drain", "0"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        yield f"https://127.0.0.1:{_port(process)}"
        process.send_signal(signal.SIGTERM)
        if process.wait(_PATIENCE) != 0:
            raise click.ClickException(f"the server ended with {process.returncode}")
    finally:
        process.kill()
        process.wait()


def _port(process: subprocess.Popen[str]) -> int:
    """Return the port that the server says it listens on."""
    deadline = time.monotonic() + _PATIENCE
    assert process.stdout is not None
    for line in process.stdout:
        told = json.loads(line)
        if told.get("event") == "serving":
            return int(told["port"])
        if time.monotonic() > deadline:
            break
    raise click.ClickException("the server did not start")


def _apply(name: str, text: str, url: str, context: ssl.SSLContext) -> None:
    """Send one manifest to both endpoints, as an API server does, and print what kubectl would."""
    _say(name, f"kubectl apply -f {name.split(',')[0]}")
    document = read(text).documents[0].value
    told = _post(f"{url}/mutate?timeout=3s", _review(document), context)
    if told["allowed"]:
        patch = json.loads(base64.b64decode(told.get("patch", "")) or "[]")
        for operation in patch:
            click.echo(f"filled in: {operation['path']} {json.dumps(operation['value'])}")
        filled = _patched(document, patch)
        told = _post(f"{url}/validate?timeout=3s", _review(filled), context)
    for warning in told.get("warnings", []):
        click.echo(f"Warning: {warning}")
    if told["allowed"]:
        click.echo(f"seldondeployment/{document['metadata']['name']} created")
    else:
        click.echo(f"Error from server: denied: {told['status']['message']}")


def _patched(document: Any, patch: Any) -> Any:
    from webhook.defaults import apply

    return apply(document, patch)


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


def _run(*arguments: str) -> str:
    """Run a graphgate command and return what it prints; `fix` exits 0 when all is mended."""
    ran = subprocess.run(
        [*GRAPHGATE, *arguments], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return ran.stdout


def _say(what: str, command: str) -> None:
    click.secho(f"\n== {what}", bold=True)
    click.secho(f"$ {command}", dim=True)


if __name__ == "__main__":
    main()
