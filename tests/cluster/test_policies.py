"""Parity: the API server itself says of every case of the library what graphgate says.

Each policy is created natively; each case is sent as a dry run. The bindings deny here, whatever
the library's do, so that a finding is a refusal on both sides.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.control_plane.access import Answer
from tests.cluster.control_plane.run import ControlPlane
from tests.cluster.control_plane.waiting import wait_until
from tests.policy.truths import TRUE
from webhook import documents
from webhook.documents.patching import equal
from webhook.policy import PolicySet, evaluate, from_reading, load, mutate
from webhook.policy.cases import Case, Suite, read_suite

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "policies" / "library"
PORTABLE = sorted(
    folder.parent.name
    for folder in LIBRARY.glob("*/policy.yaml")
    if "graph.nodes(" not in folder.read_text(encoding="utf-8")
)
ADMISSION = "/apis/admissionregistration.k8s.io/v1/"
PATHS = {
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
    "MutatingAdmissionPolicy": "mutatingadmissionpolicies",
    "MutatingAdmissionPolicyBinding": "mutatingadmissionpolicybindings",
}


@pytest.fixture(scope="module")
def plane(binaries: dict[str, Path]) -> Iterator[ControlPlane]:
    """The control plane with Seldon's CRD and the namespace of parameters."""
    # Policies are for the whole cluster: a plane of its own.
    with ControlPlane.start(binaries) as control_plane:
        crd = ROOT / "manifests" / "crd" / "seldondeployments.yaml"
        control_plane.kubectl("apply", "--server-side", "-f", str(crd))
        served = "/apis/machinelearning.seldon.io/v1/seldondeployments"
        wait_until(
            lambda: control_plane.request("GET", served).status == 200, what="the CRD", seconds=30
        )
        ensure_namespace(control_plane, "graphgate-system", {}, {})
        yield control_plane


@pytest.fixture
def folder(request: pytest.FixtureRequest, plane: ControlPlane) -> Iterator[Path]:
    """A folder of the library whose policy is not there yet; it is gone afterwards."""
    folder = LIBRARY / request.param
    yield folder
    for value in objects(folder):
        if value["kind"] in PATHS:
            plane.request("DELETE", address(value) + "/" + value["metadata"]["name"])
    # The API server notices within a second; until then it would judge the next one's cases.
    policies, suite = read(folder)
    wait_until(lambda: not in_effect(plane, policies, suite), what="the policy gone", seconds=30)
    plane.kubectl("delete", "seldondeployments", "--all", "-A", "--wait=false")


def objects(folder: Path) -> list[dict[str, Any]]:
    """Return the objects of policy.yaml, with bindings that deny."""
    made = list(yaml.safe_load_all((folder / "policy.yaml").read_text(encoding="utf-8")))
    for value in made:
        if value["kind"] == "ValidatingAdmissionPolicyBinding":
            value["spec"]["validationActions"] = ["Deny"]
    return made


def address(value: dict[str, Any]) -> str:
    if value["kind"] == "ConfigMap":
        return f"/api/v1/namespaces/{value['metadata']['namespace']}/configmaps"
    return ADMISSION + PATHS[value["kind"]]


def ensure_namespace(
    plane: ControlPlane, name: str, labels: dict[str, str], annotations: dict[str, str]
) -> None:
    """Have a namespace with exactly these labels and annotations, of those that tests set."""
    if plane.request("GET", f"/api/v1/namespaces/{name}").status == 404:
        plane.create_namespace(name)
    there = plane.request("GET", f"/api/v1/namespaces/{name}").body
    there["metadata"]["labels"] = {"kubernetes.io/metadata.name": name, **labels}
    there["metadata"]["annotations"] = annotations
    assert plane.request("PUT", f"/api/v1/namespaces/{name}", there).status == 200


def send(plane: ControlPlane, case: Case, number: int) -> Answer:
    """Send a case as a dry run; an UPDATE is of the object that `prepare` created."""
    value = named(case.request.object, case, number)
    path = f"/apis/machinelearning.seldon.io/v1/namespaces/{value['metadata']['namespace']}"
    path += "/seldondeployments"
    if case.request.operation == "CREATE":
        return plane.request("POST", f"{path}?dryRun=All", value)
    path += f"/{value['metadata']['name']}"
    value["metadata"]["resourceVersion"] = plane.request("GET", path).body["metadata"][
        "resourceVersion"
    ]
    return plane.request("PUT", f"{path}?dryRun=All", value)


def named(value: dict[str, Any], case: Case, number: int) -> dict[str, Any]:
    """Return a copy with a name of the case's own, in the case's namespace."""
    metadata = {
        **value["metadata"],
        "name": f"{value['metadata']['name']}-{number}",
        "namespace": case.request.namespace,
    }
    return {**value, "metadata": metadata}


