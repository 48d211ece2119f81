"""Policies are followed by their label: complete or not at all."""

import time

import pytest

from webhook.kube import ReflectorConfig
from webhook.kube.policy_watcher import PoliciesWatcher

ADMISSION = "/apis/admissionregistration.k8s.io/v1/"
POLICIES = ADMISSION + "validatingadmissionpolicies"
MUTATING = ADMISSION + "mutatingadmissionpolicies"
CONFIG_MAPS = "/api/v1/configmaps"
EXCEPTIONS = "/apis/graphgate.io/v1alpha1/namespaces/graphgate-system/policyexceptions"
QUICK = ReflectorConfig(watch_timeout=1, read_timeout=10.0, backoff_base=0.01, max_backoff=0.02)
SELECTOR_LABELS = {"graphgate.io/policy": "true"}
NOT_FOUND = (404, {"kind": "Status", "code": 404, "reason": "NotFound", "message": "no such kind"})
FORBIDDEN = (403, {"kind": "Status", "code": 403, "reason": "Forbidden", "message": "not you"})


@pytest.fixture
def live(transport):
    made = PoliciesWatcher(
        transport,
        "graphgate.io/policy=true",
        exceptions_namespace="graphgate-system",
        reflector_config=QUICK,
        jitter=lambda: 0.5,
    )
    yield made
    made.stop()


def wait_until(live, condition):
    """Wait until something holds of the objects; return them."""
    deadline = time.monotonic() + 20.0
    while not condition(live.objects):
        assert time.monotonic() < deadline, (live.objects, live.health())
        time.sleep(0.01)
    return live.objects


def test_labelled_objects_are_kept_without_what_the_server_wrote(api, live):
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "a": "b"}
    api.put(
        POLICIES,
        "limit",
        labels=SELECTOR_LABELS,
        annotations=annotations,
        spec={"x": 1},
        status={"y": 2},
    )
    api.put(POLICIES, "somebody-elses", spec={})
    api.put(CONFIG_MAPS, "owners", namespace="shop", labels=SELECTOR_LABELS, data={"a": "b"})
    live.start()
    objects = wait_until(live, lambda objects: objects is not None)
    assert objects == {
        "cluster:ValidatingAdmissionPolicy/limit": {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": "limit", "labels": SELECTOR_LABELS, "annotations": {"a": "b"}},
            "spec": {"x": 1},
        },
        "cluster:ConfigMap/shop/owners": {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "owners", "namespace": "shop", "labels": SELECTOR_LABELS},
            "data": {"a": "b"},
        },
    }
    assert live.objects is objects
    assert live.health() == ("ok", "2 objects of the cluster")


def test_changes_are_followed_and_a_label_taken_away_is_a_removal(api, live):
    api.put(POLICIES, "limit", labels=SELECTOR_LABELS, spec={"x": 1})
    live.start()
    wait_until(live, lambda objects: objects and len(objects) == 1)
    api.put(EXCEPTIONS, "legacy", namespace="graphgate-system", labels=SELECTOR_LABELS, spec={})
    named = "cluster:PolicyException/graphgate-system/legacy"
    wait_until(live, lambda objects: named in objects)
    api.remove(EXCEPTIONS, "legacy")
    assert list(wait_until(live, lambda objects: len(objects) == 1)) == [
        "cluster:ValidatingAdmissionPolicy/limit"
    ]


def test_a_kind_that_is_not_served_counts_as_empty(api, live):
    api.set_response(MUTATING, *NOT_FOUND)
    api.set_response(EXCEPTIONS, *NOT_FOUND)
    live.start()
    assert wait_until(live, lambda objects: objects is not None) == {}
    assert live.health() == ("ok", "0 objects of the cluster")


def test_a_kind_that_may_not_be_read_leaves_nothing_known(api, live):
    api.set_response(POLICIES, *FORBIDDEN)
    live.start()
    deadline = time.monotonic() + 20.0
    while "not you" not in live.health().detail:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert live.health().state == "failed"
    assert "ValidatingAdmissionPolicy not read yet: the API server at" in live.health().detail
    assert live.objects is None


def test_what_was_known_stays_known_while_the_server_is_away(api, live):
    api.set_response(EXCEPTIONS, *NOT_FOUND)
    api.put(POLICIES, "limit", labels=SELECTOR_LABELS, spec={})
    live.start()
    before = wait_until(live, lambda objects: objects is not None)
    for path in (EXCEPTIONS, POLICIES):
        api.set_response(path, 500, {"kind": "Status", "code": 500, "message": "etcd is on fire"})
    deadline = time.monotonic() + 20.0
    while live.health().state != "degraded":
        assert time.monotonic() < deadline, live.health()
        time.sleep(0.01)
    assert live.objects == before


def test_exceptions_are_asked_for_in_one_namespace_only(api, live):
    live.start()
    wait_until(live, lambda objects: objects is not None)
    requests = {r.path for r in api.requests if r.path.endswith("policyexceptions")}
    assert requests == {EXCEPTIONS}
    assert {r.query["labelSelector"] for r in api.requests} == {"graphgate.io/policy=true"}
