"""Pods of what graphgate admits at a level are never refused by a namespace that enforces it.

And the reverse: what graphgate refuses for the level, PodSecurity of the real API server refuses
too, in the same words. The pods are those that the controllers would make of the rendered
Deployments, created as a dry run. The facts are read from the cluster.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest

from tests.cluster.control_plane.run import ControlPlane
from tests.documents_of import minimal
from tests.soundness import bases
from tests.soundness.judging import FACTS
from webhook import defaults
from webhook.cluster import connect
from webhook.cluster.facts import gather
from webhook.decisions.decide import decide
from webhook.decisions.settings import Settings, read_settings
from webhook.graph.facts import Facts
from webhook.graph.parse import parse
from webhook.workloads.options import Engine, Options
from webhook.workloads.render import render

STANDARDS = (
    ("baseline", "latest"),
    ("baseline", "v1.33"),  # nothing about probes yet
    ("restricted", "latest"),
    ("restricted", "v1.24"),  # nothing that spares Windows yet
)
DRAWN = 600
SEED = 2026
JUDGED = "would violate PodSecurity"


def settings_of(**keys: Any) -> Settings:
    """Settings in the mode `enforce`."""
    section = {"podSecurity": {"mode": "enforce"}, **keys}
    document = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings", **section}
    return read_settings(document, allow_root_default=True)


PROFILES = {"default": settings_of(), "hardened": settings_of(profile="hardened")}
CHOICES = {
    **PROFILES,
    "image's user": settings_of(profile="hardened", defaults={"runAsUser": None}),
    "root": settings_of(defaults={"runAsUser": 0}),
    "containers": settings_of(profile="hardened", defaults={"level": "container"}),
}
OPTIONS = Options(engine=Engine("registry.example/executor:1"))


# --- documents

SERVER = {"name": "classifier", "implementation": "SKLEARN_SERVER", "modelUri": "gs://models/iris"}
EXPLAINER: dict[str, Any] = {"type": "AnchorTabular", "modelUri": "gs://models/explainer"}
OTHER = {"name": "other", "image": "registry.example/other:1"}
OPT_OUT = {"graphgate.io/pod-security-defaults": "disabled"}
UNCONFINED = {"container.apparmor.security.beta.kubernetes.io/classifier": "unconfined"}

Change = Callable[[dict[str, Any]], object]


def predictor(**fields: Any) -> Change:
    return lambda document: document["spec"]["predictors"][0].update(fields)


def _spec(document: dict[str, Any]) -> dict[str, Any]:
    """The pod's spec; a shape without one gets a pod that nobody looks at."""
    components = document["spec"]["predictors"][0].get("componentSpecs") or [{}]
    spec: dict[str, Any] = components[0].get("spec", {})
    return spec


def pod(**fields: Any) -> Change:
    return lambda document: _spec(document).update(fields)


def pod_context(**fields: Any) -> Change:
    return lambda document: _spec(document).setdefault("securityContext", {}).update(fields)


def container(**fields: Any) -> Change:
    def change(document: dict[str, Any]) -> None:
        for each in _spec(document).get("containers", ()):
            each.update(deepcopy(fields))

    return change


def container_context(**fields: Any) -> Change:
    def change(document: dict[str, Any]) -> None:
        for each in _spec(document).get("containers", ()):
            each.setdefault("securityContext", {}).update(deepcopy(fields))

    return change


def explainer_context(**fields: Any) -> Change:
    written = {"name": "explainer", "image": "registry.example/e:1", "securityContext": fields}
    return predictor(explainer={**EXPLAINER, "containerSpec": written})


def annotated_spec(document: dict[str, Any]) -> None:
    document["spec"]["annotations"] = dict(UNCONFINED)


def opted_out(document: dict[str, Any]) -> None:
    document["metadata"]["annotations"] = dict(OPT_OUT)


def apart(document: dict[str, Any]) -> None:
    document["spec"].setdefault("annotations", {})["seldon.io/engine-separate-pod"] = "true"


def init(document: dict[str, Any]) -> None:
    _spec(document)["initContainers"] = [{"name": "first", "image": "registry.example/first:1"}]


def sysctl(name: str, value: str) -> Change:
    return pod_context(sysctls=[{"name": name, "value": value}])


def volume(**source: Any) -> Change:
    return pod(volumes=[{"name": "more", **source}])


