"""What is rendered can be applied server-side, which is stricter than a plain create."""

import re

import pytest

from tests.documents_of import with_pod, with_predictor
from webhook.graph.cluster_facts import NO_FACTS, Facts
from webhook.graph.parse import parse
from webhook.graph.path import ROOT
from webhook.graph.schema import fields_newer_than, kubernetes_minor
from webhook.rendering.environment import keep_last_variables
from webhook.rendering.options import OrchestratorOptions, RenderOptions
from webhook.rendering.render import render
from webhook.rendering.source_map import from_user

NEWEST = kubernetes_minor()


def rendered(document, kind, options=None, facts=NO_FACTS):
    """The objects of a kind that are rendered."""
    objects = render(parse(document), options or RenderOptions(), facts)
    return [one.object for one in objects if one.kind == kind]


def pod_of(document, options=None, facts=NO_FACTS):
    """The pod spec of the first Deployment that is rendered."""
    return rendered(document, "Deployment", options, facts)[0]["spec"]["template"]["spec"]


def test_a_field_that_nobody_knows_is_not_rendered():
    pod = pod_of(with_pod(zzz=1, hostname="a", containers=[{"name": "classifier", "yyy": {}}]))
    assert "zzz" not in pod
    assert "yyy" not in pod["containers"][0]
    assert pod["hostname"] == "a"


def test_a_cluster_that_is_newer_than_the_known_types_gets_its_unknown_fields():
    pod = pod_of(with_pod(zzz=1), facts=Facts(kubernetes_minor=NEWEST + 1))
    assert pod["zzz"] == 1


def test_a_field_of_a_newer_kubernetes_is_not_rendered_for_an_older_one():
    document = with_pod(evictionResponders=[])
    assert "evictionResponders" in pod_of(document, facts=Facts(kubernetes_minor=37))
    assert "evictionResponders" not in pod_of(document, facts=Facts(kubernetes_minor=36))
    assert "evictionResponders" in pod_of(document)


def test_nothing_is_left_of_a_lifecycle_that_an_older_kubernetes_does_not_have():
    fetch = {"name": "fetch", "image": "a", "lifecycle": {"stopSignal": "SIGUSR1"}}
    document = with_pod(initContainers=[fetch], os={"name": "linux"})
    (rendered,) = pod_of(document, facts=Facts(kubernetes_minor=30))["initContainers"]
    assert "lifecycle" not in rendered


SELDON = RenderOptions(operator="seldon")


@pytest.mark.parametrize(
    ("version", "kept"),
    [
        (None, set()),
        ("1.17.1", set()),
        ("1.18.2", {"restartPolicy"}),
        ("1.19.0", {"restartPolicy", "image"}),
    ],
)
def test_what_seldon_s_operator_drops_is_not_rendered_for_it(version, kept):
    document = with_pod(
        initContainers=[{"name": "proxy", "image": "a", "restartPolicy": "Always"}],
        volumes=[{"name": "v", "image": {"reference": "b"}}],
        hostnameOverride="a",
    )
    pod = pod_of(document, SELDON, Facts(operator_version=version, kubernetes_minor=NEWEST + 1))
    there = {"restartPolicy"} & pod["initContainers"][0].keys() | {"image"} & pod["volumes"][
        0
    ].keys()
    assert there == kept
    assert "hostnameOverride" not in pod
    assert "hostnameOverride" in pod_of(document, facts=Facts(operator_version=version))


def test_seldon_s_operator_knows_no_field_that_nobody_knows():
    facts = Facts(kubernetes_minor=NEWEST + 1)
    assert "zzz" not in pod_of(with_pod(zzz=1), SELDON, facts)


def test_seldon_s_operator_leaves_an_empty_lifecycle():
    fetch = {"name": "fetch", "image": "a", "lifecycle": {"stopSignal": "SIGUSR1"}}
    (rendered,) = pod_of(with_pod(initContainers=[fetch]), SELDON)["initContainers"]
    assert rendered["lifecycle"] == {}


def test_a_mapping_at_two_places_loses_a_field_at_one_of_them():
    shared = {"runAsUser": 1, "fsGroup": 2}
    container = {"name": "classifier", "image": "a", "securityContext": shared}
    pod = pod_of(with_pod(securityContext=shared, containers=[container]))
    assert pod["securityContext"] == shared == {"runAsUser": 1, "fsGroup": 2}
    assert pod["containers"][0]["securityContext"] == {"runAsUser": 1}


def test_newer_fields_are_reported_with_the_first_minor_that_has_them():
    document = with_pod(hostnameOverride="a", volumes=[{"name": "v", "emptyDir": {"mode": 0}}])
    spec = "spec.predictors[0].componentSpecs[0].spec"
    reported = {(str(path), minor) for path, minor in fields_newer_than(document, 33)}
    assert reported == {(f"{spec}.hostnameOverride", 34), (f"{spec}.volumes[0].emptyDir.mode", 37)}


