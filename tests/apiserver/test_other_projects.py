"""What the chart renders for other projects is what they expect, and their certificates are served.

cert-manager, the Prometheus operator and OpenShift do not run here. Their definitions do, in a
control plane of their own, because a definition is for the whole cluster. What their controllers
would do with a release is done by `issuers`.
"""

import sys
import uuid
from functools import partial

import pytest
import yaml

from tests.apiserver.installed import CHART, CRD, eventually
from tests.apiserver.issuers import CertManager, ServiceCA
from tests.apiserver.release import Load, Release
from tests.manifests.test_chart import EVERYTHING, is_json
from tools.control_plane.run import ControlPlane

NAMESPACE = "graphgate-system"
KINDS = (
    *("Certificate", "Issuer", "ServiceMonitor", "PodMonitor", "ScaledObject"),
    "SecurityContextConstraints",
)
OTHERS = ("cert-manager.io", "monitoring.coreos.com", "keda.sh", "security.openshift.io")
# The control plane looks like OpenShift, where no user is filled in: that is how a lost call shows.
FILLED = ("settings.defaults.openshift=ignore",)


@pytest.fixture(scope="module")
def plane(binaries, foreign_crds):
    with ControlPlane.start(binaries) as running:
        files = [CRD, *(foreign_crds[kind] for kind in KINDS)]
        # Server-side: the Issuer's is too large for an annotation.
        running.kubectl("apply", "--server-side", *(f"--filename={file}" for file in files))
        for file in files:
            name = yaml.safe_load(file.read_text())["metadata"]["name"]
            eventually(partial(is_served, running, name), f"{name} is served")
        for name in (NAMESPACE, "ml", "shop"):
            running.create_namespace(name)
        yield running


def is_served(plane, definition):
    """Say whether objects of the version that is stored can be listed."""
    path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{definition}"
    spec = plane.request("GET", path).body["spec"]
    (version,) = (v["name"] for v in spec["versions"] if v["storage"])
    resources = f"/apis/{spec['group']}/{version}/{spec['names']['plural']}"
    return plane.request("GET", resources).status == 200


def rendered(plane, source, values):
    flags = [f"--set-json={v}" if is_json(v) else f"--set={v}" for v in values]
    command = ("helm", "template", "graphgate", str(CHART), "--namespace", NAMESPACE, *flags)
    return plane.run(*command, f"--set=certificate.source={source}").stdout


def dry_run(plane, text):
    """Apply as a person would, with every unknown field refused; return what is said."""
    flags = ("--server-side", "--dry-run=server", "--validate=strict")
    return plane.kubectl("apply", *flags, "-f", "-", input=text, check=False)


@pytest.mark.parametrize("source", ["managed", "injected", "cert-manager", "openshift"])
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


@pytest.fixture
def release(plane, tmp_path):
    with Release(plane, tmp_path, f"graphgate-{uuid.uuid4().hex[:6]}") as prepared:
        yield prepared


@pytest.mark.parametrize(
    ("source", "issuer"), [("cert-manager", CertManager), ("openshift", ServiceCA)]
)
def test_a_release_waits_for_its_certificate_and_follows_it(release, source, issuer):
    release.install(f"certificate.source={source}", *FILLED)
    # Until there is one, nothing passes unjudged.
    rejected = release.create()
    assert (rejected[0], "failed calling webhook" in rejected[1]) == (500, True), rejected

    issuer = issuer(release)
    issuer.issue()
    issuer.inject()
    release.mount()
    pod = release.start_pod().wait_until_ready()
    assert f"[+] trust: made for {release.name}.{release.name}.svc" in pod.ready()[1]
    release.wait_until_called()

    with Load(release.create).running() as load:
        # Renewed in good time, a day or a month before its end.
        issuer.issue()
        issuer.inject()
        release.mount()
        eventually(lambda: pod.events("config_reloaded") != [], "the new certificate is served")
        load.go_on()
    assert load.failed_calls == []

    # A certificate of nobody's: the pod says so before an API server does.
    issuer.issue(for_names=["elsewhere.svc"])
    release.mount()
    eventually(lambda: pod.ready()[0] == 503 or pod.ready(), "the pod is not ready")
    assert (
        f"tls.crt is not valid for {release.name}.{release.name}.svc; its names are elsewhere.svc"
        in (pod.ready()[1])
    )


def test_a_new_ca_of_cert_managers_costs_no_call(release):
    """Every seven years: the caBundle is changed at once, the pods' files minutes later."""
    release.install("certificate.source=cert-manager", *FILLED)
    issuer = CertManager(release)
    issuer.issue()
    issuer.inject()
    release.mount()
    pod = release.start_pod().wait_until_ready()
    release.wait_until_called()
    before = release.bundle()
    with Load(release.create).running() as load:
        issuer.issue_authority()
        issuer.issue()
        issuer.inject()
        assert release.bundle() != before
        load.go_on()  # API servers follow; the pod has seen nothing yet
        release.mount()
        eventually(lambda: pod.events("config_reloaded") != [], "the new certificate is served")
        load.go_on()
    assert load.failed_calls == []
