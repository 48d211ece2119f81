"""The audit in the background beside a real API server: a report for each object, no churn."""

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import patience
from tests.apiserver.permissions import AUDIT_ROLE, as_user
from tests.apiserver.reconciling import CRD, GROUP, Namespace, Reconciler, eventually
from tests.documents_of import minimal, with_graph
from tests.seeds import ROOT
from tools.control_plane.run import ControlPlane

OBJECTS = 1_000
"""As many as a large cluster has."""

PATHS = {
    "Report": "/apis/openreports.io/v1alpha1",
    "PolicyReport": "/apis/wgpolicyk8s.io/v1alpha2",
}
PLURALS = {"Report": "reports", "PolicyReport": "policyreports"}
LABEL = {"graphgate.io/policy": "true"}
EXCEPTIONS = ROOT / "manifests" / "crd" / "policyexceptions.yaml"

POLICY = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicy",
    "metadata": {"name": "no-latest", "labels": LABEL},
    "spec": {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "resourceRules": [
                {
                    "apiGroups": ["machinelearning.seldon.io"],
                    "apiVersions": ["*"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": ["seldondeployments"],
                }
            ]
        },
        "validations": [
            {"expression": "object.metadata.name != 'model-7'", "message": "not this one"}
        ],
    },
}
BINDING = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicyBinding",
    "metadata": {"name": "no-latest", "labels": LABEL},
    # Audited, not denied: the policy must not refuse what the test writes.
    "spec": {"policyName": "no-latest", "validationActions": ["Audit"]},
}
EXCEPTION = {
    "apiVersion": "graphgate.io/v1alpha1",
    "kind": "PolicyException",
    "metadata": {"name": "for-7", "namespace": "default", "labels": LABEL},
    "spec": {
        "exempt": {"policies": ["no-latest"]},
        "match": {"names": ["model-7"]},
        "reason": "a test",
        "expiresAt": "2999-01-01T00:00:00Z",
    },
}


