"""Policies are followed by their label: complete or not at all."""

import time

import pytest

from tests import patience
from webhook.kube import ReflectorConfig
from webhook.kube.param_watcher import MAX_REFERENCES, ParamReference
from webhook.kube.policy_watcher import PoliciesWatcher

ADMISSION = "/apis/admissionregistration.k8s.io/v1/"
POLICIES = ADMISSION + "validatingadmissionpolicies"
MUTATING = ADMISSION + "mutatingadmissionpolicies"
BINDINGS = ADMISSION + "validatingadmissionpolicybindings"
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
    deadline = time.monotonic() + patience.SECONDS
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
    live.start()
    objects = wait_until(live, lambda objects: objects is not None)
    assert objects == {
        "cluster:ValidatingAdmissionPolicy/limit": {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": "limit", "labels": SELECTOR_LABELS, "annotations": {"a": "b"}},
            "spec": {"x": 1},
        },
    }
    assert live.objects is objects
    assert live.health() == ("ok", "1 object of the cluster")


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
    deadline = time.monotonic() + patience.SECONDS
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
    deadline = time.monotonic() + patience.SECONDS
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


OWNERS = "/api/v1/namespaces/shop/configmaps"
HUGE = {f"key-{number}": "x" for number in range(60_000)}


def bind(api, binding="limit", **param_ref):
    spec = {"policyName": "limit", "paramRef": {"parameterNotFoundAction": "Deny", **param_ref}}
    api.put(BINDINGS, binding, labels=SELECTOR_LABELS, spec=spec)


def put_config_map(api, name, namespace="shop", collection=OWNERS, data=None, **labels):
    labels = {**SELECTOR_LABELS, **labels}
    api.put(collection, name, namespace=namespace, labels=labels, data=data or {"a": "b"})


def config_maps(objects):
    return [name for name in objects or () if "ConfigMap" in name]


def asked(api):
    """Return what was asked about ConfigMaps: path and selectors of each list."""
    return {
        (r.path, r.query.get("fieldSelector", ""), r.query["labelSelector"])
        for r in api.requests
        if r.path.endswith("configmaps") and "watch" not in r.query
    }


def test_a_parameter_is_asked_for_by_the_name_that_its_binding_gives(api, live):
    bind(api, namespace="shop", name="owners")
    put_config_map(api, "owners")
    put_config_map(api, "somebody-elses")
    live.start()
    objects = wait_until(live, config_maps)
    assert config_maps(objects) == ["cluster:ConfigMap/shop/owners"]
    assert asked(api) == {(OWNERS, "metadata.name=owners", "graphgate.io/policy=true")}


def test_without_a_binding_no_config_map_is_ever_asked_for(api, live):
    put_config_map(api, "owners", collection=CONFIG_MAPS)
    live.start()
    assert wait_until(live, lambda objects: objects is not None) == {}
    assert asked(api) == set()


def test_a_name_without_a_namespace_is_asked_for_in_all(api, live):
    bind(api, name="owners")
    for namespace in ("shop", "bank"):
        put_config_map(api, "owners", namespace, CONFIG_MAPS)  # the stand-in keeps the last
    live.start()
    wait_until(live, config_maps)
    assert asked(api) == {(CONFIG_MAPS, "metadata.name=owners", "graphgate.io/policy=true")}


def test_a_selector_of_a_binding_is_asked_with_the_label_of_all(api, live):
    bind(api, namespace="shop", selector={"matchLabels": {"for": "limit"}})
    put_config_map(api, "one", **{"for": "limit"})
    put_config_map(api, "two")
    live.start()
    objects = wait_until(live, config_maps)
    assert config_maps(objects) == ["cluster:ConfigMap/shop/one"]
    assert asked(api) == {(OWNERS, "", "graphgate.io/policy=true,for=limit")}


def test_a_binding_that_comes_later_comes_with_its_parameter(api, live):
    put_config_map(api, "owners")
    live.start()
    wait_until(live, lambda objects: objects is not None)
    bind(api, namespace="shop", name="owners")

    def whole_or_not_at_all(objects):
        assert len(objects) in (0, 2)
        return len(objects) == 2

    wait_until(live, whole_or_not_at_all)
    api.remove(BINDINGS, "limit")
    assert wait_until(live, lambda objects: len(objects) == 0) == {}


def test_bindings_of_files_have_their_parameters_followed(api, live):
    put_config_map(api, "owners")
    live.follow_params([ParamReference("shop", "owners")])
    live.start()
    assert config_maps(wait_until(live, config_maps)) == ["cluster:ConfigMap/shop/owners"]


def test_a_parameter_that_may_not_be_read_holds_up_nobody(api, live):
    bind(api, namespace="shop", name="owners")
    api.set_response(OWNERS, *FORBIDDEN)
    live.start()
    objects = wait_until(live, lambda objects: objects is not None)
    assert list(objects) == ["cluster:ValidatingAdmissionPolicyBinding/limit"]
    assert live.health().state == "degraded"
    assert "ConfigMap shop/owners: watch failed: " in live.health().detail


