"""Rules that know more of the cluster say more."""

from copy import deepcopy

import pytest

from tests.documents_of import minimal, with_graph, with_pod
from tests.rules.graphs import Raw
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import Facts
from webhook.settings.model import read_settings

SETTINGS = read_settings()
SERVER = {"implementation": "SKLEARN_SERVER", "modelUri": "gs://models.example/iris"}


def evaluate_denials(document, **facts):
    decision = evaluate(document, SETTINGS, Facts(**facts))
    assert decision.rule_errors == ()
    denials = [("deny", f.rule_id, str(f.path), f.message) for f in decision.denials]
    return [*denials, *(("warn", f.rule_id, str(f.path), f.message) for f in decision.warnings)]


def build_chain(levels):
    """Return a document whose graph has so many levels."""
    graph: Raw = {"name": f"n{levels}"} | SERVER
    for level in range(levels - 1, 0, -1):
        graph = {"name": f"n{level}", "children": [graph]} | SERVER
    return minimal(lambda d: d["spec"].update(predictors=[{"name": "main", "graph": graph}]))


def bare(document, **fields):
    """Return the document without the image of its container, with fields of its spec."""
    del document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"][0]["image"]
    document["spec"].update(fields)
    return document


def images(*protocols):
    return {
        "protocols": {
            p: {"image": "registry.example/s", "defaultImageVersion": "1"} for p in protocols
        }
    }


def test_a_graph_as_deep_as_the_cluster_keeps_is_accepted():
    assert evaluate_denials(build_chain(3), max_graph_depth=3) == []


def test_a_graph_one_level_deeper_than_the_cluster_keeps_is_refused_where_it_is_cut():
    path = "spec.predictors[0].graph.children[0].children[0].children"
    message = "the cluster keeps 3 levels of nodes and drops these children"
    assert evaluate_denials(build_chain(4), max_graph_depth=3) == [
        ("deny", "graph-too-deep", path, message)
    ]


def test_a_server_without_an_image_for_the_protocol_is_refused():
    path = "spec.predictors[0].graph.implementation"
    message = (
        "no image of SKLEARN_SERVER is configured for protocol v2 or kfserving; "
        "there are images for seldon"
    )
    document = bare(with_graph(**SERVER), protocol="v2")
    servers = {"SKLEARN_SERVER": images("seldon")}
    assert evaluate_denials(document, model_servers=servers) == [
        ("deny", "server-lacks-protocol", path, message)
    ]


def test_v2_and_kfserving_stand_in_for_each_other():
    document = bare(with_graph(**SERVER), protocol="v2")
    assert evaluate_denials(document, model_servers={"SKLEARN_SERVER": images("kfserving")}) == []


def test_triton_has_an_image_for_v2_whatever_the_protocol_is_under_our_reconciler():
    document = bare(with_graph(**SERVER | {"implementation": "TRITON_SERVER"}))
    assert (
        evaluate_denials(
            document, operator="graphgate", model_servers={"TRITON_SERVER": images("v2")}
        )
        == []
    )


def test_an_image_of_the_container_makes_up_for_that_of_the_server():
    document = with_graph(**SERVER)
    assert evaluate_denials(document, model_servers={"SKLEARN_SERVER": images("v2")}) == []


def test_a_server_of_which_no_images_are_known_is_accepted():
    assert (
        evaluate_denials(bare(with_graph(**SERVER)), model_servers={"SKLEARN_SERVER": None}) == []
    )


def test_an_unknown_server_is_refused_although_its_container_has_an_image():
    document = with_graph(**SERVER | {"implementation": "MY_SERVER"})
    ((action, rule, path, _),) = evaluate_denials(document, model_servers={"SKLEARN_SERVER": None})
    assert (action, rule) == ("deny", "unknown-node-implementation")
    assert path == "spec.predictors[0].graph.implementation"


EXPLAINED = minimal(lambda d: d["spec"]["predictors"][0].update(explainer={"type": "AnchorText"}))


