"""The image is built and run, where there is something to build it with.

Needs buildah, and the two base images in its storage: GRAPHGATE_BUILD_IMAGE and GRAPHGATE_RUN_IMAGE
name them (those of the Dockerfile, or any of the same Python minor). Without them these tests are
skipped and say so; the Dockerfile itself is judged in test_image.py. A container engine is not
needed: buildah runs the container in a chroot, which cannot make its root read-only.
"""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests import patience
from tests.manifests.support import ROOT
from webhook.certificates.init import init_certificates

NAME = "localhost/graphgate-under-test"
# A chroot needs neither an engine such as runc nor a kernel that lets containers be made.
ENVIRON = {"BUILDAH_ISOLATION": "chroot", **os.environ}
BASES = {name: os.environ.get(f"GRAPHGATE_{name}", "") for name in ("BUILD_IMAGE", "RUN_IMAGE")}

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(shutil.which("buildah") is None, reason="buildah is missing"),
    pytest.mark.skipif(
        not all(BASES.values()),
        reason="GRAPHGATE_BUILD_IMAGE and GRAPHGATE_RUN_IMAGE name no base images",
    ),
]


def buildah(*arguments: str) -> str:
    done = subprocess.run(
        ["buildah", *arguments],
        cwd=ROOT,
        env=ENVIRON,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def container() -> Iterator[str]:
    """A container of the image, built from this checkout."""
    bases = [f"--build-arg={name}={value}" for name, value in BASES.items()]
    # What pip is told here (an index, a CA) holds in the build as well.
    pip = [f"--env={name}" for name in os.environ if name.startswith("PIP_")]
    mounts = [
        f"--volume={path}:{path}:ro"
        for name in ("PIP_CERT", "PIP_FIND_LINKS")
        if (path := os.environ.get(name)) and Path(path).exists()
    ]
    buildah("build", "--pull=never", "--network=host", *bases, *pip, *mounts, "-t", NAME, ".")
    made = buildah("from", "--pull=never", NAME)
    yield made
    buildah("rm", made)
    buildah("rmi", NAME)


def run(container: str, *arguments: str, user: str = "65532:65532") -> str:
    return buildah("run", f"--user={user}", container, "--", *arguments)


def test_it_says_its_version_as_whichever_user_it_is_run(container: str) -> None:
    command = ("/usr/bin/python3", "-m", "webhook", "--version")
    for user in ("65532:65532", "1000620000:0"):
        assert run(container, *command, user=user).startswith("graphgate ")


def test_it_has_no_shell(container: str) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        run(container, "/bin/sh", "-c", "true")


def test_its_modules_have_bytecode(container: str) -> None:
    program = (
        "import webhook.server.lifecycle as r, pathlib; print(pathlib.Path(r.__cached__).is_file())"
    )
    assert run(container, "/usr/bin/python3", "-c", program) == "True"


def test_its_entry_point_is_the_command(container: str) -> None:
    config = json.loads(buildah("inspect", container))["OCIv1"]["config"]
    assert config["Entrypoint"] == ["/usr/bin/python3", "-m", "webhook"]
    assert config["User"] == "65532:65532"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def test_it_serves_and_ends_in_order(container: str, tmp_path: Path) -> None:
    init_certificates(tmp_path, now=datetime.now(UTC))
    (tmp_path / "tls.key").chmod(0o644)  # as the kubelet does it with fsGroup or a projected volume
    tmp_path.chmod(0o755)
    port, health = free_port(), free_port()
    serve = ("serve", "--port", str(port), "--health-port", str(health), "--shutdown-delay", "0")
    pair = ("--tls-cert", "/certs/tls.crt", "--tls-key", "/certs/tls.key")
    how = ("--user=65532:65532", f"--volume={tmp_path}:/certs:ro")
    command = ("/usr/bin/python3", "-m", "webhook", *serve, *pair)
    process = subprocess.Popen(
        ["buildah", "run", *how, container, "--", *command],
        env=ENVIRON,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + patience.SECONDS
        while not is_ready(health):
            assert time.monotonic() < deadline, "the container is not ready"
            assert process.poll() is None
            time.sleep(0.1)
        trust = ssl.create_default_context(cafile=str(tmp_path / "ca.crt"))
        with (
            socket.create_connection(("127.0.0.1", port)) as plain,
            trust.wrap_socket(plain, server_hostname="graphgate.graphgate-system.svc") as tls,
        ):
            assert tls.version() == "TLSv1.3"
        # As the kubelet: the signal goes to the program and not to what runs the container.
        os.kill(innermost(process.pid), signal.SIGTERM)
        output, _ = process.communicate(timeout=patience.SECONDS)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    events = [json.loads(line)["event"] for line in output.splitlines() if line.startswith(b"{")]
    assert events == ["serving", "draining", "stopped"]


def innermost(pid: int) -> int:
    """Return the last of a chain of processes, each the only child of the one before."""
    while children := [
        int(child)
        for thread in Path(f"/proc/{pid}/task").iterdir()
        for child in (thread / "children").read_text().split()
    ]:
        pid = children[0]
    return pid


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as response:
            return bool(response.status == 200)
    except OSError:
        return False
