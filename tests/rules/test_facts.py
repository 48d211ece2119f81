"""Rules that know more of the cluster say more."""

from copy import deepcopy

import pytest

from tests.documents_of import minimal, with_graph
from tests.rules.graphs import Raw
from webhook.decisions.decide import decide
from webhook.decisions.settings import read_settings
from webhook.graph.facts import Facts

SETTINGS = read_settings()
SERVER = {"implementation": "SKLEARN_SERVER", "modelUri": "gs://models.example/iris"}


def told(document, **facts):
    decision = decide(document, SETTINGS, Facts(**facts))
    assert decision.failures == ()
    denials = [("deny", f.rule, str(f.path), f.fact) for f in decision.denials]
    return [*denials, *(("warn", f.rule, str(f.path), f.fact) for f in decision.warnings)]


def chain(levels):
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
    assert told(chain(3), crd_depth=3) == []


def test_a_graph_one_level_deeper_than_the_cluster_keeps_is_refused_where_it_is_cut():
    place = "spec.predictors[0].graph.children[0].children[0].children"
    fact = "the cluster keeps 3 levels of nodes, and would drop these children"
    assert told(chain(4), crd_depth=3) == [("deny", "graph-too-deep", place, fact)]


def test_a_server_without_an_image_for_the_protocol_is_refused():
    place = "spec.predictors[0].graph.implementation"
    fact = (
        "no image of SKLEARN_SERVER is configured for the protocol v2 or kfserving; "
        "there are images for seldon"
    )
    document = bare(with_graph(**SERVER), protocol="v2")
    servers = {"SKLEARN_SERVER": images("seldon")}
    assert told(document, servers=servers) == [("deny", "unserved-protocol", place, fact)]


def test_v2_and_kfserving_stand_in_for_each_other():
    document = bare(with_graph(**SERVER), protocol="v2")
    assert told(document, servers={"SKLEARN_SERVER": images("kfserving")}) == []


def test_triton_has_an_image_for_v2_whatever_the_protocol_is():
    document = bare(with_graph(**SERVER | {"implementation": "TRITON_SERVER"}))
    assert told(document, servers={"TRITON_SERVER": images("v2")}) == []


def test_an_image_of_the_container_makes_up_for_that_of_the_server():
    document = with_graph(**SERVER)
    assert told(document, servers={"SKLEARN_SERVER": images("v2")}) == []


def test_a_server_of_which_no_images_are_known_is_accepted():
    assert told(bare(with_graph(**SERVER)), servers={"SKLEARN_SERVER": None}) == []


def test_an_unknown_server_is_refused_although_its_container_has_an_image():
    document = with_graph(**SERVER | {"implementation": "MY_SERVER"})
    ((action, rule, place, _),) = told(document, servers={"SKLEARN_SERVER": None})
    assert (action, rule) == ("deny", "unknown-node-implementation")
    assert place == "spec.predictors[0].graph.implementation"


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
    place = "spec.predictors[0].explainer"
    fact = f"the explainer has no image, and none is configured for the protocol {protocol}"
    assert told(document, explainer=explainer) == [("deny", "missing-image", place, fact)]


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
    assert told(document, explainer=explainer) == []


def test_an_explainer_with_an_image_of_its_own_needs_none_configured():
    document = deepcopy(EXPLAINED)
    container = {"name": "mine", "image": "registry.example/explainer:1"}
    document["spec"]["predictors"][0]["explainer"]["containerSpec"] = container
    assert told(document, explainer={}) == []


def named(name, service):
    def change(document):
        document["metadata"]["name"] = name
        document["spec"]["predictors"][0]["annotations"] = {"seldon.io/svc-name": service}

    return minimal(change)


@pytest.mark.parametrize(("minor", "action"), [(None, "warn"), (35, "deny")])
def test_services_begin_with_a_letter_before_kubernetes_1_36(minor, action):
    found = [entry[:3] for entry in told(named("1-iris", "2-iris"), minor=minor)]
    service = 'spec.predictors[0].annotations["seldon.io/svc-name"]'
    assert found == [
        (action, "object-name-not-a-service-name", "metadata.name"),
        (action, "service-name-not-a-dns-label", service),
    ]


def test_services_may_begin_with_a_digit_from_kubernetes_1_36_on():
    assert told(named("1-iris", "2-iris"), minor=36) == []


def test_services_never_have_dots():
    ((action, rule, place, _),) = told(named("1.iris", "iris"), minor=36)
    assert (action, rule, place) == ("deny", "object-name-not-a-service-name", "metadata.name")


def scaled_to_zero(kind):
    def change(document):
        autoscaler = {"minReplicas": 0, "maxReplicas": 3, "metricsv2": [{"type": kind}]}
        document["spec"]["predictors"][0]["componentSpecs"][0]["hpaSpec"] = autoscaler

    return minimal(change)


def actions(document, **facts):
    found = told(document, **facts)
    return [action for action, rule, *_ in found if rule == "impossible-autoscaler-bounds"]


@pytest.mark.parametrize(("minor", "expected"), [(None, ["warn"]), (36, ["deny"]), (37, [])])
def test_an_external_metric_scales_to_zero_from_kubernetes_1_37_on(minor, expected):
    assert actions(scaled_to_zero("External"), minor=minor) == expected


@pytest.mark.parametrize("minor", [None, 36, 37])
def test_a_metric_of_the_pods_never_scales_to_zero(minor):
    assert actions(scaled_to_zero("Resource"), minor=minor) == ["deny"]
