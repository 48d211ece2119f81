"""How fast the reconciler writes, what it writes afterwards, and how much memory it takes.

    python -m benchmarks.reconciler --objects 1000     # in at most 60 s on two cores
    python -m benchmarks.reconciler --objects 5000 --alone     # at most 250 MiB
    python -m benchmarks.reconciler --soak             # what goes wrong in weeks, in ten minutes

Runs a control plane of its own (etcd, kube-apiserver, kube-controller-manager; no nodes, so pods
stay Pending) and the reconciler beside it, as processes on this machine. Written means: every
Deployment and Service of every object is there. Each object has one predictor of two components
with one node each: two Deployments and three Services.
"""

import argparse
import contextlib
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import interpreter
from tools.control_plane.build import provide_binaries
from tools.control_plane.process import die_with_parent
from tools.control_plane.run import ControlPlane

ROOT = Path(__file__).parent.parent
COLLECTION = "/apis/machinelearning.seldon.io/v1/namespaces/default/seldondeployments"
WRITES = ("apply", "status", "delete", "create")
PER_OBJECT = {"Deployment": 2, "Service": 3}


def document(number: int) -> dict[str, Any]:
    """Return one object of two components."""
    components = [
        {"spec": {"containers": [{"name": name, "image": f"registry.example/{name}:1"}]}}
        for name in ("scale", "classify")
    ]
    graph = {"name": "scale", "type": "TRANSFORMER", "children": [{"name": "classify"}]}
    return {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {"name": f"model-{number:05}"},
        "spec": {"predictors": [{"name": "main", "graph": graph, "componentSpecs": components}]},
    }


class Reconciler:
    """The process under measurement."""

    def __init__(self, plane: ControlPlane, *flags: str) -> None:
        self.log = plane.folder / "reconciler.log"
        self._out = self.log.open("w")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "webhook", "reconcile", "--no-leader-elect"),
                *("--health-host", "127.0.0.1", "--health-port", "0", *flags),
            ],
            cwd=ROOT,
            env={**os.environ, **plane.env},
            stdout=self._out,
            stderr=self._out,
            preexec_fn=die_with_parent(send=signal.SIGTERM),  # noqa: PLW1509 — two system calls
        )
        self.port = 0
        while not self.port:
            time.sleep(0.05)
            assert self.process.poll() is None, self.log.read_text()
            for line in self.log.read_text().splitlines():
                message = json.loads(line)
                self.port = message.get("healthPort", self.port)

    def metrics(self) -> str:
        """Return what it counts."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=30) as answer:
            return str(answer.read().decode())

    def requests(self) -> dict[tuple[str, str], int]:
        """Return the number of requests by verb and kind."""
        pattern = r'graphgate_api_requests_total\{kind="(\w+)",verb="([\w-]+)"\} ([\d.e+]+)'
        return {(v, k): int(float(n)) for k, v, n in re.findall(pattern, self.metrics())}

    def writes(self) -> int:
        """Return the number of writes."""
        return sum(n for (verb, _), n in self.requests().items() if verb in WRITES)

    def memory(self) -> tuple[float, float]:
        """Return resident memory now and at its highest, in MiB."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        found = dict(re.findall(r"(VmRSS|VmHWM):\s+(\d+) kB", text))
        return int(found["VmRSS"]) / 1024, int(found["VmHWM"]) / 1024

    def cpu(self) -> float:
        """Return the seconds of CPU time used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(60)
        self._out.close()


def main() -> int:
    """Measure, print, and return 1 if a bound is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--objects", type=int, default=1000)
    parser.add_argument("--quiet", type=float, default=30.0, help="seconds that must stay silent")
    parser.add_argument(
        "--alone", action="store_true", help="without kube-controller-manager: for the memory"
    )
    parser.add_argument("--soak", action="store_true")
    interpreter.add_option(parser)
    args = parser.parse_args()
    interpreter.use(args.interpreter, "benchmarks.reconciler")
    print(interpreter.shown(), flush=True)
    if args.soak:
        args.objects = 500
    binaries = {b.tool.name: b.path for b in provide_binaries(os.environ, print)}
    with ControlPlane.start(binaries, controllers=not args.alone) as plane:
        plane.kubectl("apply", "-f", str(ROOT / "manifests" / "crd" / "seldondeployments.yaml"))
        while plane.request("GET", COLLECTION).status != 200:
            time.sleep(0.2)
        started = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            selected = (document(number) for number in range(args.objects))
            answers = list(pool.map(lambda d: plane.request("POST", COLLECTION, d), selected))
        assert all(answer.status == 201 for answer in answers), answers[0]
        print(f"{args.objects} objects created in {time.monotonic() - started:.1f} s")
        if args.soak:
            return _soak(plane, args.objects)
        return _measure(plane, args.objects, args.quiet)


