"""Single decisions of the renderer, each with what makes it fall the other way."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.documents_of import minimal, with_graph, with_pod, with_predictor
from webhook.defaulting import DefaultingOptions
from webhook.graph.cluster_facts import Facts
from webhook.graph.parse import parse
from webhook.rendering.layout import layout_predictors
from webhook.rendering.options import DEFAULT_OPTIONS, OrchestratorOptions, RenderOptions
from webhook.rendering.render import render

ENGINE = RenderOptions(orchestrator=OrchestratorOptions("registry.example/executor:1"))
CONTAINER = {"name": "classifier", "image": "registry.example/model:1"}
A_IS_1 = {"name": "A", "value": "1"}
HARD = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def pod_of(
    document: dict[str, Any], options: RenderOptions = DEFAULT_OPTIONS, facts: Facts | None = None
) -> dict[str, Any]:
    """Return the pod spec of the first Deployment."""
    (deployment, *_) = render(parse(document), options, facts or Facts())
    spec: dict[str, Any] = deployment.object["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize(
    ("grace", "minor", "lifecycle"),
    [
        (None, None, {"preStop": {"sleep": {"seconds": 10}}}),
        (60, 30, {"preStop": {"sleep": {"seconds": 10}}}),
        (7, 36, {"preStop": {"sleep": {"seconds": 3}}}),
        (2, 36, {"preStop": {"sleep": {"seconds": 1}}}),
        (1, 36, None),
        (0, 36, None),
        (7, 29, {"preStop": {"exec": {"command": ["/bin/sh", "-c", "/bin/sleep 3"]}}}),
    ],
)
def test_a_container_goes_on_serving_for_half_of_its_grace_period(
    grace: int | None, minor: int | None, lifecycle: object
) -> None:
    document = with_pod(terminationGracePeriodSeconds=grace)
    (container,) = pod_of(document, facts=Facts(kubernetes_minor=minor))["containers"]
    assert container.get("lifecycle") == lifecycle


@pytest.mark.parametrize("grace", [None, 60, 5, 0])
def test_under_seldon_s_operator_it_does_so_for_ten_seconds_whatever_the_grace_period(
    grace: int | None,
) -> None:
    spec = pod_of(
        with_pod(terminationGracePeriodSeconds=grace), RenderOptions(operator="seldon"), Facts()
    )
    (container,) = spec["containers"]
    pause = {"exec": {"command": ["/bin/sh", "-c", "/bin/sleep 10"]}}
    assert container["lifecycle"] == {"preStop": pause}


@pytest.mark.parametrize(
    ("implementation", "runs_inside"),
    [
        ("SIMPLE_MODEL", True),
        ("SIMPLE_ROUTER", True),
        ("RANDOM_ABTEST", True),
        ("AVERAGE_COMBINER", True),
        ("SKLEARN_SERVER", False),
    ],
)
def test_what_the_orchestrator_runs_itself_has_no_container(
    implementation: str, runs_inside: bool
) -> None:
    children = [{"name": "classifier", "type": "MODEL"}]
    first = {"name": "first", "implementation": implementation, "modelUri": "gs://models/a"}
    spec = pod_of(with_predictor(graph={**first, "children": children}), ENGINE)
    names = {container["name"] for container in spec["containers"]}
    assert ("first" in names) is not runs_inside


@pytest.mark.parametrize("args", [["--mine"], None])
def test_an_author_s_own_sidecar_of_a_server_keeps_what_they_wrote(args: list[str] | None) -> None:
    own = {"name": "tfserving", "image": "registry.example/serving:1", "args": args}
    server = {"implementation": "TENSORFLOW_SERVER", "modelUri": "gs://models/a"}
    document = with_predictor(
        graph={"name": "classifier", **server},
        componentSpecs=[{"spec": {"containers": [own]}}],
    )
    (sidecar,) = [c for c in pod_of(document)["containers"] if c["name"] == "tfserving"]
    assert sidecar["image"] == own["image"]
    assert (sidecar["args"] == args) is (args is not None)
    assert sidecar["args"] != []


@pytest.mark.parametrize("minor", [None, 24, 99])
@pytest.mark.parametrize("operator", ["graphgate", "seldon"])
def test_an_unknown_field_of_seldon_s_own_types_is_not_rendered_on_any_kubernetes(
    operator: Any, minor: int | None
) -> None:
    keda = {"maxReplicaCount": 3, "triggers": [{"type": "cron"}], "unknownField": 1}
    document = minimal()
    document["spec"]["predictors"][0]["componentSpecs"][0]["kedaSpec"] = keda
    rendered = render(
        parse(document), RenderOptions(operator=operator), Facts(kubernetes_minor=minor)
    )
    (scaled,) = [each.object for each in rendered if each.kind == "ScaledObject"]
    assert "unknownField" not in scaled["spec"]
    assert scaled["spec"]["maxReplicaCount"] == 3


POD_FIELDS = ["serviceAccountName", "securityContext", "initContainers", "containers", "volumes"]
CONTAINER_FIELDS = [
    *("name", "image", "imagePullPolicy", "command", "args", "workingDir", "ports", "envFrom"),
    *("env", "resources", "volumeMounts", "startupProbe", "livenessProbe", "readinessProbe"),
    *("lifecycle", "securityContext"),
]


def test_fields_are_in_the_order_in_which_people_write_them() -> None:
    probe = {"tcpSocket": {"port": 9000}}
    container = {
        "name": "classifier",
        "image": "registry.example/iris:1",
        "imagePullPolicy": "Always",
        "command": ["serve"],
        "args": ["a"],
        "workingDir": "/app",
        "ports": [{"name": "http", "containerPort": 9000}],
        "envFrom": [{"secretRef": {"name": "a"}}],
        "env": [{"name": "A", "value": "1"}],
        "resources": {"limits": {"cpu": "1"}},
        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
        **dict.fromkeys(("startupProbe", "livenessProbe", "readinessProbe"), probe),
        "lifecycle": {"preStop": {"exec": {"command": ["a"]}}},
        "securityContext": {"runAsUser": 5},
    }
    pod = {
        "serviceAccountName": "a",
        "securityContext": {"runAsUser": 5},
        "initContainers": [{"name": "first", "image": "i"}],
        "volumes": [{"name": "v", "emptyDir": {}}],
        "containers": [dict(reversed(container.items()))],
    }
    spec = pod_of(with_predictor(componentSpecs=[{"spec": dict(reversed(pod.items()))}]))
    assert list(spec)[: len(POD_FIELDS)] == POD_FIELDS
    assert list(spec["containers"][0])[: len(CONTAINER_FIELDS)] == CONTAINER_FIELDS


@pytest.mark.parametrize(
    ("pod", "options", "facts", "context"),
    [
        ({}, ENGINE, Facts(), {**HARD, "runAsNonRoot": True, "runAsUser": 8888}),
        ({}, ENGINE, Facts(openshift=True), {**HARD, "runAsNonRoot": True}),
        (
            {"securityContext": {"runAsUser": 1000}},
            ENGINE,
            Facts(),
            {**HARD, "runAsNonRoot": True},
        ),
        (
            {"securityContext": {"runAsUser": 0}},
            ENGINE,
            Facts(),
            {**HARD, "runAsNonRoot": True, "runAsUser": 8888},
        ),
        ({"securityContext": {"runAsUser": 0}}, ENGINE, Facts(openshift=True), HARD),
        ({"os": {"name": "windows"}}, ENGINE, Facts(), {"runAsNonRoot": True}),
    ],
)
def test_the_orchestrator_is_hardened_as_far_as_its_pod_allows(
    pod: dict[str, Any], options: RenderOptions, facts: Facts, context: dict[str, Any]
) -> None:
    assert pod_of(with_pod(**pod), options, facts)["containers"][1]["securityContext"] == context


def test_a_user_of_0_by_setting_is_not_contradicted() -> None:
    options = RenderOptions(
        orchestrator=ENGINE.orchestrator, defaults=DefaultingOptions(run_as_user=0)
    )
    context = pod_of(minimal(), options)["containers"][1]["securityContext"]
    assert context == {**HARD, "runAsUser": 0}


def test_an_orchestrator_that_the_author_brings_is_the_only_one() -> None:
    def change(document: dict[str, Any]) -> None:
        pod = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
        pod["containers"].append({"name": "seldon-container-engine", "image": "mine"})

    images = [container["image"] for container in pod_of(minimal(change), ENGINE)["containers"]]
    assert images == ["registry.example/iris:1", "mine"]


def test_an_orchestrator_image_changes_no_selector_and_no_name() -> None:
    without, with_one = (
        [
            (rendered.name, rendered.object["spec"]["selector"])
            for rendered in render(parse(minimal()), options)
        ]
        for options in (DEFAULT_OPTIONS, ENGINE)
    )
    assert without == with_one


def test_the_orchestrator_reads_the_graph_and_no_secrets() -> None:
    def change(document: dict[str, Any]) -> None:
        predictor = document["spec"]["predictors"][0]
        predictor["traffic"] = 100
        predictor["explainer"] = {"type": "AnchorText"}
        container = predictor["componentSpecs"][0]["spec"]["containers"][0]
        container["env"] = [{"name": "TOKEN", "value": "secret"}]
        predictor["graph"] = {
            "name": "split",
            "type": "ROUTER",
            "implementation": "RANDOM_ABTEST",
            "parameters": [{"name": "ratioA", "value": "0.5", "type": "FLOAT"}],
            "children": [{"name": "classifier", "logger": {"mode": "all"}}],
        }

    variables = {
        variable["name"]: variable["value"]
        for variable in pod_of(minimal(change), ENGINE)["containers"][1]["env"]
    }
    assert json.loads(base64.b64decode(variables["ENGINE_PREDICTOR"])) == {
        "name": "main",
        "replicas": 0,
        "traffic": 0,
        "graph": {
            "name": "split",
            "type": "ROUTER",
            "implementation": "RANDOM_ABTEST",
            "parameters": [{"name": "ratioA", "value": "0.5", "type": "FLOAT"}],
            "children": [
                {
                    "name": "classifier",
                    "type": "MODEL",
                    "implementation": "UNKNOWN_IMPLEMENTATION",
                    "children": [],
                    "logger": {"mode": "all"},
                    "endpoint": {
                        "service_host": "localhost",
                        "service_port": 9000,
                        "type": "REST",
                        "httpPort": 9000,
                        "grpcPort": 9500,
                    },
                }
            ],
        },
        "componentSpecs": [
            {"spec": {"containers": [{"name": "classifier", "image": "registry.example/iris:1"}]}}
        ],
    }


def test_a_model_is_not_fetched_for_an_author_who_mounts_one() -> None:
    mounts = [{"name": "models", "mountPath": "/mnt/models/"}]

    def change(document: dict[str, Any]) -> None:
        predictor = document["spec"]["predictors"][0]
        predictor["graph"]["modelUri"] = "gs://models/iris"
        predictor["componentSpecs"][0]["spec"]["containers"][0]["volumeMounts"] = mounts

    pod = pod_of(minimal(change))
    assert "initContainers" not in pod
    assert [mount["name"] for mount in pod["containers"][0]["volumeMounts"]] == [
        "models",
        "seldon-podinfo",
    ]


SELDON = RenderOptions(operator="seldon")


def test_seldon_fetches_a_model_whatever_the_author_mounts() -> None:
    mounts = [{"name": "models", "mountPath": "/mnt/models"}]
    document = with_graph(modelUri="gs://models/iris")
    container = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"][0]
    container["volumeMounts"] = mounts
    pod = pod_of(document, SELDON, Facts(operator="seldon"))
    assert [each["name"] for each in pod["initContainers"]] == ["classifier-model-initializer"]
    mounted = [(m["name"], m["mountPath"]) for m in pod["containers"][0]["volumeMounts"]]
    assert ("models", "/mnt/models") in mounted
    assert ("classifier-provision-location", "/mnt/models") in mounted


@pytest.mark.parametrize(("operator", "account"), [("graphgate", "of-a"), ("seldon", "of-b")])
def test_of_two_servers_in_a_pod_one_names_the_account(operator: Any, account: str) -> None:
    server = {"implementation": "SKLEARN_SERVER", "modelUri": "gs://models/iris"}
    second = {"name": "b", **server, "serviceAccountName": "of-b"}
    graph = {"name": "a", **server, "serviceAccountName": "of-a", "children": [second]}
    containers = [{"name": name, "image": "i:1"} for name in ("a", "b")]
    document = with_predictor(graph=graph, componentSpecs=[{"spec": {"containers": containers}}])
    pod = pod_of(document, RenderOptions(operator=operator), Facts(operator=operator))
    assert pod["serviceAccountName"] == account


@pytest.mark.parametrize(("operator", "is_added"), [("graphgate", False), ("seldon", True)])
def test_where_an_author_mounts_something_the_claim_is_mounted_by_seldon_alone(
    operator: Any, is_added: bool
) -> None:
    document = with_graph(modelUri="pvc://claim/iris")
    container = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"][0]
    container["volumeMounts"] = [{"name": "mine", "mountPath": "/mnt/pvc"}]
    pod = pod_of(document, RenderOptions(operator=operator), Facts(operator=operator))
    mounted = [(m["name"], m["mountPath"]) for m in pod["containers"][0]["volumeMounts"]]
    assert (("kfserving-pvc-source", "/mnt/pvc") in mounted) is is_added


@pytest.mark.parametrize("operator", ["graphgate", "seldon"])
def test_a_claim_that_the_author_mounts_elsewhere_is_not_mounted_twice(operator: Any) -> None:
    document = with_graph(modelUri="pvc://claim/iris")
    container = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"][0]
    container["volumeMounts"] = [{"name": "kfserving-pvc-source", "mountPath": "/data"}]
    pod = pod_of(document, RenderOptions(operator=operator), Facts(operator=operator))
    mounted = [m["mountPath"] for m in pod["containers"][0]["volumeMounts"] if "pvc" in m["name"]]
    assert mounted == ["/data"]


def test_an_invalid_variable_stays_beside_one_that_is_set_twice() -> None:
    loader = CONTAINER | {"name": "loader", "env": [A_IS_1, "odd", A_IS_1]}
    (container,) = pod_of(with_pod(initContainers=[loader]))["initContainers"]
    assert container["env"] == ["odd", A_IS_1]


@pytest.mark.parametrize(
    ("volumes", "operator", "expected"),
    [
        ([], "graphgate", ["kfserving-pvc-source"]),
        ([("kfserving-pvc-source", "other")], "graphgate", ["classifier-pvc-source"]),
        ([("mine", "claim")], "graphgate", []),
        ([("mine", "claim")], "seldon", ["kfserving-pvc-source"]),
        ([("kfserving-pvc-source", "other")], "seldon", ["kfserving-pvc-source"]),
    ],
)
def test_a_claim_gets_a_volume_unless_the_author_has_one_of_it(
    volumes: list[tuple[str, str]], operator: Any, expected: list[str]
) -> None:
    written = [
        {"name": name, "persistentVolumeClaim": {"claimName": claim}} for name, claim in volumes
    ]
    document = with_pod(volumes=written)
    document["spec"]["predictors"][0]["graph"]["modelUri"] = "pvc://claim/iris"
    pod = pod_of(document, RenderOptions(operator=operator), Facts(operator=operator))
    added = [
        (volume["name"], volume["persistentVolumeClaim"]["claimName"])
        for volume in pod["volumes"]
        if "persistentVolumeClaim" in volume and volume not in written
    ]
    assert added == [(name, "claim") for name in expected]
    read_from = [m["name"] for m in pod["initContainers"][0]["volumeMounts"]]
    assert read_from == ["classifier-provision-location", *(expected or ["mine"])]


def test_an_initializer_that_the_author_brings_is_the_only_one() -> None:
    def change(document: dict[str, Any]) -> None:
        predictor = document["spec"]["predictors"][0]
        predictor["graph"]["modelUri"] = "gs://models/iris"
        predictor["componentSpecs"][0]["spec"]["initContainers"] = [
            {"name": "classifier-model-initializer", "image": "mine"}
        ]

    pod = pod_of(minimal(change))
    assert [container["image"] for container in pod["initContainers"]] == ["mine"]
    assert pod["containers"][0]["volumeMounts"][1] == {
        "name": "classifier-provision-location",
        "mountPath": "/mnt/models",
        "readOnly": True,
    }


def test_one_claim_of_two_models_is_one_volume() -> None:
    def change(document: dict[str, Any]) -> None:
        predictor = document["spec"]["predictors"][0]
        del predictor["componentSpecs"]
        predictor["graph"] = {
            "name": "one",
            "implementation": "SKLEARN_SERVER",
            "modelUri": "pvc://claim/one",
            "children": [
                {"name": "two", "implementation": "SKLEARN_SERVER", "modelUri": "pvc://claim"}
            ],
        }

    volumes = pod_of(minimal(change))["volumes"]
    assert [volume["name"] for volume in volumes if "persistentVolumeClaim" in volume] == [
        "kfserving-pvc-source"
    ]


def test_probes_ask_the_port_that_the_node_is_called_on() -> None:
    (container,) = pod_of(with_graph(endpoint={"type": "GRPC"}))["containers"]
    assert container["readinessProbe"]["tcpSocket"] == {"port": 9500}
    assert container["env"][0] == {"name": "PREDICTIVE_UNIT_SERVICE_PORT", "value": "9500"}


def test_a_port_number_that_is_there_under_another_name_is_not_named_again() -> None:
    def change(document: dict[str, Any]) -> None:
        container = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"][0]
        container["ports"] = [{"name": "web", "containerPort": 9000}]

    (container,) = pod_of(minimal(change))["containers"]
    assert [(port["name"], port["containerPort"]) for port in container["ports"]] == [
        ("web", 9000),
        ("grpc", 9500),
        ("metrics", 6000),
    ]


def test_a_service_whose_ports_would_be_equal_has_one() -> None:
    def change(document: dict[str, Any]) -> None:
        container = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"][0]
        container["ports"] = [{"name": "http", "containerPort": 9500}]

    service = render(parse(minimal(change)))[1]
    assert [port["name"] for port in service.object["spec"]["ports"]] == ["http"]


@pytest.mark.parametrize(
    ("spec", "of_object", "ip"),
    [
        (None, "true", "None"),
        ("false", "true", None),
        ("yes", None, "None"),
        ("", None, None),
        (None, None, None),
    ],
)
def test_a_service_without_an_address_is_asked_for_on_the_spec_or_else_the_object(
    spec: str | None, of_object: str | None, ip: str | None
) -> None:
    def change(document: dict[str, Any]) -> None:
        key = "seldon.io/headless-svc"
        document["spec"]["annotations"] = {key: spec}
        document["metadata"]["annotations"] = {key: of_object}

    service = render(parse(minimal(change)))[-1]
    assert service.object["spec"].get("clusterIP") == ip


def two_predictors(document: dict[str, Any]) -> None:
    """Give each predictor the containers a and b; the second one's b serves no node."""
    containers = [{"name": "a", "image": "i"}, {"name": "b", "image": "i"}]
    document["spec"]["predictors"] = [
        {
            "name": name,
            "componentSpecs": [{"spec": {"containers": containers}}],
            "graph": graph,
        }
        for name, graph in (
            ("one", {"name": "a", "children": [{"name": "b"}]}),
            ("two", {"name": "a"}),
        )
    ]


