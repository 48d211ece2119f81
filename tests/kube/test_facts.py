"""What becomes a fact, asked once and followed."""

import json
import threading
from datetime import UTC, datetime

import pytest
import yaml

from tests.kube.scripted import ScriptedTransport, error_response, list_response, make_object
from tests.seeds import ROOT
from webhook.errors import KubeApiUnavailableError
from webhook.graph.cluster_facts import NO_FACTS, Facts, Namespace
from webhook.kube import ReflectorConfig, Response
from webhook.kube.facts import (
    ClusterFacts,
    ConfigMapRef,
    CrdShape,
    SeldonConfig,
    collect_facts,
    fetch_mirrors_percent,
    fetch_operator,
    parse_crd_shape,
    parse_minor_version,
    parse_namespace,
    parse_seldon_config,
)
from webhook.kube.facts_watcher import FactsWatcher

SERVERS = {"SKLEARN_SERVER": {"protocols": {"v2": {"image": "mlserver", "x": 1}}}}
CONFIG = {"data": {"predictor_servers": json.dumps(SERVERS)}}
FULL = {"data": CONFIG["data"] | {"storageInitializer": '{"image": "rclone:1"}'}}


def test_a_namespace_keeps_its_labels_and_what_annotations_decide():
    raw = make_object("a", 1)
    raw["metadata"] |= {
        "labels": {"team": "a"},
        "annotations": {
            "openshift.io/sa.scc.uid-range": "1000640000/10000",
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
            "example.com/archive": "x" * 4097,
        },
        "managedFields": [{}],
    }
    assert parse_namespace(raw) == Namespace(
        labels={"team": "a"}, annotations={"openshift.io/sa.scc.uid-range": "1000640000/10000"}
    )


NO_SERVERS = "predictor_servers is missing"


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (CONFIG["data"], SeldonConfig(SERVERS, {}, {})),
        ({}, SeldonConfig(None, {}, {}, (NO_SERVERS,))),
        (None, SeldonConfig(None, {}, {}, (NO_SERVERS,))),
        (
            {"predictor_servers": "[1]"},
            SeldonConfig(None, {}, {}, ("predictor_servers is not a mapping",)),
        ),
        (
            CONFIG["data"] | {"explainer": '{"image": "alibi:1", "image_v2": "", "other": 1}'},
            SeldonConfig(SERVERS, {"image": "alibi:1"}, {}),
        ),
        (
            CONFIG["data"] | {"explainer": "null", "storageInitializer": "1"},
            SeldonConfig(
                SERVERS,
                None,
                {},
                ("explainer is not a mapping", "storageInitializer is not a mapping"),
            ),
        ),
        (
            CONFIG["data"]
            | {
                "storageInitializer": json.dumps(
                    {"image": "rclone:1", "cpuLimit": "2", "cpuRequest": 1, "memoryLimit": "1 GB"}
                )
            },
            SeldonConfig(
                SERVERS,
                {},
                {"image": "rclone:1", "cpuLimit": "2"},
                (
                    "storageInitializer.cpuRequest is not a string",
                    "storageInitializer.memoryLimit is not a quantity: 1 GB",
                ),
            ),
        ),
    ],
)
def test_what_runs_is_read_from_json_in_a_config_map(data, read):
    assert parse_seldon_config({"data": data}) == read


@pytest.mark.parametrize("key", ["predictor_servers", "explainer"])
def test_an_entry_in_bad_json_is_not_known_and_it_is_reported_why(key):
    configured = parse_seldon_config({"data": CONFIG["data"] | {key: "{"}})
    known = {"predictor_servers": configured.model_servers, "explainer": configured.explainer}
    assert known[key] is None
    (fault,) = configured.problems
    assert fault.startswith(f"{key} is not JSON: ")


@pytest.mark.parametrize(
    ("minor", "read"), [("36", 36), ("36+", 36), ("", None), (None, None), ("x", None)]
)
def test_the_minor_version_is_read_without_a_cloud_s_suffix(minor, read):
    assert parse_minor_version({"minor": minor}) == read


KEEP = {"x-kubernetes-preserve-unknown-fields": True}


def node(levels, last=None):
    """The schema of a node with so many levels; `last` is the schema of the deepest children."""
    properties = {"name": {"type": "string"}}
    if levels > 1:
        properties["children"] = {"type": "array", "items": node(levels - 1, last)}
    elif last is not None:
        properties["children"] = last
    return {"type": "object", "properties": properties}


