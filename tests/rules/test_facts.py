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


def test_a_metric_in_the_list_that_does_not_count_does_not_scale_to_zero():
    document = with_autoscaler_at_zero("External")
    component = document["spec"]["predictors"][0]["componentSpecs"][0]
    component["hpaSpec"]["metrics"] = []
    assert evaluate_actions(document, kubernetes_minor=37) == ["deny"]


POD = "spec.predictors[0].componentSpecs[0].spec"


def with_newer_fields():
    reference = {"volumeName": "v", "path": "p", "key": "k"}
    variable = {"name": "A", "valueFrom": {"fileKeyRef": reference}}
    issued = {"signerName": "a.b/c", "keyType": "ED25519", "credentialBundlePath": "tls.pem"}
    projected = {"sources": [{"podCertificate": issued}]}
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
            "essential-field-of-newer-kubernetes",
            f"{POD}.containers[0].env[0].valueFrom.fileKeyRef",
            '"fileKeyRef" needs Kubernetes 1.34, and this cluster has 1.30: '
            "the variable would have no source",
        ),
        (
            "deny",
            "essential-field-of-newer-kubernetes",
            f"{POD}.volumes[1].image",
            '"image" needs Kubernetes 1.31, and this cluster has 1.30: '
            "the volume would have no source",
        ),
        (
            "deny",
            "essential-field-of-newer-kubernetes",
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


@pytest.mark.parametrize("minor", [None, 35])
def test_what_the_cluster_may_have_is_not_reported(minor):
    found = evaluate_denials(with_newer_fields(), kubernetes_minor=minor, operator="graphgate")
    assert found == []


def with_every_essential_field():
    container = {"name": "classifier", "image": "registry.example/iris:1"}
    mount = {"name": "model", "mountPath": "/mnt/models", "readOnly": True}
    return with_pod(
        hostUsers=False,
        securityContext={"supplementalGroupsPolicy": "Strict"},
        initContainers=[{**container, "name": "proxy", "restartPolicy": "Always"}],
        containers=[
            {
                **container,
                "securityContext": {"appArmorProfile": {"type": "RuntimeDefault"}},
                "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
                "volumeMounts": [{**mount, "recursiveReadOnly": "Enabled"}],
                "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}],
            }
        ],
        volumes=[{"name": "model", "image": {"reference": "registry.example/model:1"}}],
        resourceClaims=[{"name": "gpu", "resourceClaimName": "gpu"}],
    )


SIDECAR = f"{POD}.initContainers[0].restartPolicy"
CONTEXT = f"{POD}.containers[0].securityContext"
MOUNT = f"{POD}.containers[0].volumeMounts[0]"
SINCE_1_25 = [f"{POD}.hostUsers", SIDECAR]
SINCE_1_29 = [
    f"{POD}.containers[0].lifecycle.preStop.sleep",
    f"{CONTEXT}.appArmorProfile",
    f"{MOUNT}.recursiveReadOnly",
    f"{POD}.securityContext.supplementalGroupsPolicy",
    f"{POD}.volumes[0].image",
]
CLAIM = f"{POD}.resourceClaims[0].resourceClaimName"
ESSENTIAL = "essential-field-newer-than-operator"


@pytest.mark.parametrize(
    ("version", "denied", "warned"),
    [
        ("1.16.0", {*SINCE_1_25, *SINCE_1_29}, {f"{POD}.resourceClaims", "resizePolicy"}),
        ("v1.17.1", {*SINCE_1_25, *SINCE_1_29}, {f"{POD}.resourceClaims", "resizePolicy"}),
        ("1.11.2", {*SINCE_1_25, *SINCE_1_29}, {f"{POD}.resourceClaims", "resizePolicy"}),
        ("1.18.2", {*SINCE_1_29, CLAIM}, set()),
        ("1.19.0-rc.1", set(), set()),
        ("1.20.0", set(), set()),
    ],
)
def test_what_seldon_s_operator_drops_is_denied_where_the_pod_must_not_run_without_it(
    version, denied, warned
):
    found = evaluate_denials(with_every_essential_field(), operator_version=version)
    assert {path for action, rule, path, _ in found if (action, rule) == ("deny", ESSENTIAL)} == (
        denied
    )
    others = {
        path.removeprefix(f"{POD}.containers[0].")
        for _, rule, path, _ in found
        if rule != ESSENTIAL
    }
    assert others == warned


@pytest.mark.parametrize("facts", [{"operator_version": "1.17.1"}, {"kubernetes_minor": 27}])
def test_a_native_sidecar_that_never_ends_is_denied(facts):
    found = evaluate_denials(with_every_essential_field(), **facts)
    ((message),) = {text for action, _, path, text in found if (action, path) == ("deny", SIDECAR)}
    assert message.endswith(": the pod would wait for ever for the end of this container")


@pytest.mark.parametrize(
    ("version", "remediation"),
    [
        ("1.18.2", "use shorter names for the object, the predictor and its containers"),
        ("1.19.0", None),
        (None, None),
    ],
)
def test_a_name_of_keda_s_autoscaler_counts_if_the_operator_reads_it(version, remediation):
    advanced = {"horizontalPodAutoscalerConfig": {"name": "short"}}
    trigger = {"type": "cron", "metadata": {"timezone": "UTC"}}
    document = minimal(
        lambda d: (
            d["metadata"].update(name="iris-with-a-long-name-of-its-own-for-it"),
            d["spec"]["predictors"][0]["componentSpecs"][0].update(
                kedaSpec={"triggers": [trigger], "advanced": advanced}
            ),
        )
    )
    decision = evaluate(document, SETTINGS, Facts(operator_version=version))
    found = [f.remediation for f in decision.warnings if f.rule_id == "keda-autoscaler-name"]
    assert found == ([remediation] if remediation else [])


def test_what_is_dropped_is_explained():
    document = with_every_essential_field()
    decision = evaluate(document, SETTINGS, Facts(operator_version="1.17.1"))
    (finding,) = [one for one in decision.denials if str(one.path) == SIDECAR]
    assert (finding.message, finding.remediation) == (
        '"restartPolicy" needs Kubernetes 1.28, and Seldon\'s operator 1.17.1 is built for 1.24: '
        "the pod would wait for ever for the end of this container",
        "move the container to containers, or upgrade Seldon's operator to 1.18, or let "
        "graphgate's reconciler create the pods",
    )


def test_what_an_operator_of_an_unknown_version_may_drop_warns():
    found = evaluate_denials(with_every_essential_field())
    assert {action for action, *_ in found} == {"warn"}
    assert all("operator 1.17.1 (assumed) is built for 1.24" in message for *_, message in found)
    assert {*SINCE_1_25, *SINCE_1_29} <= {path for _, _, path, _ in found}
    newest = evaluate_denials(with_newer_fields(), operator_version="1.20.0")
    assert {action for action, *_ in newest} == {"warn"}
    assert all("1.20.0 is built for 1.31 (assumed)" in message for *_, message in newest)


def test_the_setting_goes_before_the_version_that_the_cluster_tells():
    settings = read_settings(
        {
            "apiVersion": "graphgate.io/v1alpha1",
            "kind": "Settings",
            "operator": "seldon",
            "operatorVersion": "1.18.2",
        }
    )
    decision = evaluate(with_every_essential_field(), settings, Facts(operator_version="1.17.1"))
    assert {str(one.path) for one in decision.denials} == {*SINCE_1_29, CLAIM}


def test_what_graphgate_s_reconciler_makes_loses_nothing():
    document = with_every_essential_field()
    assert evaluate_denials(document, operator="graphgate", operator_version="1.17.1") == []


def test_a_value_that_restricts_nothing_is_no_loss_of_security():
    document = with_pod(hostUsers=True, securityContext={"supplementalGroupsPolicy": "Merge"})
    found = evaluate_denials(document, operator_version="1.17.1")
    assert {action for action, *_ in found} == {"warn"}
    assert evaluate_denials(with_pod(hostUsers=None), operator_version="1.17.1") == []


def test_two_requests_of_one_claim_are_one_name_twice_without_them():
    """Operator 1.18 knows claims, and not their requests."""
    document = with_pod(resourceClaims=[{"name": "gpus", "resourceClaimName": "gpus"}])
    pod = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
    claims = [{"name": "gpus", "request": "a"}, {"name": "gpus", "request": "b"}]
    pod["containers"][0]["resources"] = {"claims": claims}
    found = evaluate_denials(document, operator_version="1.18.2")
    losses = {(path.removeprefix(POD), message.split(": ")[-1]) for _, _, path, message in found}
    twice = 'the claim "gpus" would be there twice'
    assert losses == {
        (".containers[0].resources.claims[0].request", twice),
        (".containers[0].resources.claims[1].request", twice),
        (".resourceClaims[0].resourceClaimName", "the claim would have no source"),
    }
    del claims[1]
    found = evaluate_denials(document, operator_version="1.18.2")
    assert [action for action, *_ in found] == ["deny", "warn"]


def test_what_the_cluster_lacks_too_is_reported_once():
    found = evaluate_denials(with_newer_fields(), operator_version="1.17.1", kubernetes_minor=30)
    assert len({path for _, _, path, _ in found}) == len(found) == 4


@pytest.mark.parametrize(
    ("operator", "messages"),
    [("graphgate", ['the container uses two requests of claim "gpus"']), ("seldon", [])],
)
def test_two_requests_of_one_claim_are_refused_where_they_are_applied(operator, messages):
    document = with_pod(resourceClaims=[{"name": "gpus", "resourceClaimName": "gpus"}])
    pod = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
    claims = [{"name": "gpus", "request": request} for request in ("first", "second")]
    pod["containers"][0]["resources"] = {"claims": claims}
    found = evaluate_denials(document, operator=operator)
    assert [message for action, _, _, message in found if action == "deny"] == messages


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
    found = evaluate_denials(with_newer_values(), kubernetes_minor=minor, operator="graphgate")
    assert [a for a, rule, *_ in found if rule == "value-of-newer-kubernetes"] == expected
    assert len(found) == len(expected)


def test_a_refused_value_is_reported_with_the_version_that_accepts_it():
    found = evaluate_denials(with_newer_values(), kubernetes_minor=30, operator="graphgate")
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


@pytest.mark.parametrize(
    ("change", "actions"),
    [
        ({"restartPolicy": "Never"}, {33: ["deny"], 34: ["warn"], 35: []}),
        (
            {
                "restartPolicy": "Always",
                "restartPolicyRules": [
                    {
                        "action": "RestartAllContainers",
                        "exitCodes": {"operator": "In", "values": [1]},
                    }
                ],
            },
            {34: [], 35: ["warn", "warn"], 36: []},
        ),
        (
            {"env": [{"name": "KEY", "valueFrom": {"fileKeyRef": {"volumeName": "keys"}}}]},
            {33: [], 34: ["warn"], 35: []},
        ),
    ],
    ids=["restart policy", "restart of all", "variable from a file"],
)
def test_what_an_init_container_has_needs_a_version_that_knows_it(change, actions):
    container = {"name": "prepare", "image": "registry.example/prepare:1", **change}
    volumes = [{"name": "keys", "emptyDir": {}}]
    document = with_pod(initContainers=[container], volumes=volumes)
    rule_id = "value-of-newer-kubernetes"
    for minor, expected in actions.items():
        found = evaluate_denials(document, kubernetes_minor=minor, operator="graphgate")
        assert [action for action, rule, *_ in found if rule == rule_id] == expected, minor


@pytest.mark.parametrize(
    ("minor", "expected"), [(30, []), (31, ["warn"]), (34, ["warn"]), (35, [])]
)
def test_an_image_volume_needs_a_version_that_has_it_switched_on(minor, expected):
    volume = {"name": "models", "image": {"reference": "registry.example/models:1"}}
    found = evaluate_denials(
        with_pod(volumes=[volume]), kubernetes_minor=minor, operator="graphgate"
    )
    rule_id = "value-of-newer-kubernetes"
    assert [action for action, rule, *_ in found if rule == rule_id] == expected


@pytest.mark.parametrize(("minor", "is_denied"), [(None, False), (36, True), (37, False)])
def test_mount_options_of_selinux_are_denied_before_kubernetes_has_them(minor, is_denied):
    document = with_pod(securityContext={"seLinuxChangePolicy": "MountOption"})
    found = evaluate_denials(document, kubernetes_minor=minor, operator="graphgate")
    denied = [path for _, rule, path, _ in found if rule == "value-of-newer-kubernetes"]
    path = f"{POD}.securityContext.seLinuxChangePolicy"
    assert denied == ([path] if is_denied else [])


@pytest.mark.parametrize(
    ("kind", "minor", "action"),
    [
        ("glusterfs", 30, "deny"),
        ("glusterfs", None, "deny"),
        ("rbd", 30, None),
        ("rbd", 31, "deny"),
        ("rbd", None, "warn"),
        ("gitRepo", 32, None),
        ("gitRepo", 33, "warn"),
        ("gitRepo", 36, "deny"),
        ("gitRepo", None, "warn"),
    ],
)
def test_a_volume_is_denied_where_no_kubelet_has_its_driver(kind, minor, action):
    sources = {
        "glusterfs": {"endpoints": "cluster", "path": "models"},
        "rbd": {"monitors": ["storage.example"], "image": "models"},
        "gitRepo": {"repository": "https://git.example/models.git"},
    }
    document = with_pod(volumes=[{"name": "models", kind: sources[kind]}])
    found = evaluate_denials(document, kubernetes_minor=minor, operator="graphgate")
    actions = [word for word, rule, *_ in found if rule == "removed-volume-type"]
    assert actions == ([] if action is None else [action])
