"""Facts of a real API server: asked once, and followed through its restarts and a dead network."""

import json
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from tests import patience
from tests.apiserver.installed import eventually
from tests.seeds import ROOT
from tools.control_plane.run import ControlPlane
from webhook.graph.cluster_facts import Namespace
from webhook.kube import ApiStatusError, ReflectorConfig, connect, get
from webhook.kube.client import Client
from webhook.kube.facts import collect_facts
from webhook.kube.facts_watcher import FactsWatcher

SERVERS = {"SKLEARN_SERVER": {"protocols": {"seldon": {"image": "skl"}}}}
MIB = 2**10  # in the kB of /proc


@pytest.fixture(scope="module")
def plane(binaries):
    """A control plane of this module's own: its API server is stopped and started."""
    with ControlPlane.start(binaries, controllers=False) as running:
        running.create_namespace("seldon-system")
        running.create_namespace("team-a", {"team": "a"})
        running.kubectl("annotate", "namespace", "team-a", "openshift.io/sa.scc.uid-range=1000/10")
        data = f"predictor_servers={json.dumps(SERVERS)}"
        running.kubectl(
            "-n", "seldon-system", "create", "configmap", "seldon-config", f"--from-literal={data}"
        )
        running.kubectl("apply", "-f", "-", input=json.dumps(structural(levels=4)))
        yield running


def structural(levels):
    """A definition that spells children out, as Seldon's own does."""
    node = {"type": "object", "properties": {"name": {"type": "string"}}}
    for _ in range(levels - 1):
        children = {"type": "array", "items": node}
        node = {"type": "object", "properties": {"name": {"type": "string"}, "children": children}}
    predictor = {"type": "object", "properties": {"graph": node}}
    spec = {
        "type": "object",
        "properties": {"predictors": {"type": "array", "items": predictor}},
    }
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    names = {"kind": "SeldonDeployment", "plural": "seldondeployments"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "seldondeployments.machinelearning.seldon.io"},
        "spec": {
            "group": "machinelearning.seldon.io",
            "names": names,
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


@pytest.fixture
def open_as(plane):
    """Connect with a kubeconfig; without one as the administrator."""
    opened: list[Client] = []

    def connect_with(kubeconfig=None):
        client = connect(
            kubeconfig=str(kubeconfig or plane.kubeconfig), context=None, environment={}
        )
        opened.append(client)
        return client

    yield connect_with
    for client in opened:
        client.close()


def test_facts_are_what_was_created(plane, open_as):
    facts, gaps = collect_facts(open_as())
    team = Namespace(
        labels={"team": "a", "kubernetes.io/metadata.name": "team-a"},
        annotations={"openshift.io/sa.scc.uid-range": "1000/10"},
    )
    assert facts.namespaces["team-a"] == team
    assert {"default", "kube-system", "seldon-system"} <= set(facts.namespaces)
    assert (
        facts.model_servers,
        facts.openshift,
        facts.kubernetes_minor,
        facts.max_graph_depth,
    ) == (
        SERVERS,
        False,
        plane.minor,
        4,
    )
    assert gaps == ()


def test_the_depth_is_the_one_at_which_the_api_server_cuts(plane):
    graph = {"name": "n5"}
    for name in ("n4", "n3", "n2", "n1"):
        graph = {"name": name, "children": [graph]}  # type: ignore[dict-item]
    document = {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {"name": "deep"},
        "spec": {"predictors": [{"graph": graph}]},
    }
    path = "/apis/machinelearning.seldon.io/v1/namespaces/team-a/seldondeployments"
    eventually(lambda: plane.request("GET", path).status == 200, "the type is served")
    stored = plane.request("POST", path, document).body["spec"]["predictors"][0]["graph"]
    assert re.findall(r"n\d", json.dumps(stored)) == ["n4", "n3", "n2", "n1"]


def test_graphgate_facts_and_check_agree_with_the_cluster(plane, tmp_path):
    ran = plane.run(sys.executable, "-m", "webhook", "facts", "-n", "team-a")
    facts = yaml.safe_load(ran.stdout)
    assert (ran.stderr, list(facts["namespaces"]), facts["maxGraphDepth"]) == ("", ["team-a"], 4)


def permissions():
    """The roles in docs/facts.md."""
    text = (ROOT / "docs" / "facts.md").read_text()
    (block,) = re.findall(r"```yaml\n(# namespaces: .*?)```", text, re.DOTALL)
    return list(yaml.safe_load_all(block))


def test_the_documented_permissions_are_enough_and_no_more(plane, open_as):
    user = "graphgate-facts"
    subjects = [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}]
    for role in permissions():
        binding = {
            **role,
            "kind": f"{role['kind']}Binding",
            "subjects": subjects,
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": role["kind"],
                "name": role["metadata"]["name"],
            },
        }
        del binding["rules"]
        plane.kubectl("apply", "-f", "-", input=yaml.safe_dump_all([role, binding]))
    client = open_as(plane.add_user(user))
    with FactsWatcher(client) as live:
        eventually(lambda: live.health().state == "ok" or live.health(), "the facts are followed")
        assert (live.facts.model_servers, live.facts.max_graph_depth) == (SERVERS, 4)
    for path in ("/api/v1/namespaces/seldon-system/configmaps", "/api/v1/secrets"):
        with pytest.raises(ApiStatusError) as rejected:
            get(client, path)
        assert rejected.value.status == 403
        assert f'User "{user}" cannot list resource' in str(rejected.value)


