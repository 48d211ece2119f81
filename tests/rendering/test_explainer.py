"""The explainer's container: what it is told, and how its author's fields go before ours."""

import json
from typing import Any

import pytest

from tests.documents_of import with_predictor
from webhook.graph.cluster_facts import Facts
from webhook.graph.parse import parse
from webhook.rendering.options import DEFAULT_OPTIONS, RenderOptions
from webhook.rendering.render import render

IMAGES = {"image": "explainer:1", "image_v2": "mlserver:1"}


def deployment_of(explainer: Any, spec: Any = None, **predictor: Any) -> Any:
    document = with_predictor(explainer=explainer, **predictor)
    document["spec"].update(spec or {})
    facts = Facts(explainer_images=IMAGES)
    rendered = render(parse(document), DEFAULT_OPTIONS, facts)
    (found,) = (
        each for each in rendered if each.kind == "Deployment" and each.name.endswith("-explainer")
    )
    return found.object


def container_of(explainer: Any, spec: Any = None, **predictor: Any) -> Any:
    pod = deployment_of(explainer, spec, **predictor)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    return container


def environment_of(container: Any) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container["env"]}


HOST = "iris-main.models"


def test_an_explainer_is_told_where_its_predictor_is() -> None:
    assert container_of({"type": "AnchorTabular"})["args"] == [
        "--model_name=classifier",
        f"--predictor_host={HOST}:8000",
        "--protocol=seldon.http",
        "--http_port=9000",
        "AnchorTabular",
    ]


@pytest.mark.parametrize(
    ("explainer", "spec", "args"),
    [
        pytest.param(
            {"type": "AnchorImages"}, {}, ["AnchorImages", "--tf_data_type=float32"], id="images"
        ),
        pytest.param(
            {
                "type": "ALE",
                "modelUri": "gs://a/b",
                "config": {"b": "gs://a/b/c", "a": "1", "c": 7},
            },
            {},
            ["--storage_uri=/mnt/models", "ALE", "--a=1", "--b=/mnt/models/c"],
            id="files below the model and options in order",
        ),
        pytest.param(
            {"type": "ALE", "config": {"b": "gs://a/b"}}, {}, ["ALE", "--b=gs://a/b"], id="no model"
        ),
    ],
)
def test_options_of_an_explainer_are_arguments(explainer: Any, spec: Any, args: list[str]) -> None:
    assert container_of(explainer, spec)["args"][4:] == args


@pytest.mark.parametrize(
    ("explainer", "spec"),
    [({"endpoint": {"type": "GRPC"}}, {}), ({}, {"transport": "grpc"})],
)
def test_a_predictor_of_grpc_is_called_by_grpc(explainer: Any, spec: Any) -> None:
    args = container_of({"type": "ALE", **explainer}, spec)["args"]
    assert args[1:3] == [f"--predictor_host={HOST}:5001", "--protocol=seldon.grpc"]


@pytest.mark.parametrize(
    ("explainer", "port"),
    [
        ({}, 9000),
        ({"endpoint": {"service_port": 7}}, 7),
        ({"containerSpec": {"ports": [{"name": "http", "containerPort": 8}]}}, 8),
        (
            {
                "endpoint": {"service_port": 7},
                "containerSpec": {
                    "ports": [
                        {"name": "metrics", "containerPort": 6},
                        {"name": "http"},
                        {"name": "http", "containerPort": 8},
                    ]
                },
            },
            8,
        ),
    ],
)
def test_a_port_is_the_containers_or_else_the_endpoints(explainer: Any, port: int) -> None:
    container = container_of({"type": "ALE", **explainer})
    assert f"--http_port={port}" in container["args"]
    assert any(
        each.get("name") == "http" and each.get("containerPort") == port
        for each in container["ports"]
    )


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("AnchorTabular", "anchor_tabular"),
        ("AnchorImages", "anchor_image"),
        ("AnchorText", "anchor_text"),
        ("Counterfactuals", "counterfactuals"),
        ("Contrastive", "contrastive"),
        ("KernelShap", "kernel_shap"),
        ("IntegratedGradients", "integrated_gradients"),
        ("ALE", "ALE"),
        ("TreeShap", "tree_shap"),
        ("anchor_tabular", "anchor_tabular"),
    ],
)
def test_mlserver_has_words_of_its_own_for_the_types(kind: str, word: str) -> None:
    container = container_of({"type": kind}, {"protocol": "v2"})
    assert "args" not in container
    assert json.loads(environment_of(container)["MLSERVER_MODEL_EXTRA"]) == {
        "explainer_type": word,
        "infer_uri": f"http://{HOST}:8000/v2/models/classifier/infer",
    }