def definition(graph, *, name="v1", served=True, **spec):
    predictor = {"type": "object", "properties": {"graph": graph}}
    predictors = {"type": "array", "items": predictor}
    inside = {"type": "object", "properties": {"predictors": predictors}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": inside}}}
    version = {"name": name, "served": served, "schema": schema}
    return {"spec": {"versions": [version], **spec}}


@pytest.mark.parametrize(
    ("raw", "depth"),
    [
        (definition(node(1)), 1),
        (definition(node(11)), 11),
        (definition(node(2, {"type": "array", "items": {"type": "object"}})), 2),
        (definition(node(2, {"type": "array", "items": {"type": "object", **KEEP}})), None),
        (definition(node(2, KEEP)), None),
        (definition({"type": "object", **KEEP}), None),
        (definition({**node(1), **KEEP}), None),
        (definition({**node(3), **KEEP}), 3),
        (definition(node(3), preserveUnknownFields=True), None),
        (definition(node(3), name="v1alpha2"), None),
        (definition(node(3), served=False), None),
        ({}, None),
        ({"spec": {"versions": [{"name": "v1", "served": True}]}}, None),
    ],
)
def test_a_definition_keeps_as_many_levels_as_its_schema_names(raw, depth):
    assert parse_crd_shape(raw) == CrdShape(depth)


def test_graphgate_s_own_definition_keeps_any_depth():
    raw = yaml.safe_load((ROOT / "manifests" / "crd" / "seldondeployments.yaml").read_text())
    assert parse_crd_shape(raw) == CrdShape(None)


@pytest.mark.parametrize(
    ("labels", "version"),
    [
        ({"app.kubernetes.io/version": "1.18.2"}, "1.18.2"),
        ({"app.kubernetes.io/version": "v0.5"}, None),  # Seldon's kustomization, whatever it is
        ({"app.kubernetes.io/version": 1.18}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_version_of_seldon_s_operator_is_that_of_the_chart_that_made_its_config(
    labels, version
):
    raw = {**CONFIG, "metadata": {"labels": labels}}
    assert parse_seldon_config(raw).version == version
    rest = NOT_FOUND, list_response(make_object("a", 1)), *[NOT_FOUND] * 4
    assert collect_facts(ScriptedTransport(answer(raw), *rest)).facts.operator_version == version


def answer(obj):
    return Response(200, json.dumps(obj).encode())


VERSION = answer({"minor": "36"})
NOT_FOUND = error_response(404, "NotFound")


def test_everything_is_asked_for_once():
    transport = ScriptedTransport(
        answer(CONFIG),
        answer(definition(node(11))),
        list_response(make_object("a", 1), rest="more"),
        list_response(make_object("b", 2)),
        answer({"kind": "APIResourceList"}),
        VERSION,
        NOT_FOUND,
        gateway_schema("backendRef", "percent"),
    )
    assert collect_facts(transport) == ClusterFacts(
        Facts(
            namespaces={"a": Namespace(), "b": Namespace()},
            model_servers=SERVERS,
            explainer_images={},
            openshift=True,
            kubernetes_minor=36,
            max_graph_depth=11,
            mirrors_percent=True,
        ),
        (),
    )
    assert [path for _, path, _ in transport.requests] == [
        "/api/v1/namespaces/seldon-system/configmaps/seldon-config",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
        "seldondeployments.machinelearning.seldon.io",
        "/api/v1/namespaces",
        "/api/v1/namespaces",
        "/apis/security.openshift.io/v1",
        "/version",
        "/apis/coordination.k8s.io/v1/namespaces/seldon-system/leases/"
        "a33bd623.machinelearning.seldon.io",
        "/openapi/v3/apis/gateway.networking.k8s.io/v1",
    ]


def gateway_schema(*fields):
    mirror = {"properties": dict.fromkeys(fields, "any")}
    schemas = {"io.k8s.networking.gateway.v1.HTTPRoute": {"properties": {"requestMirror": mirror}}}
    return answer({"components": {"schemas": {**schemas, "example.Other": {"percent": 1}}}})


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (gateway_schema("backendRef", "percent"), True),
        (gateway_schema("backendRef"), False),
        (answer({}), None),
        (NOT_FOUND, None),
    ],
)
def test_whether_routes_mirror_a_share_is_in_their_schema(response, expected):
    assert fetch_mirrors_percent(ScriptedTransport(response)) is expected


def lease(**spec):
    return answer({"kind": "Lease", "spec": {"holderIdentity": "seldon-0", **spec}})


@pytest.mark.parametrize(
    ("response", "operator"),
    [
        (lease(renewTime="2026-01-01T00:00:00.000000Z"), "seldon"),
        (lease(renewTime="2025-12-31T23:58:00.000000Z"), None),
        (lease(renewTime="2026-01-01T00:00:00.000000Z", holderIdentity=""), None),
        (lease(), None),
        (lease(renewTime="soon"), None),
        (NOT_FOUND, None),
    ],
)
def test_seldon_s_operator_is_at_work_while_it_renews_its_lease(response, operator):
    now = datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC).timestamp()
    assert fetch_operator(ScriptedTransport(response), now=lambda: now) == operator


def test_only_the_namespaces_that_are_named_are_asked_for():
    transport = ScriptedTransport(
        NOT_FOUND,
        NOT_FOUND,
        answer(make_object("a", 1)),
        NOT_FOUND,
        VERSION,
        NOT_FOUND,
        NOT_FOUND,
    )
    gathered = collect_facts(transport, ["a"], ConfigMapRef("here", "mine"))
    assert gathered == ClusterFacts(Facts(namespaces={"a": Namespace()}, kubernetes_minor=36), ())
    paths = [path for _, path, _ in transport.requests]
    assert (paths[0], paths[2]) == (
        "/api/v1/namespaces/here/configmaps/mine",
        "/api/v1/namespaces/a",
    )


def test_a_namespace_that_is_not_there_is_reported():
    transport = ScriptedTransport(NOT_FOUND, NOT_FOUND, NOT_FOUND)
    with pytest.raises(KubeApiUnavailableError) as error:
        collect_facts(transport, ["shpo"])
    assert str(error.value) == "namespace shpo not found in https://api.example:6443"


def test_what_this_user_may_not_read_is_a_gap():
    no = error_response(403, "Forbidden", "no")
    transport = ScriptedTransport(no, no, list_response(), no, VERSION, no, no)
    gathered = collect_facts(transport)
    assert gathered.facts == Facts(kubernetes_minor=36)
    assert [gap.split(" refused GET ")[1].split(":")[0] for gap in gathered.missing] == [
        "/api/v1/namespaces/seldon-system/configmaps/seldon-config",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
        "seldondeployments.machinelearning.seldon.io",
        "/apis/security.openshift.io/v1",
        "/apis/coordination.k8s.io/v1/namespaces/seldon-system/leases/"
        "a33bd623.machinelearning.seldon.io",
        "/openapi/v3/apis/gateway.networking.k8s.io/v1",
    ]


def test_a_config_map_that_cannot_be_read_is_a_gap():
    broken = answer({"data": {"predictor_servers": "[]"}})
    transport = ScriptedTransport(
        broken, NOT_FOUND, list_response(), NOT_FOUND, VERSION, NOT_FOUND, NOT_FOUND
    )
    gathered = collect_facts(transport)
    assert gathered == ClusterFacts(
        Facts(explainer_images={}, kubernetes_minor=36),
        (
            "incomplete facts from ConfigMap seldon-system/seldon-config: predictor_servers is "
            "not a mapping",
        ),
    )


def test_without_the_namespaces_there_are_no_facts():
    transport = ScriptedTransport(NOT_FOUND, NOT_FOUND, error_response(403, "Forbidden", "no"))
    with pytest.raises(KubeApiUnavailableError, match=r"refused GET /api/v1/namespaces: no \(403"):
        collect_facts(transport)


QUICK = ReflectorConfig(watch_timeout=1, read_timeout=10.0, backoff_base=0.01, max_backoff=0.02)
NAMESPACES = "/api/v1/namespaces"
CONFIGS = "/api/v1/namespaces/seldon-system/configmaps"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
DEFINITION = "seldondeployments.machinelearning.seldon.io"


@pytest.fixture
def live(api, transport):
    api.set_response("/version", 200, {"minor": "36"})  # first: it is asked for every five minutes
    with FactsWatcher(transport, reflector_config=QUICK) as following:
        yield following


@pytest.fixture
def eventually():
    """Ask again and again; nothing here has a moment at which it must be true."""

    def ask(condition, what):
        waiting = threading.Event()
        for _ in range(2000):
            if condition():
                return
            waiting.wait(0.01)
        raise AssertionError(f"never: {what()}")

    return ask


def fill(api):
    api.put(NAMESPACES, "a", labels={"team": "x"})
    chart = {"app.kubernetes.io/version": "1.18.2"}
    api.put(CONFIGS, "seldon-config", labels=chart, **FULL)
    api.put(CONFIGS, "another", data={"predictor_servers": "{}"})
    api.put(DEFINITIONS, DEFINITION, **definition(node(5)))
    api.set_response("/version", 200, {"minor": "36"})


def test_nothing_is_known_before_the_first_answer(transport):
    """Not started: once it is, the version may be there before the next line."""
    watcher = FactsWatcher(transport, reflector_config=QUICK)
    assert watcher.facts == NO_FACTS
    assert watcher.health() == (
        "failed",
        "namespaces not read yet: in progress; "
        "ConfigMap seldon-system/seldon-config not read yet: in progress; "
        "CustomResourceDefinition not read yet: in progress; version not read yet: in progress",
    )


def test_live_facts_follow_the_cluster(api, live, eventually):
    fill(api)
    teams = {"a": Namespace({"team": "x"})}
    known = Facts(
        teams,
        SERVERS,
        {},
        {"image": "rclone:1"},
        kubernetes_minor=36,
        max_graph_depth=5,
        operator_version="1.18.2",
    )
    eventually(lambda: live.facts == known, lambda: live.facts)
    eventually(
        lambda: live.health() == ("ok", "1 namespace, 1 server, Kubernetes 1.36"), live.health
    )
    api.put(NAMESPACES, "a", labels={"team": "y"})
    eventually(lambda: live.facts.namespaces["a"].labels == {"team": "y"}, lambda: live.facts)
    api.remove(NAMESPACES, "a")
    api.remove(CONFIGS, "seldon-config")
    eventually(
        lambda: live.facts == Facts(kubernetes_minor=36, max_graph_depth=5), lambda: live.facts
    )


def test_facts_are_one_value_until_something_changes(api, live, eventually):
    fill(api)
    eventually(lambda: live.health().state == "ok", live.health)
    assert live.facts is live.facts


def test_what_is_forbidden_and_not_needed_degrades_only(api, transport, eventually):
    fill(api)
    api.set_response(CONFIGS, 403, {"reason": "Forbidden", "message": "not for you"})
    with FactsWatcher(transport, reflector_config=QUICK) as following:
        eventually(lambda: following.health().state == "degraded", following.health)
        assert following.health().detail == (
            f"ConfigMap seldon-system/seldon-config: watch failed: the API server at {api.url} "
            f"refused GET {CONFIGS}: not for you (403 Forbidden); this user needs a role that "
            "allows "
            "it"
        )
        assert following.facts.model_servers is None


def test_without_the_namespaces_the_server_is_not_ready(api, transport, eventually):
    fill(api)
    api.set_response(NAMESPACES, 403, {"reason": "Forbidden", "message": "not for you"})
    with FactsWatcher(transport, reflector_config=QUICK) as following:
        expected = (
            "failed",
            f"namespaces not read yet: the API server at {api.url} refused GET {NAMESPACES}: not "
            "for you (403 Forbidden); this user needs a role that allows it",
        )
        eventually(lambda: following.health() == expected, following.health)


def test_a_bad_config_map_degrades_and_says_why(api, live, eventually):
    fill(api)
    api.put(CONFIGS, "seldon-config", data={})
    eventually(
        lambda: (
            live.health()
            == (
                "degraded",
                "incomplete facts from ConfigMap seldon-system/seldon-config: predictor_servers "
                "is missing",
            )
        ),
        live.health,
    )


def test_facts_stay_and_health_is_degraded_while_the_api_server_is_ill(api, live, eventually):
    fill(api)
    eventually(
        lambda: "a" in live.facts.namespaces and live.facts.operator_version == "1.18.2",
        lambda: live.facts,
    )
    eventually(lambda: live.health().state == "ok" and live.facts.max_graph_depth, live.health)
    before = live.facts
    api.inject_faults(*["broken"] * 500)
    eventually(lambda: live.health().state == "degraded", live.health)
    assert "etcd is on fire" in live.health().detail
    assert live.facts == before
