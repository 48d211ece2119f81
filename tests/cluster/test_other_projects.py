"""What the chart renders for other projects is accepted by their own definitions.

cert-manager, the Prometheus operator and OpenShift do not run here. Their definitions do, in a
control plane of their own, because a definition is for the whole cluster.
"""

import sys

import pytest
import yaml

from tests.cluster.control_plane.run import ControlPlane
from tests.cluster.installed import CHART, CRD, eventually
from tests.manifests.test_chart import EVERYTHING, is_json

NAMESPACE = "graphgate-system"
OTHERS = ("cert-manager.io", "monitoring.coreos.com", "keda.sh", "security.openshift.io")


@pytest.fixture(scope="module")
def plane(binaries, foreign_crds):
    with ControlPlane.start(binaries, controllers=False) as running:
        files = [CRD, *foreign_crds.values()]
        # Server-side: the Issuer's is too large for an annotation.
        running.kubectl("apply", "--server-side", *(f"--filename={file}" for file in files))
        for file in files:
            definition = yaml.safe_load(file.read_text())["metadata"]["name"]
            resource = definition.partition(".")[0]
            eventually(
                lambda d=definition, r=resource: r in served(running, d), f"{definition} is served"
            )
        for name in (NAMESPACE, "ml", "shop"):
            running.kubectl("create", "namespace", name)
        yield running


def served(plane, definition):
    """Return the resources of the version that is stored."""
    path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{definition}"
    spec = plane.request("GET", path).body["spec"]
    (version,) = (v["name"] for v in spec["versions"] if v["storage"])
    found = plane.request("GET", f"/apis/{spec['group']}/{version}")
    return {r["name"] for r in found.body["resources"]} if found.status == 200 else set()


def rendered(plane, source, values):
    flags = [f"--set-json={v}" if is_json(v) else f"--set={v}" for v in values]
    command = ("helm", "template", "graphgate", str(CHART), "--namespace", NAMESPACE, *flags)
    return plane.run(*command, f"--set=certificate.source={source}").stdout


def dry_run(plane, text):
    """Apply as a person would, with every unknown field refused; return what is said."""
    flags = ("--server-side", "--dry-run=server", "--validate=strict")
    return plane.kubectl("apply", *flags, "-f", "-", input=text, check=False)


@pytest.mark.parametrize("source", ["self", "injected", "cert-manager", "openshift"])
@pytest.mark.parametrize("values", [(), EVERYTHING], ids=["defaults", "everything"])
def test_everything_that_the_chart_renders_is_accepted(plane, source, values):
    text = rendered(plane, source, values)
    done = dry_run(plane, text)
    assert (done.stderr, done.returncode) == ("", 0)
    documents = [document for document in yaml.safe_load_all(text) if document]
    assert len(done.stdout.splitlines()) == len(documents)
    foreign = {d["kind"] for d in documents if d["apiVersion"].partition("/")[0] in OTHERS}
    assert foreign == {
        *(("Certificate", "Issuer") if source == "cert-manager" else ()),
        *(("ServiceMonitor",) if values else ()),
    }


@pytest.mark.parametrize(
    ("kind", "change", "told"),
    [
        ("Certificate", {"dnsNamez": []}, "dnsNamez"),
        ("Certificate", {"secretName": None}, "spec.secretName"),
        ("Certificate", {"duration": 90}, "spec.duration"),
        ("Issuer", {"selfSigend": {}}, "selfSigend"),
        ("ServiceMonitor", {"endpoints": [{"prot": "metrics"}]}, "prot"),
        ("ServiceMonitor", {"endpoints": [{"interval": "30 s"}]}, "spec.endpoints[0].interval"),
    ],
)
def test_a_mistake_in_them_would_be_found(plane, kind, change, told):
    text = rendered(plane, "cert-manager", EVERYTHING)
    document = next(d for d in yaml.safe_load_all(text) if d and d["kind"] == kind)
    document["spec"] |= change
    done = dry_run(plane, yaml.safe_dump(document))
    assert (done.returncode, told in done.stderr) == (1, True), done


def test_openshift_is_known_by_its_own_definitions(plane):
    found = yaml.safe_load(plane.run(sys.executable, "-m", "webhook", "facts").stdout)
    assert found["openshift"] is True
