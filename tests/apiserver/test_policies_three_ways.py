"""Parity three ways: the library's cases before the API server, the webhook and the command line.

All policies of the library are in one cluster at once, labelled, and each is bound to the objects
of its own cases only. `graphgate serve --cluster-policies-selector` evaluates what it finds there.
Two users send each case: the webhook is asked about one of them (matchConditions), so that of two
requests for the same object the API server's own evaluation answers one and graphgate the other.

Rules and defaults are off: the verdicts are the policies' alone.
"""

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.apiserver.installed import NAMESPACE, Installed, eventually
from tests.cli.conftest import run
from tests.seeds import ROOT
from tools.control_plane.run import ControlPlane
from webhook import yamldoc
from webhook.kube import connect
from webhook.kube.transport import Transport
from webhook.policy import PolicySet, load_policy_set, objects_from_file
from webhook.policy.testing.reader import read_test_suite
from webhook.policy.testing.suite import TestSuite
from webhook.rules import all_rules
from webhook.yamldoc.json_patch import json_equal

__all__ = ["run"]

LIBRARY = ROOT / "policies" / "library"
PORTABLE = sorted(
    folder.parent.name
    for folder in LIBRARY.glob("*/policy.yaml")
    if not re.search(r"\bgraph\.\w+\(", folder.read_text(encoding="utf-8"))
)
ADMISSION = "/apis/admissionregistration.k8s.io/v1/"
PATHS = {
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
    "MutatingAdmissionPolicy": "mutatingadmissionpolicies",
    "MutatingAdmissionPolicyBinding": "mutatingadmissionpolicybindings",
}
LABEL = {"graphgate.io/policy": "true"}
SELDON = "/apis/machinelearning.seldon.io/v1/namespaces/{}/seldondeployments"
NATIVE, WEBHOOK = "of-the-api-server", "of-graphgate"
OURS_ONLY = sorted({folder.parent.name for folder in LIBRARY.glob("*/policy.yaml")} - {*PORTABLE})


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


def read(folder: Path) -> tuple[PolicySet, TestSuite]:
    """Return the policies and the cases of a folder."""
    text = (folder / "policy.yaml").read_text(encoding="utf-8")
    policies = load_policy_set(objects_from_file("policy.yaml", yamldoc.read(text)))
    assert policies.problems == ()
    tests = (folder / "tests.yaml").read_text(encoding="utf-8")
    (source,) = objects_from_file("tests.yaml", yamldoc.read(tests))
    suite = read_test_suite(source)
    assert isinstance(suite, TestSuite), suite
    return policies, suite


class PolicyRequest(NamedTuple):
    """A case of the library, with a name and a namespace of its own.

    denied   the rules that the suite expects to deny it
    mutated  the labels that it should have afterwards; None: the policy mutates nothing
    """

    policy: str
    title: str
    new: dict[str, Any]
    old: dict[str, Any] | None
    denied: tuple[str, ...]
    mutated: Any

    @property
    def name(self) -> str:
        name: str = self.new["metadata"]["name"]
        return name

    @property
    def path(self) -> str:
        return SELDON.format(self.new["metadata"]["namespace"])


def cases() -> Iterator[PolicyRequest]:
    for policy in (*PORTABLE, *OURS_ONLY):
        _, suite = read(LIBRARY / policy)
        for number, case in enumerate(suite.cases):
            if case.request.subresource:
                continue  # tests/apiserver/test_scale.py sends those

            def own(value: Any, policy: str = policy, number: int = number) -> Any:
                metadata = value["metadata"]
                place = f"{policy}-{metadata['namespace']}"
                name = f"{policy}-{number}"
                return {**value, "metadata": {**metadata, "name": name, "namespace": place}}

            old = case.request.old_object
            yield PolicyRequest(
                policy,
                f"{policy}: {case.name}",
                own(case.request.object),
                None if old is None else own(old),
                tuple(sorted({expected.rule_id for expected in case.expected_findings})),
                None
                if case.expected_object is None
                else case.expected_object["metadata"].get("labels"),
            )


CASES = tuple(cases())