def prepare(plane: ControlPlane, suite: Suite) -> None:
    """Create the namespaces and the old objects of a suite, before there is any policy."""
    for number, case in enumerate(suite.cases):
        known = case.facts.namespaces.get(case.request.namespace)
        labels = dict(known.labels) if known else {}
        annotations = dict(known.annotations) if known else {}
        ensure_namespace(plane, case.request.namespace, labels, annotations)
        if case.request.operation == "UPDATE":
            old = named(case.request.old_object, case, number)
            path = f"/apis/machinelearning.seldon.io/v1/namespaces/{case.request.namespace}"
            answer = plane.request("POST", f"{path}/seldondeployments", old)
            assert answer.status == 201, answer.body


def judged(policies: PolicySet, case: Case) -> list[str]:
    """Return what graphgate's engine has against a case."""
    evaluation = evaluate(policies, case.request, case.facts)
    assert evaluation.failures == ()
    return [found.finding.fact for found in evaluation.findings]


@pytest.mark.parametrize("folder", PORTABLE, indirect=True)
def test_the_api_server_agrees(plane: ControlPlane, folder: Path) -> None:
    """Every case of the library is refused, accepted or changed natively as it is here."""
    policies, suite = read(folder)
    prepare(plane, suite)
    for value in objects(folder):
        answer = plane.request("POST", address(value), value)
        assert answer.status in {201, 409}, answer.body
    wait_until(lambda: in_effect(plane, policies, suite), what="the policy in effect", seconds=30)
    for number, case in enumerate(suite.cases):
        answer = send(plane, case, number)
        if policies.mutating:
            expected = mutate(policies, case.request, case.facts).object["metadata"].get("labels")
            assert equal(answer.body["metadata"].get("labels"), expected), case.name
            continue
        found = judged(policies, case)
        assert (answer.status == 422) is bool(found), (case.name, answer.body)
        if found:
            assert found[0] in answer.body["message"], case.name


def in_effect(plane: ControlPlane, policies: PolicySet, suite: Suite) -> bool:
    """Tell whether the API server refuses or changes what the suite expects it to."""
    if not policies.mutating:
        number = next(n for n, case in enumerate(suite.cases) if judged(policies, case))
        return send(plane, suite.cases[number], number).status == 422
    number, case = next(
        (n, c) for n, c in enumerate(suite.cases) if not equal(c.mutated, c.request.object)
    )
    answer = send(plane, case, number)
    labels = answer.body["metadata"].get("labels") if answer.status == 201 else None
    return equal(labels, case.mutated["metadata"]["labels"])


def read(folder: Path) -> tuple[PolicySet, Suite]:
    """Return the policies and the cases of a folder."""
    text = (folder / "policy.yaml").read_text(encoding="utf-8")
    policies = load(from_reading("policy.yaml", documents.read(text)))
    assert policies.problems == ()
    tests = (folder / "tests.yaml").read_text(encoding="utf-8")
    (source,) = from_reading("tests.yaml", documents.read(tests))
    suite = read_suite(source)
    assert isinstance(suite, Suite), suite
    return policies, suite


TRUTHS = [text for text in TRUE.strip().splitlines() if "jsonpatch." not in text]
CHUNKS = [TRUTHS[start : start + 20] for start in range(0, len(TRUTHS), 20)]


@pytest.mark.parametrize("number", range(len(CHUNKS)))
def test_the_api_server_holds_the_same_for_true(plane: ControlPlane, number: int) -> None:
    """Every function of the compatibility table gives the API server what it gives here."""
    name = f"truths-{number}"
    rules = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["configmaps"],
        "resourceNames": [name, f"{name}-probe"],
    }
    probe = f"object.metadata.name != '{name}-probe'"
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {"resourceRules": [rules]},
            "validations": [{"expression": text} for text in (probe, *CHUNKS[number])],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    }
    try:
        for value in (policy, binding):
            answer = plane.request("POST", address(value), value)
            assert answer.status == 201, answer.body
        wait_until(
            lambda: create(plane, f"{name}-probe").status == 422,
            what="the policy in effect",
            seconds=30,
        )
        answer = create(plane, name)
        assert answer.status == 201, answer.body["message"]
    finally:
        for value in (policy, binding):
            plane.request("DELETE", f"{address(value)}/{name}")


def create(plane: ControlPlane, name: str) -> Answer:
    """Create a ConfigMap as a dry run."""
    path = "/api/v1/namespaces/graphgate-system/configmaps?dryRun=All"
    value = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    return plane.request("POST", path, value)