@pytest.mark.parametrize(
    ("spec", "explainer", "protocol"),
    [
        ({}, {}, "seldon"),
        ({"protocol": "tensorflow"}, {"image_v2": "mlserver:1"}, "tensorflow"),
        ({"protocol": "v2"}, {"image": "alibi:1"}, "v2"),
        ({"protocol": "kfserving"}, {"image": "alibi:1"}, "kfserving"),
    ],
)
def test_an_explainer_without_an_image_for_the_protocol_is_refused(spec, explainer, protocol):
    document = deepcopy(EXPLAINED)
    document["spec"].update(spec)
    path = "spec.predictors[0].explainer"
    message = f"image is required for the explainer: none is configured for protocol {protocol}"
    assert evaluate_denials(document, explainer_images=explainer) == [
        ("deny", "missing-image", path, message)
    ]


@pytest.mark.parametrize(
    ("protocol", "explainer"),
    [
        ("seldon", {"image": "alibi:1"}),
        ("tensorflow", {"image": "alibi:1"}),
        ("v2", {"image_v2": "mlserver:1"}),
        ("v2", None),
    ],
)
def test_an_explainer_whose_image_is_configured_or_may_be_is_accepted(protocol, explainer):
    document = deepcopy(EXPLAINED)
    document["spec"]["protocol"] = protocol
    assert evaluate_denials(document, explainer_images=explainer) == []


def test_an_explainer_with_an_image_of_its_own_needs_none_configured():
    document = deepcopy(EXPLAINED)
    container = {"name": "mine", "image": "registry.example/explainer:1"}
    document["spec"]["predictors"][0]["explainer"]["containerSpec"] = container
    assert evaluate_denials(document, explainer_images={}) == []


def with_names(name, service):
    def change(document):
        document["metadata"]["name"] = name
        document["spec"]["predictors"][0]["annotations"] = {"seldon.io/svc-name": service}

    return minimal(change)


@pytest.mark.parametrize(("minor", "action"), [(None, "warn"), (35, "deny")])
def test_services_begin_with_a_letter_before_kubernetes_1_36(minor, action):
    found = [
        entry[:3]
        for entry in evaluate_denials(with_names("1-iris", "2-iris"), kubernetes_minor=minor)
    ]
    service = 'spec.predictors[0].annotations["seldon.io/svc-name"]'
    assert found == [
        (action, "deployment-name-not-a-service-name", "metadata.name"),
        (action, "service-name-not-a-dns-label", service),
    ]


def test_services_may_begin_with_a_digit_from_kubernetes_1_36_on():
    assert evaluate_denials(with_names("1-iris", "2-iris"), kubernetes_minor=36) == []


def test_services_never_have_dots():
    ((action, rule, path, _),) = evaluate_denials(with_names("1.iris", "iris"), kubernetes_minor=36)
    assert (action, rule, path) == ("deny", "deployment-name-not-a-service-name", "metadata.name")


def with_autoscaler_at_zero(kind):
    def change(document):
        autoscaler = {"minReplicas": 0, "maxReplicas": 3, "metricsv2": [{"type": kind}]}
        document["spec"]["predictors"][0]["componentSpecs"][0]["hpaSpec"] = autoscaler

    return minimal(change)


def evaluate_actions(document, **facts):
    found = evaluate_denials(document, **facts)
    return [action for action, rule, *_ in found if rule == "autoscaler-min-above-max"]


@pytest.mark.parametrize(("minor", "expected"), [(None, ["warn"]), (36, ["deny"]), (37, [])])
def test_an_external_metric_scales_to_zero_from_kubernetes_1_37_on(minor, expected):
    assert evaluate_actions(with_autoscaler_at_zero("External"), kubernetes_minor=minor) == expected


@pytest.mark.parametrize("minor", [None, 36, 37])
def test_a_metric_of_the_pods_never_scales_to_zero(minor):
    assert evaluate_actions(with_autoscaler_at_zero("Resource"), kubernetes_minor=minor) == ["deny"]


POD = "spec.predictors[0].componentSpecs[0].spec"