def namespaces() -> dict[str, dict[str, Any]]:
    """Return labels and annotations of every namespace of the cases."""
    known: dict[str, dict[str, Any]] = {}
    for policy in (*PORTABLE, *OURS_ONLY):
        _, suite = read(LIBRARY / policy)
        for case in suite.cases:
            facts = case.facts.namespaces.get(case.request.namespace)
            known[f"{policy}-{case.request.namespace}"] = {
                "labels": dict(facts.labels) if facts else {},
                "annotations": dict(facts.annotations) if facts else {},
            }
    return known


def of_cases(policy: str) -> list[dict[str, Any]]:
    """Return the objects of a policy, labelled, its bindings for its own cases only."""
    made = objects(LIBRARY / policy)
    for value in made:
        value["metadata"]["labels"] = LABEL
        if value["kind"].endswith("Binding"):
            rule = {
                "apiGroups": ["machinelearning.seldon.io"],
                "apiVersions": ["*"],
                "operations": ["*"],
                "resources": ["seldondeployments"],
                "resourceNames": [case.name for case in CASES if case.policy == policy],
            }
            value["spec"].setdefault("matchResources", {})["resourceRules"] = [rule]
    return made


class PolicyAnswer(NamedTuple):
    """What somebody said to a case: the status code, the message, the labels afterwards."""

    status: int
    message: str
    labels: Any

    @property
    def rules(self) -> tuple[str, ...]:
        """The policies that graphgate's message names."""
        return tuple(sorted(set(re.findall(r"\[(policy/[^\]]+)\]", self.message))))


class Parity:
    """The three that are asked."""

    def __init__(self, transport: Transport, run: Any, folder: Path) -> None:
        self._transport = transport
        self._run = run
        self.folder = folder

    def send(self, case: PolicyRequest, user: str) -> PolicyAnswer:
        """Send a case as a dry run."""
        method, path, value = "POST", case.path, case.new
        if case.old is not None:
            method, path = "PUT", f"{path}/{case.name}"
            there = self._transport.request("GET", path).json()
            version = there["metadata"]["resourceVersion"]
            value = {**value, "metadata": {**value["metadata"], "resourceVersion": version}}
        response = self._transport.request(
            method,
            path,
            query={"dryRun": "All"},
            body=json.dumps(value).encode(),
            headers={"Impersonate-User": user, "Impersonate-Group": "system:masters"},
        )
        body = response.json()
        labels = (body.get("metadata") or {}).get("labels")
        return PolicyAnswer(response.status, body.get("message", ""), labels)

    def flags(self) -> tuple[str, ...]:
        folder = self.folder
        files = {"settings": "settings.yaml", "facts": "facts.yaml", "policies": "policies.yaml"}
        return tuple(f"--{flag}={folder / file}" for flag, file in files.items())

    def check(self, new: list[PolicyRequest]) -> dict[str, tuple[tuple[str, str], ...]]:
        """Return what `graphgate check` denies new objects for, by name: rules and facts."""
        text = yaml.safe_dump_all([case.new for case in new])
        ran = self._run("check", "-o", "json", *self.flags(), "-", stdin=text)
        results = json.loads(ran.out)["results"]
        return {
            result["object"]["name"]: tuple(
                (finding["ruleId"], finding["message"])
                for finding in result["findings"]
                if finding["action"] == "deny"
            )
            for result in results
        }

    def review(self, case: PolicyRequest) -> tuple[str, ...]:
        """Return the rules that `graphgate review` denies an update for."""
        kind = {"group": "machinelearning.seldon.io", "version": "v1"}
        request = {
            "uid": "u-1",
            "operation": "UPDATE",
            "kind": {**kind, "kind": "SeldonDeployment"},
            "resource": {**kind, "resource": "seldondeployments"},
            "namespace": case.new["metadata"]["namespace"],
            "name": case.name,
            "object": case.new,
            "oldObject": case.old,
        }
        review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
        ran = self._run("review", *self.flags(), stdin=json.dumps({**review, "request": request}))
        status = json.loads(ran.out)["response"].get("status") or {}
        return PolicyAnswer(0, status.get("message", ""), None).rules