SHAPES: tuple[Change, ...] = (
    lambda document: None,
    init,
    apart,
    predictor(explainer=EXPLAINER),
    predictor(graph=SERVER),
    predictor(graph=SERVER, componentSpecs=[]),
    predictor(graph={**SERVER, "implementation": "TENSORFLOW_SERVER"}, componentSpecs=[]),
    predictor(
        graph=SERVER,
        componentSpecs=[
            {"spec": {"containers": [{"name": "other", "image": "registry.example/o:1"}]}}
        ],
    ),
)
"""Pods that an author wrote, wrote in part, or did not write."""

PLAIN_HTTP = {"path": "/live", "port": 9000}

CHANGES: tuple[Change, ...] = (
    pod_context(runAsUser=1000),
    pod_context(runAsUser=1000, runAsNonRoot=True),
    pod_context(runAsUser=0),
    pod_context(runAsNonRoot=False),
    pod_context(runAsNonRoot=True),
    pod_context(seccompProfile={"type": "RuntimeDefault"}),
    pod_context(seccompProfile={"type": "Unconfined"}),
    pod_context(seccompProfile={"type": "Localhost", "localhostProfile": "a.json"}),
    pod_context(appArmorProfile={"type": "Unconfined"}),
    pod_context(appArmorProfile={"type": "RuntimeDefault"}),
    pod_context(seLinuxOptions={"type": "container_engine_t"}),
    pod_context(seLinuxOptions={"type": "spc_t", "user": "u", "role": "r"}),
    pod_context(fsGroup=2000, supplementalGroups=[5]),
    sysctl("net.ipv4.tcp_rmem", "4096 131072 6291456"),
    sysctl("net.ipv4.tcp_slow_start_after_idle", "0"),
    sysctl("net.ipv4.ip_local_reserved_ports", "80"),
    sysctl("kernel.msgmax", "65536"),
    pod(hostNetwork=True),
    pod(hostPID=True),
    pod(hostIPC=True),
    pod(hostUsers=False),
    volume(hostPath={"path": "/"}),
    volume(nfs={"server": "files.example.com", "path": "/"}),
    volume(emptyDir={}),
    volume(),
    volume(projected={"sources": []}),
    container(livenessProbe={"httpGet": {**PLAIN_HTTP, "host": "127.0.0.1"}}),
    container(livenessProbe={"httpGet": PLAIN_HTTP}),
    container(lifecycle={"preStop": {"tcpSocket": {"port": 9000, "host": "h.example.com"}}}),
    container(ports=[{"name": "http", "containerPort": 9000, "hostPort": 9000}]),
    container_context(privileged=True),
    container_context(allowPrivilegeEscalation=True),
    container_context(allowPrivilegeEscalation=False),
    container_context(capabilities={"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}),
    container_context(capabilities={"add": ["SYS_TIME"]}),
    container_context(capabilities={"add": ["CHOWN"]}),
    container_context(capabilities={"drop": ["NET_RAW"]}),
    container_context(runAsUser=0),
    container_context(runAsUser=5, runAsNonRoot=True),
    container_context(runAsNonRoot=False),
    container_context(procMount="Default"),
    container_context(seccompProfile={"type": "RuntimeDefault"}),
    container_context(seLinuxOptions={"level": "s0:c1,c2"}),
    container_context(windowsOptions={"hostProcess": False}),
    explainer_context(),
    explainer_context(privileged=True),
    explainer_context(runAsUser=0),
    explainer_context(runAsNonRoot=False),
    predictor(annotations=UNCONFINED),
    annotated_spec,
    opted_out,
    predictor(annotations=OPT_OUT),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A document, what the operator chose, and the standard of the namespace it goes to."""

    name: str
    document: dict[str, Any]
    choice: str
    standard: tuple[str, str]

    def __str__(self) -> str:
        return f"{self.name} ({self.choice}, {':'.join(self.standard)})"


def from_files() -> Iterator[Case]:
    """Yield every document of the project that is admitted where nothing is enforced."""
    for name, document in bases.written():
        there = {**document, "metadata": {**(document.get("metadata") or {}), "namespace": "n"}}
        if not decide(there, PROFILES["default"], replace(FACTS, namespaces={})).denied:
            for choice in PROFILES:
                for standard in (("baseline", "latest"), ("restricted", "latest")):
                    yield Case(name, document, choice, standard)


def made_up() -> Iterator[Case]:
    """Yield every shape under every choice, every change by itself, and several by lot."""
    for shape in SHAPES:
        for choice in CHOICES:
            for standard in STANDARDS:
                yield _changed((shape,), choice, standard)
    for change in CHANGES:
        for choice in PROFILES:
            for standard in STANDARDS:
                yield _changed((change,), choice, standard)
    random = Random(SEED)
    for _ in range(DRAWN):
        changes = random.choice(SHAPES), *random.sample(CHANGES, random.randint(1, 3))
        yield _changed(changes, random.choice([*CHOICES]), random.choice(STANDARDS))


def _changed(changes: Sequence[Change], choice: str, standard: tuple[str, str]) -> Case:
    document = minimal()
    for change in changes:
        change(document)
    return Case(json.dumps(document["spec"]), document, choice, standard)


# --- asking


@dataclass(slots=True)
class Cluster:
    """A namespace for each standard, what graphgate knows of them, and every answer so far."""

    plane: ControlPlane
    names: dict[tuple[str, str], str]
    facts: Facts
    known: dict[str, str | None] = field(default_factory=dict)

    def refuses(self, namespace: str, pod: dict[str, Any]) -> str | None:
        """Return what PodSecurity finds in a pod, "" if nothing; None: it is invalid anyway."""
        key = json.dumps([namespace, pod], sort_keys=True)
        if key not in self.known:
            path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All&fieldValidation=Ignore"
            answer = self.plane.request("POST", path, pod)
            if answer.status in (201, 202):
                self.known[key] = ""
            else:
                _, violates, text = answer.body["message"].partition('violates PodSecurity "')
                self.known[key] = text.partition('": ')[2] if violates else None
        return self.known[key]


@pytest.fixture(scope="module")
def cluster(control_plane: ControlPlane) -> Iterator[Cluster]:
    names = {}
    for level, version in STANDARDS:
        name = f"pod-security-{level}-{version.replace('.', '-')}"
        labels = {"enforce": level, "enforce-version": version}
        control_plane.create_namespace(
            name, {f"pod-security.kubernetes.io/{key}": value for key, value in labels.items()}
        )
        names[level, version] = name
    client = connect(kubeconfig=str(control_plane.kubeconfig), context=None, environment={})
    facts = gather(client, names.values()).facts
    client.close()
    yield Cluster(
        control_plane, names, replace(facts, servers=FACTS.servers, explainer=FACTS.explainer)
    )
    for name in names.values():
        control_plane.delete_namespace(name)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What both say of one document in one namespace.

    told     what graphgate refuses for the namespace's standard, without its head
    others   whether graphgate refuses it for something else
    refused  what PodSecurity says of each pod: "": nothing; None: the pod is invalid anyway
    """

    case: Case
    told: tuple[str, ...]
    others: bool
    refused: tuple[str | None, ...]

    @property
    def comparable(self) -> bool:
        """Whether the standard alone decides, for graphgate and for the API server."""
        return not self.others and None not in self.refused


def outcome(cluster: Cluster, case: Case) -> Outcome:
    """Ask both."""
    name, settings = cluster.names[case.standard], CHOICES[case.choice]
    document = {**case.document, "metadata": {**case.document["metadata"], "namespace": name}}
    decision = decide(document, settings, cluster.facts)
    chosen = settings.defaults
    filled = defaults.apply(document, defaults.fill(document, chosen, cluster.facts).operations)
    made = render(parse(filled), replace(OPTIONS, defaults=chosen), cluster.facts)
    pods = [_pod_of(one.object) for one in made if one.kind == "Deployment"]
    facts = [finding.fact for finding in decision.denials]
    told = [fact.partition('": ')[2] for fact in facts if fact.startswith(JUDGED)]
    return Outcome(
        case,
        tuple(told),
        len(told) < len(facts) + len(decision.failures),
        tuple(cluster.refuses(name, pod) for pod in pods),
    )


def _pod_of(deployment: dict[str, Any]) -> dict[str, Any]:
    """Return the pod that the controllers would make, without what it needs other objects for."""
    template = deepcopy(deployment["spec"]["template"])
    spec = {
        key: value
        for key, value in template["spec"].items()
        if key not in {"serviceAccount", "serviceAccountName", "priorityClassName"}
    }
    metadata = {"name": "pod", "annotations": template["metadata"].get("annotations", {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def outcomes(cluster: Cluster, cases: Iterable[Case]) -> list[Outcome]:
    with ThreadPoolExecutor(3) as pool:
        return list(pool.map(lambda case: outcome(cluster, case), cases))


@pytest.fixture(scope="module")
def of_files(cluster: Cluster) -> list[Outcome]:
    """What both say of the project's documents."""
    return outcomes(cluster, from_files())


@pytest.fixture(scope="module")
def of_made_up(cluster: Cluster) -> list[Outcome]:
    """What both say of documents that were made for this."""
    return outcomes(cluster, made_up())


# --- comparing


def unsound(outcomes: list[Outcome]) -> list[str]:
    """What is admitted although PodSecurity refuses one of its pods."""
    return [
        f"{one.case}: {refused}"
        for one in outcomes
        for refused in one.refused
        if refused and not one.told and not one.others
    ]


def too_strict(outcomes: list[Outcome]) -> list[str]:
    """What is refused for the standard although PodSecurity takes every pod."""
    return [
        f"{one.case}: {one.told}"
        for one in outcomes
        if one.comparable and one.told and not any(one.refused)
    ]


def said_otherwise(outcomes: list[Outcome]) -> list[str]:
    """What one says of a pod that both refuse, and the other does not."""
    found = []
    for one in outcomes:
        if not one.comparable or not one.told:
            continue
        ours = set(filter(None, (_of_the_author(one.case, told) for told in one.told)))
        theirs = [_of_the_author(one.case, refused) for refused in one.refused if refused]
        found += [
            f"{one.case}: graphgate alone: {told}"
            for told in ours
            if not any(told in refused for refused in theirs)
        ]
        known = "|".join(map(re.escape, sorted(ours, key=len, reverse=True))) or "$"
        rests = (re.sub(known, "", refused).strip(", ") for refused in theirs)
        found += [f"{one.case}: PodSecurity alone: {rest}" for rest in rests if rest]
    return found


def _of_the_author(case: Case, words: str) -> str:
    """Return what is said, without what the API server reads into the pod before it judges it.

    Where hostNetwork is true it makes a hostPort of every port. Of an AppArmor annotation it makes
    the container's profile too, and then names both.
    """
    text = json.dumps(case.document)
    if '"hostNetwork": true' in text:
        words = re.sub(r"hostPort \([^)]*\)", "", words)
    if "container.apparmor.security.beta.kubernetes.io" in text:
        words = re.sub(r"forbidden AppArmor profiles? \([^)]*\)", "", words)
    return words


@pytest.mark.parametrize("compare", [unsound, too_strict, said_otherwise])
def test_graphgate_and_the_api_server_say_the_same_of_the_projects_documents(
    of_files: list[Outcome], compare: Callable[[list[Outcome]], list[str]]
) -> None:
    assert compare(of_files) == []


@pytest.mark.parametrize("compare", [unsound, too_strict, said_otherwise])
def test_graphgate_and_the_api_server_say_the_same_of_made_up_documents(
    of_made_up: list[Outcome], compare: Callable[[list[Outcome]], list[str]]
) -> None:
    assert compare(of_made_up) == []


@pytest.mark.parametrize("standard", STANDARDS, ids=":".join)
def test_both_verdicts_are_seen_at_every_level_and_in_every_profile(
    of_files: list[Outcome], of_made_up: list[Outcome], standard: tuple[str, str]
) -> None:
    """`restricted` takes no root, and nobody knows to be no root whose user is the image's."""
    here = [one for one in (*of_files, *of_made_up) if one.case.standard == standard]
    for choice in CHOICES:
        seen = [one for one in here if one.case.choice == choice and one.comparable]
        admitted = sum(not one.told and bool(one.refused) for one in seen)
        refused = sum(bool(one.told) and any(one.refused) for one in seen)
        rootless = choice not in {"image's user", "root"}
        assert refused > 5, choice
        assert admitted > 5 or (standard[0] == "restricted" and not rootless), choice


def test_latest_is_the_clusters_own_version(cluster: Cluster) -> None:
    """The newest rules of graphgate allow a sysctl that this API server does not know yet."""
    case = _changed(
        (sysctl("net.ipv4.tcp_slow_start_after_idle", "0"),), "default", ("baseline", "latest")
    )
    one = outcome(cluster, case)
    assert (cluster.facts.minor, len(one.told), len(one.refused)) == (36, 1, 1)
    assert one.told[0] == one.refused[0]