def _measure(plane: ControlPlane, objects: int, quiet: float) -> int:
    started = time.monotonic()
    reconciler = Reconciler(plane)
    try:
        goal = {kind: objects * each for kind, each in PER_OBJECT.items()}
        while True:
            requests = reconciler.requests()
            if all(requests.get(("apply", kind), 0) >= many for kind, many in goal.items()):
                break
            time.sleep(0.2)
        seconds = time.monotonic() - started
        print(f"all {sum(goal.values())} objects written in {seconds:.1f} s, start included")
        before, since = _wait_until_quiet(reconciler, quiet)
        print(
            f"the last write {since - started:.1f} s after the start; none in {quiet:.0f} s since"
        )
        resident, highest = reconciler.memory()
        print(f"{sum(goal.values())} objects, {before} writes with status and events")
        print(
            f"{reconciler.cpu():.1f} s of CPU; {resident:.0f} MiB, at its highest {highest:.0f} MiB"
        )
        for (verb, kind), number in sorted(reconciler.requests().items()):
            print(f"  {verb:8} {kind:24} {number}")
        _check_restart(plane, reconciler)
    finally:
        reconciler.stop()
    bound = 60.0 * max(1.0, objects / 1000)
    return int(seconds > bound or highest > 250)


def _wait_until_quiet(reconciler: Reconciler, quiet: float) -> tuple[int, float]:
    """Wait until nothing was written for so long; return the number of writes, and since when.

    kube-controller-manager sends 20 requests a second: it takes minutes to make the pods of
    thousands of Deployments, and each step of it shows in a status.
    """
    before, since = reconciler.writes(), time.monotonic()
    while time.monotonic() - since < quiet:
        time.sleep(1.0)
        if (now := reconciler.writes()) != before:
            before, since = now, time.monotonic()
    return before, since


def _check_restart(plane: ControlPlane, reconciler: Reconciler) -> None:
    reconciler.stop()
    again = Reconciler(plane)
    time.sleep(15.0)
    print(f"after a restart: {again.writes()} writes, {again.memory()[1]:.0f} MiB")
    again.stop()


def _soak(plane: ControlPlane, objects: int) -> int:
    """Break what breaks in production, and measure until a change is followed again."""
    proxy = Proxy(plane)
    reconciler = Reconciler(plane, "--kubeconfig", str(proxy.kubeconfig))
    failures = 0
    try:
        _measure_follow(plane, "from the start", 600.0, count=objects)
        _wait_until_quiet(reconciler, 30.0)
        before = reconciler.writes()
        time.sleep(180.0)
        writes = reconciler.writes() - before
        print(f"{writes} writes in 180 s with {objects} converged objects", flush=True)
        failures += writes != 0
        proxy.swallow()
        failures += (
            _measure_follow(plane, "after every connection became a black hole", 90.0) > 90.0
        )
        plane.stop_api_server(kill=True)
        _compact(plane)
        plane.start_api_server()
        failures += (
            _measure_follow(plane, "after a crash of the API server, and compaction", 90.0) > 90.0
        )
    finally:
        reconciler.stop()
    return int(failures > 0)


_round = itertools.count(2)


def _measure_follow(plane: ControlPlane, when: str, timeout: float, count: int = 1) -> float:
    """Change objects; return the seconds until their Deployments follow."""
    replicas, started = next(_round), time.monotonic()
    for number in range(count):
        path = f"{COLLECTION}/model-{number:05}"
        body = plane.request("GET", path).body
        body["spec"]["replicas"] = replicas
        assert plane.request("PUT", path, body).status == 200
    deployments = "/apis/apps/v1/namespaces/default/deployments"
    last = f"{deployments}/model-{count - 1:05}-main-0-scale"
    while time.monotonic() - started < timeout + 60.0:
        answer = plane.request("GET", last)
        if answer.status == 200 and answer.body["spec"]["replicas"] == replicas:
            break
        time.sleep(0.2)
    seconds = time.monotonic() - started
    print(f"a change is followed within {seconds:.1f} s {when}", flush=True)
    return seconds


def _compact(plane: ControlPlane) -> None:
    """Have etcd forget all old versions, as it does every five minutes in production."""
    etcd = f"http://127.0.0.1:{plane._layout.ports.etcd}/v3/kv"
    key = {"key": "AA==", "range_end": "AA==", "limit": 1}
    revision = _post(f"{etcd}/range", key)["header"]["revision"]
    _post(f"{etcd}/compaction", {"revision": revision, "physical": True})


def _post(url: str, body: dict[str, Any]) -> Any:
    with urllib.request.urlopen(url, json.dumps(body).encode(), timeout=30) as answer:
        return json.loads(answer.read())


class Proxy:
    """Stands between the reconciler and the API server, and can swallow what passes."""

    def __init__(self, plane: ControlPlane) -> None:
        self._target = int(plane.server.rpartition(":")[2])
        self._age = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        config = json.loads(plane.kubeconfig.read_text())
        port = self._listener.getsockname()[1]
        config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
        self.kubeconfig = plane.folder / "proxied.kubeconfig"
        self.kubeconfig.write_text(json.dumps(config))
        threading.Thread(target=self._accept, daemon=True).start()

    def swallow(self) -> None:
        """From now on nothing passes on the connections that are open; new ones work."""
        self._age += 1

    def _accept(self) -> None:
        while True:
            near = self._listener.accept()[0]
            try:
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                near.close()
                continue
            for here, there in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(here, there), daemon=True).start()

    def _pass(self, here: socket.socket, there: socket.socket) -> None:
        age = self._age
        try:
            while piece := here.recv(65536):
                if age == self._age:
                    there.sendall(piece)
        except OSError:
            pass
        if age == self._age:
            for end in (here, there):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    sys.exit(main())