@pytest.fixture(scope="module", params=["Report", "PolicyReport"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def plane(binaries, foreign_crds, kind):
    with ControlPlane.start(binaries) as started:
        files = (CRD, EXCEPTIONS, foreign_crds[kind])
        started.kubectl("apply", "--server-side", *(f"--filename={file}" for file in files))
        types = (f"{GROUP}/seldondeployments", f"{PATHS[kind]}/{PLURALS[kind]}")
        eventually(
            lambda: [path for path in types if started.request("GET", path).status != 200],
            [],
            "the types",
        )
        yield started


class Reports:
    """The reports in a namespace."""

    def __init__(self, plane: ControlPlane, kind: str, namespace: str) -> None:
        self.plane = plane
        self.kind = kind
        self.path = f"{PATHS[kind]}/namespaces/{namespace}/{PLURALS[kind]}"

    def items(self):
        return self.plane.request("GET", self.path).body["items"]

    def summaries(self):
        """Return name of the object and the results that are not 0, for each report."""
        return {
            item["scope"]["name"]: {k: n for k, n in item["summary"].items() if n}
            for item in self.items()
        }

    def of(self, name):
        return next(item for item in self.items() if item["scope"]["name"] == name)


@pytest.fixture
def namespace(plane, request):
    name = f"audit-{abs(hash(request.node.name)) % 10**6}"
    plane.create_namespace(name)
    return Namespace(plane, name)


@pytest.fixture
def start(plane, tmp_path, namespace):
    """Start the auditor with flags; it is stopped at the end."""
    running = []

    def start(*flags: str) -> Reconciler:
        auditor = Reconciler(
            plane, tmp_path / "log", "-n", namespace.name, *flags, command_name="watch"
        )
        running.append(auditor)
        return auditor.wait("audited")

    yield start
    for auditor in running:
        assert auditor.stop() == 0


def named(name, document=None):
    document = document or minimal()
    document["metadata"] = {"name": name}
    return document


def test_a_report_follows_its_object(plane, kind, namespace, start):
    reports = Reports(plane, kind, namespace.name)
    good = namespace.create("sdep", named("good"))
    namespace.create("sdep", named("bad", with_graph(name="nope")))
    start("--interval", "1h")
    eventually(reports.summaries, {"good": {"pass": 1}, "bad": {"fail": 1}}, "reports")
    (owner,) = reports.of("good")["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"]) == ("SeldonDeployment", good["metadata"]["uid"])
    (result,) = reports.of("bad")["results"]
    assert (result["policy"], result["result"]) == ("missing-container", "fail")
    assert result["properties"]["path"] == "spec.predictors[0].graph.name"

    def repair(document):
        document["spec"]["predictors"][0]["graph"]["name"] = "classifier"

    namespace.change("sdep", "bad", repair)
    eventually(reports.summaries, {"good": {"pass": 1}, "bad": {"pass": 1}}, "after the fix")
    namespace.delete("sdep", "bad")
    eventually(reports.summaries, {"good": {"pass": 1}}, "after the deletion")


def test_a_report_that_somebody_changes_or_deletes_comes_back(plane, kind, namespace, start):
    reports = Reports(plane, kind, namespace.name)
    namespace.create("sdep", named("iris", with_graph(name="nope")))
    start()
    eventually(reports.summaries, {"iris": {"fail": 1}}, "the report")
    report = reports.of("iris")
    report["results"][0]["result"] = "pass"
    path = f"{reports.path}/{report['metadata']['name']}"
    assert plane.request("PUT", path, report).status == 200
    eventually(lambda: reports.of("iris")["results"][0]["result"], "fail", "the change undone")
    assert plane.request("DELETE", path).status == 200
    eventually(reports.summaries, {"iris": {"fail": 1}}, "the report again")


def test_an_object_of_the_same_name_gets_a_report_of_its_own(plane, kind, namespace, start):
    reports = Reports(plane, kind, namespace.name)
    namespace.create("sdep", named("iris"))
    start()
    eventually(reports.summaries, {"iris": {"pass": 1}}, "the report")
    namespace.delete("sdep", "iris")
    uid = namespace.create("sdep", named("iris", with_graph(name="x")))["metadata"]["uid"]
    eventually(
        lambda: [(i["scope"]["uid"], i["summary"]["fail"]) for i in reports.items()],
        [(uid, 1)],
        "one report",
    )


def test_the_rights_that_the_chart_grants_are_enough(plane, kind, namespace, start):
    user = f"auditor-{namespace.name}"
    as_user(plane, user, AUDIT_ROLE).close()
    reports = Reports(plane, kind, namespace.name)
    namespace.create("sdep", named("iris"))
    auditor = start("--kubeconfig", str(plane.add_user(user)))
    eventually(reports.summaries, {"iris": {"pass": 1}}, "the report")
    namespace.delete("sdep", "iris")
    eventually(reports.summaries, {}, "after the deletion")
    assert not [line for line in auditor.log_lines() if line["event"] == "audit_retried"]


def test_no_report_is_written_that_is_not_wanted(plane, kind, namespace, start):
    namespace.create("sdep", named("iris"))
    auditor = start("--reports", "none")
    assert Reports(plane, kind, namespace.name).items() == []
    assert "graphgate_audit_objects" in auditor.ask("metrics")
    assert "no reports written" in auditor.ask("readyz?verbose")


def policies_of(plane):
    """Return where the test's policy, its binding and the exception are, and what they are."""
    admission = "/apis/admissionregistration.k8s.io/v1"
    exceptions = "/apis/graphgate.io/v1alpha1/namespaces/default/policyexceptions"
    return (
        (f"{admission}/validatingadmissionpolicies", POLICY),
        (f"{admission}/validatingadmissionpolicybindings", BINDING),
        (exceptions, EXCEPTION),
    )


@pytest.fixture
def add_policy(plane):
    """Create the policy with its binding, or (exempt) the exception; all go afterwards."""
    *policy, exception = policies_of(plane)

    def add(*, exempt=False):
        for url, body in [exception] if exempt else policy:
            answer = plane.request("POST", url, body)
            assert answer.status == 201, answer.body

    yield add
    for url, body in (*policy, exception):
        plane.request("DELETE", f"{url}/{body['metadata']['name']}")


WITH_POLICIES = (
    *("--cluster-policies-selector", "graphgate.io/policy=true"),
    *("--exceptions-namespace", "default"),
)


def test_policies_and_exceptions_matter_before_the_hour_is_over(
    plane, kind, namespace, start, add_policy
):
    reports = Reports(plane, kind, namespace.name)
    namespace.create("sdep", named("model-7"))
    start("--interval", "1h", *WITH_POLICIES)
    eventually(reports.summaries, {"model-7": {"pass": 1}}, "the report")
    add_policy()
    eventually(reports.summaries, {"model-7": {"warn": 1}}, "after the policy")
    add_policy(exempt=True)
    eventually(reports.summaries, {"model-7": {"skip": 1}}, "after the exception")


def finding_counts(auditor):
    found = re.findall(
        r'graphgate_audit_findings\{action="(\w+)",namespace="[\w-]+",rule="([^"]+)"\} ([\d.]+)',
        auditor.ask("metrics"),
    )
    return {(rule, action): int(float(number)) for action, rule, number in found}


def test_a_thousand_objects(plane, kind, namespace, start, add_policy):
    if kind != "Report":
        pytest.skip("once is enough: the kinds differ in their names")
    reports = Reports(plane, kind, namespace.name)
    broken = {7, 70, 700}
    documents = [
        named(f"model-{n}", with_graph(name="nope") if n in broken else None)
        for n in range(OBJECTS)
    ]
    auditor = start("--qps", "1000", "--interval", "15s", *WITH_POLICIES)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda document: namespace.create("sdep", document), documents))

    def totals():
        summaries = reports.summaries().values()
        names = ("pass", "fail", "warn", "skip")
        return (len(summaries), *(sum(s.get(name, 0) for s in summaries) for name in names))

    def settles(expected, what):
        # Looking at a thousand reports is work for the API server too.
        eventually(totals, expected, what, pause=2.0)

    settles((1000, 997, 3, 0, 0), "after the creation")
    assert finding_counts(auditor) == {("missing-container", "deny"): 3}

    def repair(document):
        document["spec"]["predictors"][0]["graph"]["name"] = "classifier"

    namespace.change("sdep", "model-70", repair)
    settles((1000, 998, 2, 0, 0), "after a fix")

    add_policy()
    settles((1000, 998, 2, 1, 0), "after a new policy")
    add_policy(exempt=True)
    settles((1000, 998, 2, 0, 1), "after an exception")
    for n in range(100):
        namespace.delete("sdep", f"model-{n}")
    settles((900, 899, 1, 0, 0), "after deletions")

    passes = r'audit_passes_total\{result="completed"\} ([\d.]+)'

    def pass_count():
        return int(float(re.findall(passes, auditor.ask("metrics"))[0]))

    written, versions, before = (
        auditor.write_count(),
        {i["metadata"]["name"]: i["metadata"]["resourceVersion"] for i in reports.items()},
        pass_count(),
    )
    # Each pass looks at every object again, as it would each hour.
    eventually(lambda: pass_count() >= before + 3, True, "three passes", pause=1.0)
    assert auditor.write_count() == written
    assert versions == {
        i["metadata"]["name"]: i["metadata"]["resourceVersion"] for i in reports.items()
    }
    report = json.loads(
        subprocess.run(
            [sys.executable, "-m", "webhook", "audit", "-o", "json", "-n", namespace.name],
            env=plane.env,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=patience.SECONDS,
        ).stdout
    )
    assert report["totals"]["objects"] == 900
    assert report["totals"]["denied"] == 1