def test_ports_go_by_container_name_over_all_predictors_and_metrics_by_container() -> None:
    assert [
        (slot.name, slot.http_port, slot.grpc_port, slot.metrics_port)
        for placement in layout_predictors(parse(minimal(two_predictors)))
        for pod in placement.pods
        for slot, _ in pod.node_slots
    ] == [("a", 9000, 9500, 6000), ("b", 9001, 9501, 6001), ("a", 9000, 9500, 6002)]


@pytest.mark.parametrize("raw", [True, "2", 2.5, None])
def test_replicas_that_are_no_number_are_left_to_the_next_who_says_one(raw: object) -> None:
    document = with_predictor(replicas=raw)
    document["spec"]["replicas"] = 4
    assert render(parse(document))[0].object["spec"]["replicas"] == 4


@pytest.mark.parametrize(
    "change",
    [
        lambda predictor: predictor.pop("componentSpecs"),
        lambda predictor: predictor.update(componentSpecs=[{"spec": {"containers": []}}]),
        lambda predictor: predictor.update(componentSpecs=[{"hpaSpec": {"maxReplicas": 2}}]),
    ],
)
def test_a_predictor_without_containers_stands_for_nothing(
    change: Callable[[dict[str, Any]], object],
) -> None:
    document = minimal(lambda whole: change(whole["spec"]["predictors"][0]))
    assert render(parse(document), ENGINE) == ()