def test_a_label_change_is_seen(plane, open_as):
    plane.create_namespace("changing", {"step": "1"})
    with FactsWatcher(open_as()) as live:
        eventually(lambda: label(live) == "1" or live.facts, "the namespace is known")
        plane.kubectl("label", "namespace", "changing", "step=2", "--overwrite")
        eventually(lambda: label(live) == "2" or live.facts, "the change is known")


def label(live, namespace="changing"):
    known = live.facts.namespaces.get(namespace)
    return known.labels.get("step") if known else None


def test_an_api_server_that_crashes_and_comes_back_is_followed_again(plane, open_as):
    with FactsWatcher(open_as()) as live:
        eventually(lambda: live.health().state == "ok" or live.health(), "the facts are followed")
        before = live.facts
        plane.stop_api_server(kill=True)
        eventually(lambda: live.health().state == "degraded", "the loss is noticed")
        assert live.facts == before
        plane.start_api_server()
        plane.create_namespace("after-the-crash")
        eventually(
            lambda: "after-the-crash" in live.facts.namespaces or live.health(), "it is followed"
        )
        eventually(lambda: live.health().state == "ok" or live.health(), "all is well")


class Relay:
    """Passes bytes on, until it is told to swallow them: a network that dies without a word."""

    def __init__(self, port):
        self._target = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._sockets = []
        self._swallowing = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def swallow(self):
        """From now on nothing comes through on the connections that are open."""
        self._swallowing.update(self._sockets)

    def close(self):
        for each in (self._server, *self._sockets):
            each.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            upstream = socket.create_connection(("127.0.0.1", self._target))
            self._sockets += [client, upstream]
            for source, target in ((client, upstream), (upstream, client)):
                threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pump(self, source, target):
        try:
            while data := source.recv(65536):
                if source not in self._swallowing:
                    target.sendall(data)
            if source not in self._swallowing:
                target.shutdown(socket.SHUT_WR)
        except OSError:
            return


