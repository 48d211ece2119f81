"""The labels of the cluster's policies change while the server runs; nothing is ever half read."""

import time
from typing import Any

import pytest

from tests import patience
from tests.kube.conftest import api, transport
from webhook.kube import ReflectorConfig
from webhook.kube.health import CheckResult
from webhook.kube.policy_watcher import PoliciesWatcher
from webhook.server.cluster_policies import ClusterPolicies
from webhook.server.policy_files import ResolvedPolicySources
from webhook.server.policy_store import PolicyStore

__all__ = ["api", "transport"]

A: dict[str, Any] = {"cluster:a": {}}
B: dict[str, Any] = {"cluster:b": {}}


class FakeWatcher:
    """What a watcher shows; `objects` is None until a test says what was read."""

    omitted_params = 0
    unreadable_param_kinds: dict[tuple[str, str], str] = {}  # noqa: RUF012 — nobody changes it

    def __init__(self, selector: str) -> None:
        self.selector = selector
        self.objects: dict[str, Any] | None = None
        self.state = "new"
        self.references: Any = None

    def start(self) -> None:
        self.state = "started"

    def interrupt(self) -> None:
        self.state = "interrupted"

    def stop(self) -> None:
        self.state = "stopped"

    def follow_params(self, references: Any, _: Any) -> None:
        self.references = references

    def health(self) -> CheckResult:
        return CheckResult("ok" if self.objects is not None else "failed", self.selector)


@pytest.fixture
def opened() -> dict[str, FakeWatcher]:
    return {}


@pytest.fixture
def cluster(opened: dict[str, FakeWatcher]) -> ClusterPolicies:
    def open_watcher(selector: str) -> Any:
        opened[selector] = FakeWatcher(selector)
        return opened[selector]

    return ClusterPolicies(open_watcher)


def test_nothing_selected_is_no_cluster(cluster):
    with cluster:
        assert (cluster.selector, cluster.objects, cluster.health()) == (None, {}, None)


def test_what_is_selected_before_the_start_is_not_there_before_it_was_read(cluster, opened):
    assert cluster.select("a")
    assert opened["a"].state == "new"
    with cluster:
        assert (opened["a"].state, cluster.objects) == ("started", None)
        opened["a"].objects = A
        assert cluster.objects == A
    assert opened["a"].state == "stopped"


def test_other_labels_count_when_they_were_read_and_those_of_before_until_then(cluster, opened):
    cluster.select("a")
    with cluster:
        opened["a"].objects = A
        assert cluster.select("b")
        assert not cluster.select("b")
        assert (cluster.selector, cluster.objects, opened["b"].state) == ("b", A, "started")
        assert cluster.health() == (
            "degraded",
            "objects with the labels b not read yet: b; those with a stay in use",
        )
        opened["b"].objects = B
        assert (cluster.objects, opened["a"].state) == (B, "interrupted")
        assert cluster.health() == ("ok", "b")


def test_labels_in_the_place_of_none_and_none_again(cluster, opened):
    with cluster:
        cluster.select("a")
        assert cluster.objects == {}
        opened["a"].objects = A
        assert cluster.objects == A
        cluster.select(None)
        assert (cluster.objects, opened["a"].state) == ({}, "interrupted")


def test_whoever_thinks_better_of_it_keeps_what_is_there(cluster, opened):
    cluster.select("a")
    with cluster:
        opened["a"].objects = A
        first = opened["a"]
        cluster.select("b")
        cluster.select("a")
        assert (cluster.objects, opened["b"].state) == (A, "interrupted")
        assert opened["a"] is first


def test_both_follow_the_parameters_of_files_while_one_replaces_the_other(cluster, opened):
    cluster.select("a")
    with cluster:
        cluster.select("b")
        cluster.follow_params(["x"], {})
        assert opened["a"].references == opened["b"].references == ("x",)


def test_a_running_server_changes_to_other_labels_with_a_real_client(api, transport):
    """From one set of policies to another, without a moment in which there is none."""
    collection = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
    for team in ("ml", "risk"):
        rule = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}
        spec = {
            "matchConstraints": {"resourceRules": [rule]},
            "validations": [{"expression": "true"}],
        }
        api.put(collection, f"of-{team}", labels={"team": team}, spec=spec)
    selectors: list[str | None] = ["team=ml"]
    quick = ReflectorConfig(watch_timeout=1, backoff_base=0.01, max_backoff=0.02)

    def open_watcher(selector: str) -> PoliciesWatcher:
        return PoliciesWatcher(
            transport,
            selector,
            exceptions_namespace="graphgate-system",
            reflector_config=quick,
            jitter=lambda: 0.5,
        )

    cluster = ClusterPolicies(open_watcher)
    store = PolicyStore(lambda: ResolvedPolicySources((), selectors[-1]), cluster)

    def in_force() -> list[str]:
        store.reload_if_changed()
        return [policy.name for policy in store.policies.policies] if store.policies else []

    def wait_for(names: list[str], allowed: list[list[str]]) -> None:
        deadline = time.monotonic() + patience.SECONDS
        while (seen := in_force()) != names:
            assert seen in allowed, seen
            assert time.monotonic() < deadline, seen
            time.sleep(0.01)

    with cluster:
        wait_for(["of-ml"], [[]])
        selectors.append("team=risk")
        wait_for(["of-risk"], [["of-ml"]])
        selectors.append(None)
        wait_for([], [["of-risk"]])