def test_mlserver_is_told_the_rest_by_its_environment() -> None:
    container = container_of(
        {"type": "ALE", "modelUri": "gs://a", "initParameters": '{"a": [1]}'},
        {"protocol": "kfserving"},
    )
    found = environment_of(container)
    assert json.loads(found.pop("MLSERVER_MODEL_EXTRA"))["init_parameters"] == {"a": [1]}
    assert found == {
        "MLSERVER_HTTP_PORT": "9000",
        "MLSERVER_MODEL_IMPLEMENTATION": "mlserver_alibi_explain.AlibiExplainRuntime",
        "MLSERVER_MODEL_NAME": "iris-main-explainer",
        "MLSERVER_MODEL_URI": "/mnt/models",
    }


@pytest.mark.parametrize("written", ["", "{", "[" * 100_000])
def test_parameters_that_cannot_be_read_are_left_out(written: str) -> None:
    container = container_of({"type": "ALE", "initParameters": written}, {"protocol": "v2"})
    assert "init_parameters" not in environment_of(container)["MLSERVER_MODEL_EXTRA"]


@pytest.mark.parametrize(
    ("protocol", "image"),
    [("seldon", "explainer:1"), ("v2", "mlserver:1"), ("kfserving", "mlserver:1")],
)
def test_the_image_is_the_clusters_unless_the_author_has_one(protocol: str, image: str) -> None:
    spec = {"protocol": protocol}
    assert container_of({"type": "ALE"}, spec)["image"] == image
    own = {"type": "ALE", "containerSpec": {"name": "e", "image": "own:1"}}
    assert container_of(own, spec)["image"] == "own:1"


def test_what_the_author_wrote_goes_before_what_is_filled_in() -> None:
    written = {"name": "e", "imagePullPolicy": "Never", "args": ["mine"], "livenessProbe": {}}
    container = container_of({"type": "ALE", "containerSpec": written})
    assert {key: container[key] for key in written} == written
    assert container["readinessProbe"]["tcpSocket"] == {"port": 9000}
    assert container_of({"type": "ALE"})["imagePullPolicy"] == "IfNotPresent"


@pytest.mark.parametrize(
    ("predictor", "explainer", "replicas"),
    [
        ({}, {}, None),
        ({}, {"replicas": 2}, 2),
        ({"replicas": 0}, {"replicas": 2}, 0),
        ({"replicas": 3}, {}, None),
    ],
)
def test_an_explainer_of_a_predictor_that_is_off_is_off(
    predictor: Any, explainer: Any, replicas: int | None
) -> None:
    found = deployment_of({"type": "ALE", **explainer}, **predictor)
    assert found["spec"].get("replicas") == replicas


@pytest.mark.parametrize(
    ("operator", "protocol", "is_kept"),
    [
        ("graphgate", "v2", True),
        ("graphgate", "seldon", True),
        ("seldon", "v2", False),
        ("seldon", "seldon", True),
    ],
)
def test_seldons_operator_gives_mlserver_its_own_variables_alone(
    operator: Any, protocol: str, is_kept: bool
) -> None:
    own = {"name": "e", "env": [{"name": "MINE", "value": "a"}]}
    document = with_predictor(explainer={"type": "ALE", "containerSpec": own})
    document["spec"]["protocol"] = protocol
    facts = Facts(explainer_images=IMAGES, operator=operator)
    found = render(parse(document), RenderOptions(operator=operator), facts)
    (pod,) = (
        each.object["spec"]["template"]["spec"]
        for each in found
        if each.kind == "Deployment" and each.name.endswith("-explainer")
    )
    names = [each["name"] for each in pod["containers"][0].get("env", ())]
    assert ("MINE" in names) is is_kept


def test_an_explainer_has_its_own_account() -> None:
    pod = deployment_of({"type": "ALE", "serviceAccountName": "a"})["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "a"