@pytest.fixture(scope="module")
def plane(binaries: dict[str, Path]) -> Iterator[ControlPlane]:
    """A control plane of its own: policies are for the whole cluster."""
    with ControlPlane.start(binaries) as control_plane:
        yield control_plane


@pytest.fixture(scope="module")
def installed(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """graphgate, serving the policies of the cluster to one of the two users."""
    folder = tmp_path_factory.mktemp("three-ways")
    settings = {
        "apiVersion": "graphgate.io/v1alpha1",
        "kind": "Settings",
        "defaults": {"scope": "off"},
        "podSecurity": {"mode": "off"},
        "ratchet": False,
        "rules": {rule.id: {"action": "off"} for rule in all_rules()},
    }
    facts = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Facts", "namespaces": namespaces()}
    policies = [value for policy in (*PORTABLE, *OURS_ONLY) for value in of_cases(policy)]
    ours = [value for policy in OURS_ONLY for value in of_cases(policy)]
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings))
    (folder / "facts.yaml").write_text(yaml.safe_dump(facts))
    (folder / "policies.yaml").write_text(yaml.safe_dump_all(policies))
    (folder / "ours.yaml").write_text(yaml.safe_dump_all(ours))
    server = Installed(plane, folder)
    try:
        server.configure(
            matchConditions=[
                {"name": "user", "expression": f"request.userInfo.username == '{WEBHOOK}'"}
            ]
        )
        prepare(plane)
        server.stop()
        server.start(
            "--watch-cluster",
            "--cluster-policies-selector",
            f"--kubeconfig={plane.kubeconfig}",
            f"--namespace={NAMESPACE}",
            f"--settings={folder / 'settings.yaml'}",
            f"--policies={folder / 'ours.yaml'}",
        )
        yield server
    finally:
        server.stop()


def prepare(plane: ControlPlane) -> None:
    """Create namespaces and old objects, then the policies."""
    for name, metadata in namespaces().items():
        body = {"metadata": {"name": name, **metadata}}
        assert plane.request("POST", "/api/v1/namespaces", body).status == 201
    for case in CASES:
        if case.old is not None:
            # The API server takes a second to learn whom the webhook is for.
            eventually(partial(is_created, plane, case), case.title)
    for policy in PORTABLE:
        for value in of_cases(policy):
            answer = plane.request("POST", address(value), value)
            assert answer.status == 201, answer.body


def is_created(plane: ControlPlane, case: PolicyRequest) -> object:
    answer = plane.request("POST", case.path, case.old)
    return answer.status in {201, 409} or answer.body


@pytest.fixture
def parity(plane: ControlPlane, installed: Installed, run: Any) -> Iterator[Parity]:
    """The three, all of them with every policy in effect."""
    client = connect(kubeconfig=str(plane.kubeconfig), context=None, environment={})
    made = Parity(client, run, installed.folder)
    count = len(PORTABLE) + len(OURS_ONLY)

    def known() -> object:
        ready = installed.ready()[1]
        return (f"[+] policies: {count} in force" in ready and "[+] cluster:" in ready) or ready

    eventually(known, "graphgate knows the policies")
    first = {
        case.policy: case
        for case in reversed(CASES)
        if case.policy in PORTABLE and (case.denied or case.mutated is not None)
    }

    def in_effect(case: PolicyRequest, user: str) -> object:
        said = made.send(case, user)
        mutated = case.mutated is not None and said.labels == case.mutated
        return mutated or said.status in {403, 422} or said

    for case, user in itertools.product(first.values(), (NATIVE, WEBHOOK)):
        eventually(partial(in_effect, case, user), f"{case.title}, {user}")
    yield made
    client.close()


