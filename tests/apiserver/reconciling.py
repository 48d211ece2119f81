"""A reconciler process beside a test's control plane, and how its effects are looked at."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import patience
from tests.seeds import ROOT
from tools.control_plane.process import die_with_parent
from tools.control_plane.run import ControlPlane

CRD = ROOT / "manifests" / "crd" / "seldondeployments.yaml"
GROUP = "/apis/machinelearning.seldon.io/v1"
WRITES = ("apply", "status", "delete", "create")


def eventually(
    probe: Callable[[], Any],
    expected: object,
    what: str,
    *,
    pause: float = 0.1,
) -> None:
    """Look again and again until the answer is `wanted`; fail with the last answer."""
    deadline = time.monotonic() + patience.SECONDS
    while (answer := probe()) != expected:
        assert time.monotonic() < deadline, f"{what}: still {answer!r}, not {expected!r}"
        time.sleep(pause)


def wait_until_served(plane: ControlPlane, *paths: str) -> None:
    """Wait until the API server answers for types."""
    eventually(
        lambda: [path for path in paths if plane.request("GET", path).status != 200], [], "types"
    )


SCALED_OBJECTS = "/apis/keda.sh/v1alpha1/scaledobjects"


@contextmanager
def plane_of_own(
    binaries: Mapping[str, Path],
    images: Mapping[str, str],
    definitions: Iterable[Path],
    types: Iterable[str],
) -> Iterator[ControlPlane]:
    """Run a control plane with a node, SeldonDeployments, other types, and a seldon-config.

    images       what is in the seldon-config
    definitions  files of the other types
    types        paths under which these are served
    """
    with ControlPlane.start(binaries) as plane:
        plane.start_nodes(1)
        files = (CRD, *definitions)
        plane.kubectl("apply", "--server-side", *(f"--filename={file}" for file in files))
        wait_until_served(plane, f"{GROUP}/seldondeployments", *types)
        plane.create_namespace("seldon-system")
        config = {"metadata": {"name": "seldon-config"}, "data": images}
        plane.request("POST", "/api/v1/namespaces/seldon-system/configmaps", config)
        yield plane


@contextmanager
def namespace_of_own(plane: ControlPlane, request: pytest.FixtureRequest) -> Iterator[str]:
    """Create a namespace for a test, and have it deleted."""
    name = f"test-{abs(hash(request.node.name)) % 10**10}"
    plane.create_namespace(name)
    yield name
    plane.delete_namespace(name)


class Reconciler:
    """`graphgate reconcile` (or another command) as a process, with its health port and log."""

    def __init__(
        self, plane: ControlPlane, log: Path, *flags: str, command_name: str = "reconcile"
    ) -> None:
        self.log = log
        self._out = log.open("w")
        command = [sys.executable, "-m", "webhook", command_name, "--health-host", "127.0.0.1"]
        self.process = subprocess.Popen(
            [*command, "--health-port", "0", *flags],
            cwd=ROOT,
            env={**os.environ, **plane.env},
            stdout=self._out,
            stderr=self._out,
            preexec_fn=die_with_parent(send=signal.SIGTERM),  # noqa: PLW1509 — two system calls
        )

    def wait(self, event: str = "reconciling") -> "Reconciler":
        """Wait for a line of the log."""
        eventually(lambda: any(e["event"] == event for e in self.log_lines()), True, event)
        return self

    @contextmanager
    def at_work(self) -> "Iterator[Reconciler]":
        """Have it work; it has to end in order and without a traceback."""
        yield self.wait()
        assert self.stop() == 0
        assert [line for line in self.log_lines() if "traceback" in line] == []

    def log_lines(self) -> list[dict[str, Any]]:
        """Return the lines of the log so far."""
        found = []
        for line in self.log.read_text().splitlines():
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError:
                assert self.process.poll() is None, self.log.read_text()
        return found

    def ask(self, path: str) -> str:
        """Return what the health port answers."""
        port = next(e["healthPort"] for e in self.log_lines() if e["event"] == "started")
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/{path}", timeout=patience.SECONDS
        ) as answer:
            return str(answer.read().decode())

    def writes_by_kind(self) -> dict[str, int]:
        """Return the number of writes so far, by verb and kind: {"apply Deployment": 2}."""
        pattern = r'requests_total\{kind="(\w+)",verb="([\w-]+)"\} ([\d.e+]+)'
        found = re.findall(pattern, self.ask("metrics"))
        return {f"{verb} {kind}": int(float(n)) for kind, verb, n in found if verb in WRITES}

    def write_count(self) -> int:
        """Return the number of writes so far."""
        return sum(self.writes_by_kind().values())

    def stop(self) -> int:
        """Stop it as Kubernetes does; return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.end()

    def kill(self) -> None:
        """Let it die without a word."""
        self.process.kill()
        self.end()

    def end(self) -> int:
        """Wait for its end; return the exit code."""
        try:
            return self.process.wait(patience.SECONDS)
        finally:
            self.process.kill()
            self._out.close()