@pytest.mark.parametrize("other", [3, None, "image", [{}], [["image"]], {"name": "w"}])
def test_newer_fields_are_found_beside_what_is_no_mapping(other):
    document = with_pod(volumes=[other, {"name": "v", "image": {"reference": "a"}}])
    spec = "spec.predictors[0].componentSpecs[0].spec"
    assert [str(path) for path, _ in fields_newer_than(document, 24)] == [
        f"{spec}.volumes[1].image"
    ]
    assert fields_newer_than([document], 24) == []


def test_two_image_pull_secrets_of_one_name_are_rendered_once():
    pod = pod_of(with_pod(imagePullSecrets=[{"name": "a"}, {"name": "b"}, {"name": "a"}]))
    assert pod["imagePullSecrets"] == [{"name": "a"}, {"name": "b"}]


def test_image_pull_secrets_without_a_name_are_one():
    pod = pod_of(with_pod(imagePullSecrets=[{}, {"name": "a"}, {"name": None}, {"name": ""}]))
    assert pod["imagePullSecrets"] == [{}, {"name": "a"}]


def test_a_variable_that_is_written_twice_is_rendered_as_the_last_one_in_every_container():
    twice = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "A", "value": "3"}]
    once = [{"name": "B", "value": "2"}, {"name": "A", "value": "3"}]
    pod = pod_of(
        with_pod(
            containers=[{"name": "classifier", "env": twice}, {"name": "beside", "env": twice}],
            initContainers=[
                {"name": "fetch", "env": twice},
                {"name": "proxy", "env": twice, "restartPolicy": "Always"},
                {"name": "ok"},
            ],
        )
    )
    fetch, proxy, ok = pod["initContainers"]
    assert (fetch["env"], proxy["env"], ok) == (once, once, {"name": "ok"})
    classifier, beside = pod["containers"][:2]
    assert (classifier["env"][:2], beside["env"]) == (once, once)


@pytest.mark.parametrize("place", [0, 1])
def test_a_variable_that_is_set_twice_is_read_in_linear_time(place):
    """A quadratic search through this text would take the time limit of the test."""
    values = ["x", "x"]
    values[place] = "$(" * 60_000
    env = [{"name": "A", "value": value} for value in values]
    (kept,) = keep_last_variables(from_user(env, ROOT)).value
    assert kept == {"name": "A", "value": values[1]}


def environment_of(env):
    """Return what a kubelet makes of variables (makeEnvironmentVariables, expansion.Expand)."""
    values: dict[str, str] = {}

    def expand(found):
        return "$" if found[0] == "$$" else values.get(found[1], found[0])

    for variable in env:
        if "value" in variable:
            values[variable["name"]] = re.sub(r"\$\$|\$\(([^)]*)\)", expand, variable["value"])
    return values


@pytest.mark.parametrize(
    ("variables", "rendered"),
    [
        ((("A", "1"), ("A", "$(A)2")), [("A", "12")]),
        ((("A", "1"), ("A", "$(A)2"), ("A", "$(A)3")), [("A", "123")]),
        ((("A", "1"), ("B", "$(A)"), ("A", "2"), ("C", "$(A)")), None),
        ((("B", "b"), ("A", "$(B)"), ("A", "$(A)$(A)")), [("B", "b"), ("A", "$(B)$(B)")]),
        ((("B", "b"), ("A", "a$"), ("A", "$(A)(B)")), [("B", "b"), ("A", "a$$(B)")]),
        ((("B", "b"), ("A", "a$("), ("A", "$(A)B)")), [("B", "b"), ("A", "a$$(B)")]),
        ((("A", "$$(B)"), ("B", "b"), ("A", "$(A)-$$(A)")), [("B", "b"), ("A", "$$(B)-$$(A)")]),
        ((("A", "$(A)"), ("A", "$(A)")), [("A", "$$(A)")]),
        ((("A", "1"), ("A", "2"), ("A", "$(A)")), [("A", "2")]),
        ((("A", "$(B)"), ("B", "b"), ("A", "$(A)$(B)")), [("B", "b"), ("A", "$$(B)$(B)")]),
        ((("A", "$(A)"), ("B", "b"), ("A", "$(A)$(B)")), None),
    ],
)
def test_a_reference_to_a_variable_that_is_written_again_keeps_its_meaning(variables, rendered):
    written = [{"name": name, "value": value} for name, value in variables]
    pod = pod_of(with_pod(initContainers=[{"name": "fetch", "env": written}]))
    (fetch,) = pod["initContainers"]
    assert environment_of(fetch["env"]) == environment_of(written)
    if rendered is not None:
        assert [(each["name"], each["value"]) for each in fetch["env"]] == rendered


def test_references_that_would_make_a_text_without_bounds_stay():
    doubling = [{"name": "A", "value": "xx"}] + [{"name": "A", "value": "$(A)$(A)"}] * 60
    pod = pod_of(with_pod(initContainers=[{"name": "fetch", "env": doubling}]))
    (variable,) = pod["initContainers"][0]["env"]
    assert len(variable["value"]) < 2**18