def test_one_component_in_the_place_of_the_list_is_the_first_one() -> None:
    document = with_predictor()
    rendered = render(parse(document), DEFAULT_OPTIONS, Facts())
    (predictor,) = document["spec"]["predictors"]
    (predictor["componentSpecs"],) = predictor["componentSpecs"]
    again = render(parse(document), DEFAULT_OPTIONS, Facts())
    assert [each.name for each in again] == [each.name for each in rendered]


def test_a_document_of_another_type_stands_for_nothing() -> None:
    values: list[Any] = [None, [], "x", 3, {}]
    assert [render(parse(value)) for value in values] == [()] * 5


def orchestrator_variables(document: dict[str, Any]) -> dict[str, str]:
    containers = pod_of(document, ENGINE)["containers"]
    (orchestrator,) = (c for c in containers if c["name"] == "seldon-container-engine")
    return {variable["name"]: variable["value"] for variable in orchestrator["env"]}


def test_a_text_that_is_no_unicode_reaches_the_orchestrator_as_a_question_mark() -> None:
    container = pod_of(with_predictor(annotations={"note": "half \ud800"}), ENGINE)["containers"][1]
    (told,) = (v["value"] for v in container["env"] if v["name"] == "ENGINE_PREDICTOR")
    assert json.loads(base64.b64decode(told))["annotations"] == {"note": "half ?"}


