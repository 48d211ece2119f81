"""Pods of what graphgate admits at a level are never refused by a namespace that enforces it.

And the reverse: what graphgate refuses for the level, PodSecurity of the real API server refuses
too, in the same words. The pods are those that the controllers would make of the rendered
Deployments, created as a dry run. The facts are read from the cluster.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.engine.pods_of_all_kinds import (
    CHOICES,
    STANDARDS,
    Case,
    changed_case,
    example_cases,
    generated_cases,
    sysctl,
)
from tests.soundness.judging import FACTS
from tools.control_plane.run import ControlPlane
from webhook import defaulting
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import Facts
from webhook.graph.parse import parse
from webhook.kube import connect
from webhook.kube.facts import collect_facts
from webhook.rendering.options import OrchestratorOptions, RenderOptions
from webhook.rendering.render import render

VIOLATION_TEXT = "would violate PodSecurity"
OPTIONS = RenderOptions(orchestrator=OrchestratorOptions("registry.example/executor:1"))


# --- asking


@dataclass(slots=True)
class Cluster:
    """A namespace for each standard, what graphgate knows of them, and every answer so far."""

    plane: ControlPlane
    names: dict[tuple[str, str], str]
    facts: Facts
    known: dict[str, str | None] = field(default_factory=dict)

    def find_violations(self, namespace: str, pod: dict[str, Any]) -> str | None:
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
    facts = collect_facts(client, names.values()).facts
    client.close()
    yield Cluster(
        control_plane,
        names,
        replace(facts, model_servers=FACTS.model_servers, explainer_images=FACTS.explainer_images),
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
    messages: tuple[str, ...]
    others: bool
    rejections: tuple[str | None, ...]

    @property
    def comparable(self) -> bool:
        """Whether the standard alone decides, for graphgate and for the API server."""
        return not self.others and None not in self.rejections


def evaluate_both(cluster: Cluster, case: Case) -> Outcome:
    """Ask both."""
    name, settings = cluster.names[case.standard], CHOICES[case.choice]
    document = {**case.document, "metadata": {**case.document["metadata"], "namespace": name}}
    decision = evaluate(document, settings, cluster.facts, operator=OPTIONS.operator)
    chosen = settings.defaults
    defaulted = defaulting.apply_add_operations(
        document, defaulting.default_object(document, chosen, cluster.facts).operations
    )
    made = render(parse(defaulted), replace(OPTIONS, defaults=chosen), cluster.facts)
    pods = [_pod_of(one.object) for one in made if one.kind == "Deployment"]
    facts = [finding.message for finding in decision.denials]
    messages = [fact.partition('": ')[2] for fact in facts if fact.startswith(VIOLATION_TEXT)]
    return Outcome(
        case,
        tuple(messages),
        len(messages) < len(facts) + len(decision.rule_errors),
        tuple(cluster.find_violations(name, pod) for pod in pods),
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
        return list(pool.map(lambda case: evaluate_both(cluster, case), cases))


@pytest.fixture(scope="module")
def of_files(cluster: Cluster) -> list[Outcome]:
    """What both say of the project's documents."""
    return outcomes(cluster, example_cases())


@pytest.fixture(scope="module")
def of_made_up(cluster: Cluster) -> list[Outcome]:
    """What both say of documents that were made for this."""
    return outcomes(cluster, generated_cases())


# --- comparing


def unsound_outcomes(outcomes: list[Outcome]) -> list[str]:
    """What is admitted although PodSecurity refuses one of its pods."""
    return [
        f"{one.case}: {refused}"
        for one in outcomes
        for refused in one.rejections
        if refused and not one.messages and not one.others
    ]


def too_strict_outcomes(outcomes: list[Outcome]) -> list[str]:
    """What is refused for the standard although PodSecurity takes every pod."""
    return [
        f"{one.case}: {one.messages}"
        for one in outcomes
        if one.comparable and one.messages and not any(one.rejections)
    ]


def differing_messages(outcomes: list[Outcome]) -> list[str]:
    """What one says of a pod that both refuse, and the other does not."""
    found = []
    for one in outcomes:
        if not one.comparable or not one.messages:
            continue
        ours = set(filter(None, (_authored_part(one.case, told) for told in one.messages)))
        theirs = [_authored_part(one.case, refused) for refused in one.rejections if refused]
        found += [
            f"{one.case}: graphgate alone: {told}"
            for told in ours
            if not any(told in refused for refused in theirs)
        ]
        known = "|".join(map(re.escape, sorted(ours, key=len, reverse=True))) or "$"
        rests = (re.sub(known, "", refused).strip(", ") for refused in theirs)
        found += [f"{one.case}: PodSecurity alone: {rest}" for rest in rests if rest]
    return found


def _authored_part(case: Case, words: str) -> str:
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


@pytest.mark.parametrize("compare", [unsound_outcomes, too_strict_outcomes, differing_messages])
def test_graphgate_and_the_api_server_say_the_same_of_the_projects_documents(
    of_files: list[Outcome], compare: Callable[[list[Outcome]], list[str]]
) -> None:
    assert compare(of_files) == []


@pytest.mark.parametrize("compare", [unsound_outcomes, too_strict_outcomes, differing_messages])
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
        admitted = sum(not one.messages and bool(one.rejections) for one in seen)
        rejected = sum(bool(one.messages) and any(one.rejections) for one in seen)
        rootless = choice not in {"image's user", "root"}
        assert rejected > 5, choice
        assert admitted > 5 or (standard[0] == "restricted" and not rootless), choice


def test_latest_is_the_clusters_own_version(cluster: Cluster) -> None:
    """The newest rules of graphgate allow a sysctl that only Kubernetes 1.37 knows."""
    case = changed_case(
        (sysctl("net.ipv4.tcp_slow_start_after_idle", "0"),), "default", ("baseline", "latest")
    )
    one = evaluate_both(cluster, case)
    minor = cluster.plane.minor
    assert (cluster.facts.kubernetes_minor, len(one.messages)) == (minor, minor < 37)
    assert list(one.messages) == [rejection for rejection in one.rejections if rejection]