def with_newer_fields():
    reference = {"volumeName": "v", "path": "p", "key": "k"}
    variable = {"name": "A", "valueFrom": {"fileKeyRef": reference}}
    projected = {"sources": [{"podCertificate": {"signerName": "a.b/c", "keyType": "ED25519"}}]}
    return with_pod(
        hostnameOverride="a",
        containers=[{"name": "classifier", "image": "registry.example/iris:1", "env": [variable]}],
        volumes=[
            {"name": "v", "emptyDir": {}},
            {"name": "model", "image": {"reference": "registry.example/model:1"}},
            {"name": "certificate", "projected": projected},
        ],
    )


def test_what_an_older_kubernetes_drops_is_reported_and_denied_where_nothing_is_left():
    assert evaluate_denials(with_newer_fields(), kubernetes_minor=30) == [
        (
            "deny",
            "source-of-newer-kubernetes",
            f"{POD}.containers[0].env[0].valueFrom.fileKeyRef",
            '"fileKeyRef" needs Kubernetes 1.34, and this cluster has 1.30: '
            "the variable would have no source",
        ),
        (
            "deny",
            "source-of-newer-kubernetes",
            f"{POD}.volumes[1].image",
            '"image" needs Kubernetes 1.31, and this cluster has 1.30: '
            "the volume would have no source",
        ),
        (
            "deny",
            "source-of-newer-kubernetes",
            f"{POD}.volumes[2].projected.sources[0].podCertificate",
            '"podCertificate" needs Kubernetes 1.34, and this cluster has 1.30: '
            "the projected volume would have no source",
        ),
        (
            "warn",
            "field-of-newer-kubernetes",
            f"{POD}.hostnameOverride",
            '"hostnameOverride" needs Kubernetes 1.34, and this cluster has 1.30: it is dropped',
        ),
    ]


@pytest.mark.parametrize("minor", [None, 34])
def test_what_the_cluster_may_have_is_not_reported(minor):
    assert evaluate_denials(with_newer_fields(), kubernetes_minor=minor) == []


@pytest.mark.parametrize(
    ("operator", "messages"),
    [("graphgate", ['the container uses two requests of claim "gpus"']), ("seldon", [])],
)
def test_two_requests_of_one_claim_are_refused_where_they_are_applied(operator, messages):
    document = with_pod(resourceClaims=[{"name": "gpus", "resourceClaimName": "gpus"}])
    pod = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
    claims = [{"name": "gpus", "request": request} for request in ("first", "second")]
    pod["containers"][0]["resources"] = {"claims": claims}
    assert [found[3] for found in evaluate_denials(document, operator=operator)] == messages


def with_newer_values():
    sleep = {"preStop": {"sleep": {"seconds": 0}}}
    container = {"name": "classifier", "image": "registry.example/iris:1"}
    return with_pod(
        containers=[{**container, "restartPolicy": "Always", "lifecycle": sleep}],
        dnsConfig={"searches": ["_tcp.models.example"]},
    )


@pytest.mark.parametrize(
    ("minor", "expected"),
    [
        (None, []),
        (30, ["deny", "deny", "deny"]),
        (32, ["deny", "warn", "warn"]),
        (33, ["deny"]),
        (34, ["warn"]),
        (35, []),
    ],
)
def test_values_that_an_older_kubernetes_refuses_are_denied(minor, expected):
    found = evaluate_denials(with_newer_values(), kubernetes_minor=minor)
    assert [a for a, rule, *_ in found if rule == "value-of-newer-kubernetes"] == expected
    assert len(found) == len(expected)


def test_a_refused_value_is_reported_with_the_version_that_accepts_it():
    found = evaluate_denials(with_newer_values(), kubernetes_minor=30)
    container = f"{POD}.containers[0]"
    assert {(path, message) for _, _, path, message in found} == {
        (
            f"{container}.restartPolicy",
            "restartPolicy of a container that is not an init container needs Kubernetes 1.35, and "
            "this cluster has 1.30",
        ),
        (
            f"{container}.lifecycle.preStop.sleep.seconds",
            "a sleep of 0 seconds needs Kubernetes 1.33, and this cluster has 1.30",
        ),
        (
            f"{POD}.dnsConfig.searches[0]",
            "a search domain with an underscore needs Kubernetes 1.33, and this cluster has 1.30",
        ),
    }