def test_the_orchestrator_reads_all_that_a_node_says_of_itself() -> None:
    said = {
        "methods": ["TRANSFORM_INPUT"],
        "parameters": [{"name": "a", "value": "1", "type": "INT"}],
        "modelUri": "gs://models.example/iris",
        "logger": {"mode": "request", "url": "http://log.example"},
    }
    predictor = orchestrator_variables(with_graph(type=None, **said))["ENGINE_PREDICTOR"]
    graph = json.loads(base64.b64decode(predictor))["graph"]
    assert {field: graph.get(field) for field in said} == said


@pytest.mark.parametrize(
    ("node", "role"),
    [
        ({}, "MODEL"),
        ({"methods": ["ROUTE"]}, None),
        ({"methods": []}, None),
        ({"implementation": "SIMPLE_ROUTER"}, None),
        ({"type": "ROUTER"}, "ROUTER"),
    ],
)
def test_a_node_that_says_nothing_else_is_a_model(node: dict[str, Any], role: str | None) -> None:
    document = with_graph(**{"type": None, **node})
    predictor = orchestrator_variables(document)["ENGINE_PREDICTOR"]
    assert json.loads(base64.b64decode(predictor))["graph"].get("type") == role


@pytest.mark.parametrize(("endpoint", "port"), [("GRPC", "grpcPort"), ("REST", "httpPort")])
def test_the_orchestrator_is_told_how_a_node_is_called(endpoint: str, port: str) -> None:
    document = with_graph(endpoint={"type": endpoint})
    predictor = orchestrator_variables(document)["ENGINE_PREDICTOR"]
    told = json.loads(base64.b64decode(predictor))["graph"]["endpoint"]
    assert (told["type"], told["service_port"]) == (endpoint, told[port])
    assert told["httpPort"] != told["grpcPort"]