def test_three_ways_say_the_same_of_every_case(parity: Parity, installed: Installed) -> None:
    """Which validations fail, and in which words."""
    native: Mapping[str, PolicyAnswer] = {
        case.name: parity.send(case, NATIVE) for case in CASES if case.policy in PORTABLE
    }
    webhook = {case.name: parity.send(case, WEBHOOK) for case in CASES}
    cli = parity.check([case for case in CASES if case.old is None])
    disagreed = []
    for case in CASES:
        message = webhook[case.name]
        if case.old is None:
            by_cli = tuple(sorted({rule for rule, _ in cli[case.name]}))
            same_words = all(fact in message.message for _, fact in cli[case.name])
        else:
            by_cli, same_words = parity.review(case), True
        verdicts = {"webhook": message.rules, "cli": by_cli, "expected": case.denied}
        rejected = {"webhook": message.status == 403, "expected": bool(case.denied)}
        if case.name in native:
            rejected["api server"] = native[case.name].status == 422
            facts = [fact for rule, fact in cli.get(case.name, ()) if rule in case.denied[:1]]
            reported = not facts or any(fact in native[case.name].message for fact in facts)
            same_words = same_words and reported
        if len({*verdicts.values()}) > 1 or len({*rejected.values()}) > 1 or not same_words:
            disagreed.append((case.title, verdicts, rejected, message, native.get(case.name)))
    assert disagreed == []
    assert len(native) >= 3 * len(PORTABLE)
    version = installed.ready()[1].partition("in force, version ")[2][:12]
    (told_version,) = {line["policySetVersion"] for line in installed.decisions()[-10:]}
    assert told_version == version


def test_mutations_are_the_same(parity: Parity) -> None:
    """The API server mutates by itself; graphgate finds nothing left to do, and alone does it."""
    cases = [case for case in CASES if case.mutated is not None]
    assert cases
    for case in cases:
        assert json_equal(parity.send(case, NATIVE).labels, case.mutated), case.title
        assert json_equal(parity.send(case, WEBHOOK).labels, case.mutated), case.title


def test_the_api_server_refuses_what_only_graphgate_can_run(plane: ControlPlane) -> None:
    for policy in OURS_ONLY:
        for value in objects(LIBRARY / policy):
            if value["kind"] in PATHS and not value["kind"].endswith("Binding"):
                answer = plane.request("POST", f"{address(value)}?dryRun=All", value)
                assert answer.status == 422
                assert "undeclared reference" in answer.body["message"]


def test_a_change_in_the_cluster_is_in_force_and_a_bad_policy_holds_up_nobody(
    plane: ControlPlane, installed: Installed, parity: Parity
) -> None:
    """An object that loses its label is out of force; one that graphgate cannot run is named."""
    case = next(case for case in CASES if case.policy == "no-privileged-containers" and case.denied)
    path = f"{address({'kind': 'ValidatingAdmissionPolicyBinding'})}/no-privileged-containers"
    binding = plane.request("GET", path).body
    unlabelled = {**binding, "metadata": {**binding["metadata"], "labels": {}}}
    assert plane.request("PUT", path, unlabelled).status == 200
    eventually(lambda: parity.send(case, WEBHOOK).rules == (), "the binding is out of force")
    # The API server's own evaluation does not look at the label.
    assert parity.send(case, NATIVE).status == 422
    bad = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "who-may", "labels": LABEL},
        "spec": {
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": ["machinelearning.seldon.io"],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["seldondeployments"],
                    }
                ]
            },
            "validations": [
                {"expression": "authorizer.group('').resource('pods').check('get').allowed()"}
            ],
        },
    }
    assert plane.request("POST", address(bad), bad).status == 201
    there = plane.request("GET", path).body
    again = {**there, "metadata": {**there["metadata"], "labels": LABEL}}
    assert plane.request("PUT", path, again).status == 200
    eventually(
        lambda: parity.send(case, WEBHOOK).rules == case.denied, "the binding is in force again"
    )

    def named() -> object:
        status, text = installed.ready()
        return (
            status == 200
            and "[!] policies: " in text
            and "cluster:ValidatingAdmissionPolicy/who-may: who-may: " in text
            and "authorizer" in text
        ) or text

    eventually(named, "the bad policy is named, and the server is ready")
    plane.request("DELETE", f"{address(bad)}/who-may")
    eventually(lambda: "[+] policies: " in installed.ready()[1], "nothing is wrong any more")
