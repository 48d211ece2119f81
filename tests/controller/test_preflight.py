"""Never two operators on one object."""

import pytest

from tests.controller.fakes import FakeCluster
from webhook.controller.config import ControllerConfig
from webhook.controller.controller import facts_changed
from webhook.controller.preflight import (
    ensure_no_seldon_operator,
    find_served_kinds,
    is_managed_elsewhere,
)
from webhook.errors import SettingsError
from webhook.graph.cluster_facts import Facts, Namespace
from webhook.kube import ApiStatusError
from webhook.kube.facts import SELDON_LEASE

QUERY = f"leases?fieldSelector=metadata.name={SELDON_LEASE}"
RENEWED = 1_767_225_600.0  # 2026-01-01T00:00:00Z


def lease(holder="seldon-controller-manager-0"):
    spec = {"holderIdentity": holder, "renewTime": "2026-01-01T00:00:00.000000Z"}
    metadata = {"name": SELDON_LEASE, "namespace": "seldon-system"}
    return {"metadata": {}, "items": [{"metadata": metadata, "spec": spec}]}


def check_operator(cluster, after=10.0, namespaces=(), *, again=False):
    ensure_no_seldon_operator(cluster, namespaces, quiet=again, now=lambda: RENEWED + after)


def everywhere(found):
    cluster = FakeCluster()
    cluster.objects[f"/apis/coordination.k8s.io/v1/{QUERY}"] = found
    return cluster


def test_a_running_seldon_operator_is_named_with_the_way_out():
    with pytest.raises(SettingsError) as error:
        check_operator(everywhere(lease()))
    assert str(error.value) == (
        "Seldon Core's operator is running (it holds the Lease seldon-system/"
        "a33bd623.machinelearning.seldon.io), so both would reconcile the objects without the "
        "label seldon.io/controller-id; set --controller-id for this one, and the label on its "
        "objects"
    )


@pytest.mark.parametrize(
    ("found", "after"),
    [(lease(), 60.0), (lease(holder=""), 1.0), ({"metadata": {}, "items": []}, 1.0)],
    ids=["dead", "given back", "none"],
)
def test_one_that_does_not_run_hinders_nobody(found, after):
    check_operator(everywhere(found), after)


def test_who_may_not_look_everywhere_looks_where_seldon_s_chart_installs_it():
    cluster = FakeCluster()
    cluster.answers["GET", "/v1/leases"] = (403, "forbidden")
    path = f"/apis/coordination.k8s.io/v1/namespaces/seldon-system/{QUERY}"
    cluster.objects[path] = lease()
    with pytest.raises(SettingsError):
        check_operator(cluster, namespaces=("team-a",))


def test_who_may_look_nowhere_goes_on_and_says_so_once(caplog):
    cluster = FakeCluster()
    cluster.answers["GET", "leases"] = (403, "forbidden")
    check_operator(cluster)
    results = ["seldon_operator_unknown"] * 2
    assert caplog.messages == results  # of the cluster, and of the namespace of Seldon's chart
    check_operator(cluster, again=True)
    assert caplog.messages == results


def test_a_labelled_namespace_belongs_to_its_operator_unless_the_object_says_more():
    labelled = Facts(namespaces={"a": Namespace({"seldon.io/controller-id": "a"})})
    assert is_managed_elsewhere(labelled, "a", "")
    assert not is_managed_elsewhere(labelled, "a", "graphgate")
    assert not is_managed_elsewhere(labelled, "b", "")
    assert not is_managed_elsewhere(Facts(), "a", "")


@pytest.mark.parametrize(
    ("config", "labels"),
    [
        (ControllerConfig(), "!seldon.io/controller-id"),
        (ControllerConfig(controller_id="g"), "seldon.io/controller-id=g"),
        (ControllerConfig(controller_id="g", selector="a=b,c"), "seldon.io/controller-id=g,a=b,c"),
    ],
)
def test_only_objects_of_ours_are_ever_asked_for(config, labels):
    assert config.label_selector == labels


def test_facts_differ_for_the_objects_that_they_are_about():
    team = Facts(namespaces={"a": Namespace({"team": "a"})})
    assert [facts_changed(Facts(), team, name) for name in ("a", "b")] == [True, False]
    assert facts_changed(Facts(), Facts(model_servers={}), "a")
    assert facts_changed(Facts(), Facts(openshift=True), "a")
    assert not facts_changed(team, Facts(namespaces=dict(team.namespaces)), "a")


def test_the_kinds_that_the_cluster_has_are_those_that_its_discovery_lists():
    cluster = FakeCluster()
    versions = {"ScaledObject": "keda.sh/v1alpha1", "ScaledJob": "keda.sh/v1alpha1", "B": "b/v1"}
    assert find_served_kinds(cluster, versions) == frozenset()
    resources = [{"kind": "ScaledObject"}, {"kind": "ScaledObject", "name": "x/status"}]
    cluster.objects["/apis/keda.sh/v1alpha1"] = {"metadata": {}, "resources": resources}
    assert find_served_kinds(cluster, versions) == {"ScaledObject"}
    cluster.answers["GET", "keda.sh/v1alpha1"] = (503, "no answer")
    with pytest.raises(ApiStatusError):
        find_served_kinds(cluster, versions)