NOBODY_S_POD = {
    "graph": {
        "name": "m",
        "implementation": "SKLEARN_SERVER",
        "modelUri": "gs://models.example/iris",
    },
    "componentSpecs": [],
}


@pytest.mark.parametrize(
    ("default", "facts", "user"),
    [(None, Facts(), 7777), (8888, Facts(), None), (None, Facts(openshift=True), None)],
)
def test_the_orchestrator_of_a_pod_that_nobody_wrote_has_a_user(
    default: int | None, facts: Facts, user: int | None
) -> None:
    options = RenderOptions(
        orchestrator=OrchestratorOptions("executor:1", user=7777),
        defaults=DefaultingOptions(run_as_user=default),
    )
    containers = pod_of(with_predictor(**NOBODY_S_POD), options, facts)["containers"]
    (orchestrator,) = (c for c in containers if c["name"] == "seldon-container-engine")
    assert orchestrator["securityContext"] == {
        **HARD,
        "runAsNonRoot": True,
        **({} if user is None else {"runAsUser": user}),
    }


@pytest.mark.parametrize(("written", "namespace"), [("team", "team"), (None, "default")])
def test_tempo_is_told_the_namespace(written: str | None, namespace: str) -> None:
    document = with_predictor(
        graph={"name": "m", "implementation": "TEMPO_SERVER", "modelUri": "gs://models.example/m"},
        componentSpecs=[],
    )
    document["spec"]["protocol"] = "v2"
    document["metadata"]["namespace"] = written
    (server, *_) = pod_of(document)["containers"]
    (told,) = (v["value"] for v in server["env"] if v["name"] == "TEMPO_RUNTIME_OPTIONS")
    assert json.loads(told)["k8s_options"]["namespace"] == namespace


