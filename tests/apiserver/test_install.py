"""Installed by Helm and by kubectl: used, upgraded, and taken away without a trace."""

import base64
import json
import re
import signal
import sys
import uuid
from datetime import UTC, datetime

import pytest

from tests.apiserver.installed import KINDS, eventually
from tests.apiserver.release import SDEPS, Release
from tests.documents_of import minimal, with_graph
from tests.seeds import ROOT
from tools.control_plane.run import ControlPlane
from tools.generators.manifests import IMAGE_PLACEHOLDER
from webhook.certificates.issue import issue_ca

INSTALL = ROOT / "manifests" / "install.yaml"
IN_ITS_NAMESPACE = (
    "all,secrets,configmaps,leases,serviceaccounts,roles,rolebindings,poddisruptionbudgets,"
    "networkpolicies,endpointslices"
)
IN_THE_CLUSTER = f"clusterroles,clusterrolebindings,{','.join(KINDS)}"


@pytest.fixture
def release(control_plane, tmp_path):
    with Release(control_plane, tmp_path, f"graphgate-{uuid.uuid4().hex[:6]}") as prepared:
        yield prepared


def left_of(release):
    """Return what is left of a release, in its namespace and in the cluster."""
    of_it = f"app.kubernetes.io/instance={release.name}"
    found = set()
    for arguments in (
        ("-n", release.name, "get", IN_ITS_NAMESPACE),
        ("get", IN_THE_CLUSTER, "-l", of_it),
    ):
        items = json.loads(release.plane.kubectl(*arguments, "-o", "json").stdout)["items"]
        found |= {(item["kind"], item["metadata"]["name"]) for item in items}
    # A namespace has these from its first day.
    return sorted(found - {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")})


def held(release):
    """Return what the Secret of the certificate holds."""
    return release.get("secret", f"{release.name}-certificate")["data"]


def count_pods(release):
    return len(json.loads(release.kubectl("get", "pods", "-o", "json"))["items"])


def test_the_whole_life_of_a_release(release):
    release.install()
    # The namespace enforces "restricted", and the pods are admitted.
    eventually(lambda: count_pods(release) == 2, "both pods are made")

    # The first one makes the certificate; each says that it is believed.
    first, second = release.start_pod().wait_until_ready(), release.start_pod().wait_until_ready()
    release.wait_until_called()
    assert "trust: signed by a CA of every caBundle; this replica renews it" in first.ready()[1]
    assert "trust: signed by a CA of every caBundle; another replica" in second.ready()[1]

    # It judges.
    assert release.create() == (201, "")
    status, message = release.create(with_graph(name="clasifier"))
    assert (status, "[missing-container]" in message) == (403, True)

    # An upgrade takes nothing away that was made at run time.
    secret, bundle = held(release), release.bundle()
    assert sorted(secret) == ["ca.crt", "ca.key", "tls.crt", "tls.key"]
    release.install("replicas=3", command="upgrade")
    assert held(release) == secret
    assert [release.bundle(kind) for kind in KINDS] == [bundle, bundle]
    eventually(lambda: count_pods(release) == 3, "the upgrade is in effect")
    assert release.create() == (201, "")

    # A certificate is renewed by hand, and both pods serve it without a restart.
    flags = ("--namespace", release.name, "--name", release.name)
    rotated = release.plane.run(sys.executable, "-m", "webhook", "certs", "rotate", *flags).stdout
    assert re.fullmatch("issue-server-cert [0-9a-f]{64}\n", rotated)
    assert held(release)["tls.crt"] != secret["tls.crt"]
    # First the Secret is read, then the files are.
    sources = {"certificate-secret", "certificate"}
    eventually(
        lambda: all(
            sources <= {line["source"] for line in pod.events("config_reloaded")}
            for pod in (first, second)
        ),
        "both pods serve the new certificate",
    )
    assert release.create() == (201, "")

    # One pod crashes; the other goes on.
    first.stop(signal.SIGKILL)
    eventually(lambda: release.create() == (201, ""), "calls go to the other pod")

    release.helm("uninstall", release.name, "--wait")
    assert second.stop() == 0
    eventually(lambda: left_of(release) == [] or left_of(release), "nothing is left")
    document = {**minimal(), "metadata": {"name": "iris"}}
    assert release.plane.request("POST", SDEPS.format(release.models), document).status == 201


def test_a_pod_that_no_api_server_would_believe_is_not_ready_and_says_why(release):
    release.install()
    pod = release.start_pod().wait_until_ready()
    # A CA of somebody else in one caBundle, and nobody who may mend it.
    verbs = [{"op": "replace", "path": "/rules/0/verbs", "value": ["get"]}]
    role = ("clusterrole", f"{release.name}-certificate")
    release.kubectl("patch", *role, "--type=json", "-p", json.dumps(verbs))
    other = base64.b64encode(issue_ca(datetime.now(UTC)).certificate).decode()
    where = "/webhooks/0/clientConfig/caBundle"
    patch = json.dumps([{"op": "replace", "path": where, "value": other}])
    release.kubectl("patch", KINDS[0], release.name, "--type=json", "-p", patch)
    eventually(lambda: pod.ready()[0] == 503 or pod.ready(), "the pod is not ready")
    assert "[-] trust: tls.crt is not signed by a CA of the bundle" in pod.ready()[1]

    verbs[0]["value"] = ["get", "patch"]
    release.kubectl("patch", *role, "--type=json", "-p", json.dumps(verbs))
    pod.wait_until_ready()


def test_the_reconciler_does_its_work_with_the_rights_that_the_chart_gives_it(release):
    release.install("reconciler.enabled=true", f"reconciler.namespaces={{{release.models}}}")
    release.start_pod().wait_until_ready()
    release.wait_until_called()
    reconciler = release.start_reconciler()
    document = {**minimal(), "metadata": {"name": "iris"}}
    sdeps, made = SDEPS.format(release.models), f"/apis/apps/v1/namespaces/{release.models}"
    assert release.plane.request("POST", sdeps, document).status == 201

    def deployments():
        return len(release.plane.request("GET", f"{made}/deployments").body["items"])

    eventually(lambda: deployments() == 1 or reconciler.log, "the Deployment is made")
    eventually(
        lambda: "status" in release.plane.request("GET", f"{sdeps}/iris").body or reconciler.log,
        "the status is written",
    )
    assert reconciler.stop() == 0
    assert "orbidden" not in reconciler.log


def test_the_one_file_is_applied_applied_again_and_deleted(binaries, tmp_path):
    """On a control plane of its own: its names are those that other tests use."""
    with ControlPlane.start(binaries, controllers=False) as plane:
        # Without an image nothing refuses anything.
        refused = plane.kubectl("apply", "-f", str(INSTALL), check=False)
        assert refused.returncode == 1
        assert "found character that cannot start any token" in refused.stderr
        assert plane.kubectl("get", IN_THE_CLUSTER, "-o", "name").stdout.count("webhook") == 0

        install = tmp_path / "install.yaml"
        install.write_text(INSTALL.read_text().replace(IMAGE_PLACEHOLDER, "r.example/graphgate:1"))
        applied = plane.kubectl("apply", "-f", str(install)).stdout.splitlines()
        assert applied
        assert all(line.endswith((" created", " unchanged", " configured")) for line in applied)

        # What is written at run time.
        secret = ("secret", "graphgate-certificate", "-n", "graphgate-system")
        data = {"data": {"tls.crt": base64.b64encode(b"x").decode()}}
        plane.kubectl("patch", *secret, "--type=merge", "-p", json.dumps(data))
        authority = base64.b64encode(issue_ca(datetime.now(UTC)).certificate).decode()
        where = "/webhooks/0/clientConfig/caBundle"
        patch = json.dumps([{"op": "add", "path": where, "value": authority}])
        for kind in KINDS:
            plane.kubectl("patch", kind, "graphgate", "--type=json", "-p", patch)

        again = plane.kubectl("apply", "-f", str(install)).stdout.splitlines()
        assert len(again) == len(applied)
        kept = json.loads(plane.kubectl("get", *secret, "-o", "json").stdout)
        assert kept["data"] == data["data"]
        for kind in KINDS:
            found = json.loads(plane.kubectl("get", kind, "graphgate", "-o", "json").stdout)
            assert found["webhooks"][0]["clientConfig"]["caBundle"] == authority

        plane.kubectl("delete", "-f", str(install), "--wait=false")
        for kinds in (IN_THE_CLUSTER, "secrets,leases,configmaps,deployments"):
            found = plane.kubectl(
                *("get", kinds, "-A", "-l", "app.kubernetes.io/name=graphgate", "-o", "name")
            )
            assert found.stdout == ""