class Namespace:
    """What a test does in its namespace, as administrator."""

    def __init__(self, plane: ControlPlane, name: str) -> None:
        self.plane = plane
        self.name = name

    def path(self, kind: str, name: str = "") -> str:
        """Return the path of an object or (no name) of all of a kind."""
        roots = {
            "sdep": f"{GROUP}/namespaces/{self.name}/seldondeployments",
            "deployment": f"/apis/apps/v1/namespaces/{self.name}/deployments",
            "replicaset": f"/apis/apps/v1/namespaces/{self.name}/replicasets",
            "service": f"/api/v1/namespaces/{self.name}/services",
            "pod": f"/api/v1/namespaces/{self.name}/pods",
            "event": f"/api/v1/namespaces/{self.name}/events",
            "hpa": f"/apis/autoscaling/v2/namespaces/{self.name}/horizontalpodautoscalers",
            "budget": f"/apis/policy/v1/namespaces/{self.name}/poddisruptionbudgets",
            "scaledobject": f"/apis/keda.sh/v1alpha1/namespaces/{self.name}/scaledobjects",
            "httproute": f"/apis/gateway.networking.k8s.io/v1/namespaces/{self.name}/httproutes",
            "quota": f"/api/v1/namespaces/{self.name}/resourcequotas",
        }
        return roots[kind] + (f"/{name}" if name else "")

    def create(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create an object."""
        body = json.loads(json.dumps(body))
        body["metadata"].pop("namespace", None)
        answer = self.plane.request("POST", self.path(kind), body)
        assert answer.status == 201, answer.body
        created: dict[str, Any] = answer.body
        return created

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """Return an object; {} if there is none."""
        answer = self.plane.request("GET", self.path(kind, name))
        return answer.body if answer.status == 200 else {}

    def names(self, kind: str) -> list[str]:
        """Return the names of all objects of a kind."""
        items = self.plane.request("GET", self.path(kind)).body["items"]
        return sorted(item["metadata"]["name"] for item in items)

    def versions(self) -> dict[str, str]:
        """Return the resourceVersion of everything that a reconciler writes."""
        return {
            f"{kind} {item['metadata']['name']}": item["metadata"]["resourceVersion"]
            for kind in ("sdep", "deployment", "service", "hpa", "budget", "scaledobject")
            for item in self.plane.request("GET", self.path(kind)).body["items"]
        }

    def delete(self, kind: str, name: str) -> None:
        """Delete an object."""
        assert self.plane.request("DELETE", self.path(kind, name)).status == 200

    def change(self, kind: str, name: str, change: Callable[[dict[str, Any]], object]) -> None:
        """Change an object in place and put it back, until nobody was faster."""
        while True:
            obj = self.get(kind, name)
            change(obj)
            answer = self.plane.request("PUT", self.path(kind, name), obj)
            if answer.status != 409:
                assert answer.status == 200, answer.body
                return

    def kubectl(self, *arguments: str) -> str:
        """Run kubectl in the namespace."""
        return self.plane.kubectl("-n", self.name, *arguments).stdout

    def state(self, name: str = "iris") -> str:
        """Return the state of a SeldonDeployment, of the present generation only."""
        obj = self.get("sdep", name)
        status = obj.get("status", {})
        fresh = status.get("observedGeneration") == obj.get("metadata", {}).get("generation")
        return str(status.get("state", "")) if fresh else "stale"

    def description(self, name: str = "iris") -> str:
        """Return the description in its status."""
        return str(self.get("sdep", name).get("status", {}).get("description", ""))

    def available(self, name: str = "iris") -> None:
        """Wait until it is Available."""
        eventually(lambda: self.state(name) or self.description(name), "Available", name)