def test_an_inlined_variable_comes_from_the_one_that_refers_to_it():
    written = [{"name": "A", "value": "1"}, {"name": "A", "value": "$(A)2"}]
    document = with_pod(initContainers=[{"name": "fetch", "env": written}])
    objects = render(parse(document), RenderOptions(), NO_FACTS)
    deployment = next(one for one in objects if one.kind == "Deployment")
    place = ("spec", "template", "spec", "initContainers", 0, "env", 0, "value")
    assert str(deployment.trace(place)).endswith(".initContainers[0].env[1].value")


def test_what_is_no_variable_in_an_init_container_is_survived():
    pod = pod_of(with_pod(initContainers=[{"name": "fetch", "env": ["A=1", "A=1", {}]}]))
    assert len(pod["initContainers"]) == 1


def test_two_host_aliases_of_one_address_are_rendered_as_one_with_the_names_of_both():
    aliases = [{"ip": "10.0.0.1", "hostnames": ["a", "b"]}, {"ip": "10.0.0.1", "hostnames": ["c"]}]
    pod = pod_of(with_pod(hostAliases=aliases))
    assert pod["hostAliases"] == [{"ip": "10.0.0.1", "hostnames": ["a", "b", "c"]}]


def test_an_orchestrator_asks_for_nothing_in_a_pod_that_is_bounded_as_a_whole():
    options = RenderOptions(orchestrator=OrchestratorOptions("registry.example/executor:1"))
    bounded = pod_of(with_pod(resources={"limits": {"cpu": "1"}}), options)
    assert "resources" not in bounded["containers"][1]
    assert "resources" in pod_of(with_pod(), options)["containers"][1]


def test_a_tensorflow_container_of_the_author_s_gets_the_image_that_it_lacks():
    image = {"image": "registry.example/tensorflow", "defaultImageVersion": "2"}
    facts = Facts(model_servers={"TENSORFLOW_SERVER": {"protocols": {"tensorflow": image}}})
    document = with_predictor(
        componentSpecs=[{"spec": {"containers": [{"name": "tfserving", "env": []}]}}],
        graph={"name": "m", "implementation": "TENSORFLOW_SERVER", "modelUri": "gs://m"},
    )
    pods = [
        one.object["spec"]["template"]["spec"]
        for one in render(parse(document), RenderOptions(), facts)
        if one.kind == "Deployment"
    ]
    (sidecar,) = [c for pod in pods for c in pod["containers"] if c["name"] == "tfserving"]
    assert sidecar["image"] == "registry.example/tensorflow:2"


def test_a_field_of_keda_spec_that_nobody_knows_is_not_rendered():
    document = with_pod()
    component = document["spec"]["predictors"][0]["componentSpecs"][0]
    triggers = [{"type": "cron", "metadata": {}}]
    component["kedaSpec"] = {"triggers": triggers, "initialCooldownPeriod": -1}
    (scaled,) = rendered(document, "ScaledObject")
    assert scaled["spec"].keys() == {"scaleTargetRef", "triggers"}


def test_the_port_of_an_explainer_is_not_added_to_one_that_its_author_wrote():
    explainer = {"name": "explain", "ports": [{"containerPort": 9000}, {"containerPort": 9001}]}
    document = with_predictor(explainer={"type": "AnchorTabular", "containerSpec": explainer})

    def ports(operator):
        options = RenderOptions(orchestrator=OrchestratorOptions("e:1"), operator=operator)
        pod = rendered(document, "Deployment", options)[-1]["spec"]["template"]["spec"]
        return [(port.get("name"), port["containerPort"]) for port in pod["containers"][0]["ports"]]

    assert ports("graphgate") == [(None, 9000), (None, 9001)]
    # Seldon's operator knows it by its name, and creates.
    assert ports("seldon") == [(None, 9000), (None, 9001), ("http", 9000)]


def test_an_apparmor_annotation_for_an_orchestrator_that_is_not_there_is_not_rendered():
    key = "container.apparmor.security.beta.kubernetes.io/seldon-container-engine"
    document = with_predictor(annotations={key: "unconfined"})

    def annotations(options):
        (deployment,) = rendered(document, "Deployment", options)
        return deployment["spec"]["template"]["metadata"].get("annotations", {})

    assert key not in annotations(RenderOptions())
    assert annotations(RenderOptions(orchestrator=OrchestratorOptions("e:1")))[key] == "unconfined"


def test_a_volume_without_a_source_is_rendered_as_the_empty_folder_that_it_is():
    """What the API server fills in would stay beside the source of a later apply."""
    volumes = [{"name": "a"}, {"name": "b", "hostPath": {"path": "/b"}}, {"name": "c", "nfs": None}]
    by_name = {volume["name"]: volume for volume in pod_of(with_pod(volumes=volumes))["volumes"]}
    assert by_name["a"] == {"name": "a", "emptyDir": {}}
    assert by_name["b"] == {"name": "b", "hostPath": {"path": "/b"}}
    assert by_name["c"]["emptyDir"] == {}
    seldon = pod_of(with_pod(volumes=volumes), RenderOptions(operator="seldon"))
    assert {"name": "a"} in seldon["volumes"]