def test_a_parameter_too_large_is_left_out_and_named(api, live, caplog):
    bind(api, namespace="shop", selector={"matchLabels": {"for": "limit"}})
    put_config_map(api, "huge", data=HUGE, **{"for": "limit"})
    put_config_map(api, "small", **{"for": "limit"})
    live.start()
    assert config_maps(wait_until(live, config_maps)) == ["cluster:ConfigMap/shop/small"]
    assert live.omitted_params == 1
    state, detail = live.health()
    assert state == "degraded"
    assert detail.startswith("cluster:ConfigMap/shop/huge left out: takes ")
    assert [r.fields["object"] for r in caplog.records if r.message == "policy_param_omitted"] == [
        "ConfigMap/shop/huge"
    ]
    api.remove(OWNERS, "huge")
    wait_until(live, lambda _: live.omitted_params == 0)
    assert live.health() == ("ok", "2 objects of the cluster")


def test_few_of_them_are_read_at_a_time(api, live):
    bind(api, namespace="shop", selector={"matchLabels": {"for": "limit"}})
    for number in range(10):
        put_config_map(api, f"c{number}", **{"for": "limit"})
    live.start()
    wait_until(live, lambda objects: len(config_maps(objects)) == 10)
    lists = [r for r in api.requests if r.path == OWNERS and "watch" not in r.query]
    assert {r.query["limit"] for r in lists} == {"4"}


def test_what_was_left_out_comes_in_when_there_is_room(api, live):
    bind(api, namespace="shop", selector={"matchLabels": {"for": "limit"}})
    for name in ("a", "b", "c"):
        put_config_map(api, name, data={"a": "x" * 900_000}, **{"for": "limit"})
    live.start()
    wait_until(live, lambda objects: len(config_maps(objects)) == 2 and live.omitted_params == 1)
    api.remove(OWNERS, "a")
    objects = wait_until(
        live, lambda objects: len(config_maps(objects)) == 2 and live.omitted_params == 0
    )
    assert config_maps(objects) == ["cluster:ConfigMap/shop/b", "cluster:ConfigMap/shop/c"]


def test_references_beyond_the_bound_are_named(api, live):
    live.follow_params(ParamReference("shop", f"c{n:03}") for n in range(MAX_REFERENCES + 2))
    live.start()
    wait_until(live, lambda objects: objects is not None)
    assert live.omitted_params == 2
    assert "2 parameters are not watched" in live.health().detail


LIMITS = "/apis/example.com/v1/namespaces/shop/limits"
WIDE = "/apis/example.com/v1/wides"
KINDS = {
    "resources": [
        {"name": "limits/status", "kind": "Limit", "namespaced": True},
        {"name": "limits", "kind": "Limit", "namespaced": True},
        {"name": "wides", "kind": "Wide", "namespaced": False},
    ]
}


def bind_with_kind(api, kind, version="example.com/v1"):
    spec = {"paramKind": {"apiVersion": version, "kind": kind}}
    api.put(POLICIES, "limit", labels=SELECTOR_LABELS, spec=spec)
    bind(api, namespace="shop", name="x")


@pytest.mark.parametrize(
    ("kind", "collection", "namespace", "label"),
    [
        ("Limit", LIMITS, "shop", "cluster:Limit/shop/x"),
        ("Wide", WIDE, "", "cluster:Wide/x"),
    ],
)
def test_parameters_of_any_kind_are_followed(api, live, kind, collection, namespace, label):
    api.set_response("/apis/example.com/v1", 200, KINDS)
    bind_with_kind(api, kind)
    api.put(collection, "x", namespace=namespace, labels=SELECTOR_LABELS, spec={"most": 1})
    live.start()
    objects = wait_until(live, lambda objects: label in (objects or ()))
    assert (objects[label]["apiVersion"], objects[label]["kind"]) == ("example.com/v1", kind)
    assert objects[label]["spec"] == {"most": 1}
    assert asked(api) == set()
    assert live.unreadable_param_kinds == {}


@pytest.mark.parametrize(
    ("kind", "version", "reason"),
    [
        ("Secret", "v1", "Secrets are not read as parameters"),
        ("Nothing", "example.com/v1", "the API server does not serve Nothing in example.com/v1"),
        ("Gone", "gone.example/v1", "the API server does not serve Gone in gone.example/v1"),
    ],
)
def test_a_kind_that_cannot_be_read_is_named_and_holds_up_nobody(api, live, kind, version, reason):
    api.set_response("/apis/example.com/v1", 200, KINDS)
    bind_with_kind(api, kind, version)
    live.start()
    wait_until(live, lambda objects: objects is not None)
    assert live.unreadable_param_kinds == {(version, kind): reason}
    assert [r for r in api.requests if "secrets" in r.path] == []


def test_objects_of_two_kinds_and_one_name_are_two(api, live):
    api.set_response("/apis/example.com/v1", 200, KINDS)
    bind_with_kind(api, "Limit")
    live.follow_params([ParamReference("shop", "x")])
    api.put(LIMITS, "x", namespace="shop", labels=SELECTOR_LABELS)
    put_config_map(api, "x")
    live.start()
    labels = {"cluster:Limit/shop/x", "cluster:ConfigMap/shop/x"}
    wait_until(live, lambda objects: labels <= set(objects or ()))


def test_a_binding_of_the_cluster_has_the_parameters_of_a_file_s_policy(api, live):
    api.set_response("/apis/example.com/v1", 200, KINDS)
    bind(api, namespace="shop", name="x")
    api.put(LIMITS, "x", namespace="shop", labels=SELECTOR_LABELS)
    kinds = {"ValidatingAdmissionPolicy": {"limit": ("example.com/v1", "Limit")}}
    live.follow_params([], kinds)
    live.start()
    wait_until(live, lambda objects: "cluster:Limit/shop/x" in (objects or ()))