@pytest.mark.parametrize(
    ("operator", "protocol", "image"),
    [
        ("graphgate", None, "registry.example/v2:1"),
        ("graphgate", "seldon", "registry.example/v2:1"),
        ("graphgate", "v2", "registry.example/v2:1"),
        ("seldon", None, "registry.example/seldon:1"),
        ("seldon", "seldon", "registry.example/seldon:1"),
        ("seldon", "kfserving", "registry.example/v2:1"),
    ],
)
def test_triton_speaks_v2_whatever_the_object_says_but_under_seldon_s_operator(
    operator: Any, protocol: str | None, image: str
) -> None:
    server = {"name": "m", "implementation": "TRITON_SERVER", "modelUri": "gs://models/m"}
    document = with_predictor(componentSpecs=[], graph=server)
    document["spec"]["protocol"] = protocol
    images = {
        name: {"image": f"registry.example/{name}", "defaultImageVersion": "1"}
        for name in ("seldon", "v2")
    }
    facts = Facts(operator=operator, model_servers={"TRITON_SERVER": {"protocols": images}})
    (container, *_) = pod_of(document, RenderOptions(operator=operator), facts)["containers"]
    assert container["image"] == image


OLD_MOUNT = {"name": "podinfo", "mountPath": "/etc/podinfo"}