def test_a_network_that_dies_without_a_word_is_noticed_and_nothing_is_lost(plane, tmp_path):
    relay = Relay(int(plane.server.rpartition(":")[2]))
    kubeconfig = tmp_path / "relayed"
    text = plane.kubeconfig.read_text().replace(plane.server, f"https://127.0.0.1:{relay.port}")
    kubeconfig.write_text(text)
    client = connect(kubeconfig=str(kubeconfig), context=None, environment={})
    timing = ReflectorConfig(
        watch_timeout=600, read_timeout=1.0, backoff_base=0.01, max_backoff=0.1
    )
    plane.create_namespace("beyond", {"step": "1"})
    try:
        with FactsWatcher(client, reflector_config=timing) as live:
            eventually(lambda: label(live, "beyond") == "1" or live.health(), "it is known")
            relay.swallow()
            plane.kubectl("label", "namespace", "beyond", "step=2", "--overwrite")
            eventually(lambda: label(live, "beyond") == "2" or live.health(), "it is known again")
    finally:
        client.close()
        relay.close()


class Serving:
    """`graphgate serve` as a process of its own."""

    def __init__(self, plane, folder, *flags):
        command = [sys.executable, "-m", "webhook"]
        subprocess.run(
            [*command, "certs", "init", "--out", str(folder)],
            check=True,
            capture_output=True,
            cwd=ROOT,
        )
        keys = ("--tls-cert", str(folder / "tls.crt"), "--tls-key", str(folder / "tls.key"))
        self.process = subprocess.Popen(
            [
                *(*command, "serve", "--host", "127.0.0.1", "--port", "0"),
                *("--health-port", "0", *keys, "--shutdown-delay", "0", *flags),
            ],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=plane.env,
        )
        assert self.process.stdout is not None
        self.lines = []
        for line in self.process.stdout:
            self.lines.append(json.loads(line))
            if self.lines[-1]["event"] == "serving":
                break
        self.health = f"http://127.0.0.1:{self.lines[-1]['healthPort']}"

    def ready(self):
        try:
            with urllib.request.urlopen(
                f"{self.health}/readyz?verbose", timeout=patience.SECONDS
            ) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def memory(self):
        """Return the resident memory in kB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0])

    def stop(self):
        self.process.terminate()
        try:
            self.process.communicate(timeout=patience.SECONDS)
        finally:
            self.process.kill()
        return self.process.returncode


@pytest.fixture
def serve(plane, tmp_path):
    started: list[Serving] = []

    def start(*flags):
        started.append(Serving(plane, tmp_path / str(len(started)), *flags))
        return started[-1]

    yield start
    assert [each.stop() for each in started] == [0] * len(started)


def test_the_server_is_ready_when_it_knows_the_cluster_and_says_when_it_loses_it(plane, serve):
    server = serve("--watch-cluster")
    eventually(lambda: server.ready()[0] == 200 or server.ready(), "it is ready")
    found = re.findall(r"\[\+\] cluster: \d+ namespaces, 1 server, Kubernetes", server.ready()[1])
    assert len(found) == 1
    plane.stop_api_server(kill=True)
    try:
        eventually(lambda: "[!] cluster: " in server.ready()[1], "the loss is said")
        assert server.ready()[0] == 200
    finally:
        plane.start_api_server()
    eventually(lambda: "[+] cluster: " in server.ready()[1] or server.ready(), "it is followed")


def test_the_server_is_not_ready_before_it_knows_the_cluster(plane, serve):
    plane.stop_api_server(kill=True)
    try:
        server = serve("--watch-cluster")
        code, text = server.ready()
        assert (code, "[-] cluster: namespaces not read yet" in text) == (503, True)
    finally:
        plane.start_api_server()
    eventually(lambda: server.ready()[0] == 200 or server.ready(), "it is ready")


def test_following_the_cluster_fits_in_120_mib_and_not_following_it_in_80(serve):
    alone, following = serve(), serve("--watch-cluster")
    eventually(lambda: following.ready()[0] == 200 or following.ready(), "it is ready")
    used = (alone.memory(), following.memory())
    print("resident kB without and with --watch-cluster:", used)
    assert (used[0] <= 80 * MIB, used[1] <= 120 * MIB) == (True, True), used