@pytest.mark.parametrize(("operator", "kept"), [("graphgate", True), ("seldon", False)])
def test_an_old_mount_of_a_volume_of_the_pod_is_kept_by_us_alone(operator: Any, kept: bool) -> None:
    container = {"name": "classifier", "image": "i", "volumeMounts": [OLD_MOUNT]}
    document = with_pod(containers=[container], volumes=[{"name": "podinfo", "emptyDir": {}}])
    options = RenderOptions(operator=operator)
    (first, *_) = pod_of(document, options, Facts(operator=operator))["containers"]
    assert (OLD_MOUNT in first["volumeMounts"]) is kept
    without = with_pod(containers=[container])
    (first, *_) = pod_of(without, options, Facts(operator=operator))["containers"]
    assert OLD_MOUNT not in first["volumeMounts"]


def test_only_the_old_mount_is_taken_out() -> None:
    other = {"name": "models", "mountPath": "/models"}
    container = {"name": "classifier", "image": "i", "volumeMounts": [other, OLD_MOUNT, "odd"]}
    document = with_pod(containers=[container], volumes=[{"name": "models", "emptyDir": {}}])
    (first, *_) = pod_of(document)["containers"]
    named = [m["name"] for m in first["volumeMounts"] if type(m) is dict]
    assert named == ["models", "seldon-podinfo"]


def test_deployments_alone_are_those_among_all_objects() -> None:
    explainer = {"type": "AnchorTabular", "modelUri": "gs://models.example/e"}
    view = parse(with_predictor(explainer=explainer))
    everything = render(view, ENGINE)
    assert {rendered.kind for rendered in everything} > {"Deployment"}
    assert [r.object for r in render(view, ENGINE, only_deployments=True)] == [
        r.object for r in everything if r.kind == "Deployment"
    ]


@pytest.mark.parametrize(
    ("written", "rendered"),
    [
        ({"serviceAccount": "old"}, {"serviceAccountName": "old"}),
        (
            {"serviceAccount": "old", "serviceAccountName": "new"},
            {"serviceAccountName": "new"},
        ),
        ({"serviceAccount": ""}, {"serviceAccount": ""}),
    ],
)
def test_the_old_name_of_the_account_is_rendered_as_the_one_that_counts(
    written: dict[str, Any], rendered: dict[str, Any]
) -> None:
    spec = pod_of(with_pod(**written))
    assert {field: spec[field] for field in spec if field.startswith("serviceAccount")} == rendered


def test_seldons_operator_copies_the_old_name_of_the_account() -> None:
    spec = pod_of(with_pod(serviceAccount="old"), RenderOptions(operator="seldon"))
    assert spec["serviceAccount"] == "old"
