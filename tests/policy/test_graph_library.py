"""What the functions of the graph library give of an object, row by row."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from webhook.cel.values import EvaluationError
from webhook.graph.path import Path
from webhook.policy.cel_graph_library import (
    GRAPH_LIBRARY,
    list_containers,
    list_leaves,
    list_nodes,
    list_orchestrators,
    list_parents,
    list_security_contexts,
)
from webhook.policy.finding_paths import parse_path, parse_paths
from webhook.policy.graph_places import (
    iter_containers,
    list_images,
    list_model_uris,
    list_replicas,
)


def deployment(*predictors: Any, **spec: Any) -> dict[str, Any]:
    return {"spec": {"predictors": list(predictors), **spec}}


def predictor(*components: Any, **more: Any) -> dict[str, Any]:
    return {"name": "main", "graph": {"name": "m"}, "componentSpecs": list(components), **more}


PREDICTOR = "spec.predictors[0]"
COMPONENT = f"{PREDICTOR}.componentSpecs[0]"

TREE: dict[str, Any] = {
    "name": "router",
    "type": "ROUTER",
    "implementation": "RANDOM_ABTEST",
    "children": [{"name": "a", "children": [{"name": "c", "type": "MODEL"}]}, {"name": "b"}],
}


def test_a_node_knows_its_place_in_the_graph() -> None:
    rows = list_nodes(deployment(predictor(graph=TREE)))

    a, b = TREE["children"]
    c = a["children"][0]
    rest = {"implementation": "UNKNOWN_IMPLEMENTATION", "type": "MODEL", "predictor": "main"}
    graph = f"{PREDICTOR}.graph"
    assert rows == [
        {
            **rest,
            "name": "router",
            "type": "ROUTER",
            "implementation": "RANDOM_ABTEST",
            "path": graph,
            "depth": 1,
            "leaf": False,
            "parent": "",
            "children": ["a", "b"],
            "raw": TREE,
        },
        {
            **rest,
            "name": "a",
            "path": f"{graph}.children[0]",
            "depth": 2,
            "leaf": False,
            "parent": "router",
            "children": ["c"],
            "raw": a,
        },
        {
            **rest,
            "name": "c",
            "path": f"{graph}.children[0].children[0]",
            "depth": 3,
            "leaf": True,
            "parent": "a",
            "children": [],
            "raw": c,
        },
        {
            **rest,
            "name": "b",
            "path": f"{graph}.children[1]",
            "depth": 2,
            "leaf": True,
            "parent": "router",
            "children": [],
            "raw": b,
        },
    ]


def test_leaves_and_parents_are_nodes() -> None:
    value = deployment(predictor(graph=TREE), predictor(graph={"name": "a"}))
    nodes = list_nodes(value)

    assert list_leaves(value) == [nodes[2], nodes[3], nodes[4]]
    assert list_parents(value, "c") == [nodes[1]]
    assert list_parents(value, "router") == []


def test_one_child_in_the_place_of_the_list_has_no_index() -> None:
    rows = list_nodes(deployment(predictor(graph={"name": "r", "children": {"name": "a"}})))

    assert [row["path"] for row in rows] == [f"{PREDICTOR}.graph", f"{PREDICTOR}.graph.children"]


@pytest.mark.parametrize(
    "broken", [None, 1, {"name": "p", "graph": None}, {"name": "p", "graph": [{"name": "m"}]}]
)
def test_a_predictor_without_a_graph_hides_no_other(broken: Any) -> None:
    rows = list_nodes(deployment(broken, predictor()))

    assert [row["path"] for row in rows if row["name"] == "m"][-1] == "spec.predictors[1].graph"


def test_containers_stand_in_pods_and_explainers() -> None:
    pod = {
        "initContainers": [{"name": "i"}],
        "containers": [{"name": "m"}, None, {"name": "n"}],
        "ephemeralContainers": [{"name": "e"}],
    }
    value = deployment(predictor({"spec": pod}, explainer={"containerSpec": {"name": "x"}}))

    assert {str(path): raw["name"] for raw, path in iter_containers(value)} == {
        f"{COMPONENT}.spec.initContainers[0]": "i",
        f"{COMPONENT}.spec.containers[0]": "m",
        f"{COMPONENT}.spec.containers[2]": "n",
        f"{COMPONENT}.spec.ephemeralContainers[0]": "e",
        f"{PREDICTOR}.explainer.containerSpec": "x",
    }
    names = [raw["name"] for raw in list_containers(value)]
    assert sorted(names) == ["e", "i", "m", "n", "x"]


def test_a_list_of_containers_beside_spec_is_read_where_it_stands() -> None:
    value = deployment(predictor({"containers": [{"name": "m"}]}))

    assert [str(path) for _, path in iter_containers(value)] == [f"{COMPONENT}.containers[0]"]


def test_an_explainer_without_a_container_has_none() -> None:
    explainers: tuple[Any, ...] = (None, [], {}, {"containerSpec": []})
    for explainer in explainers:
        assert [*iter_containers(deployment(predictor(explainer=explainer)))] == []


def test_the_containers_of_a_node_are_those_of_its_name_in_its_predictor() -> None:
    containers = [{"name": "m", "image": "a"}, {"name": "other", "image": "b"}]
    component = {"spec": {"containers": containers}}
    value = deployment(
        predictor(component), predictor(component, graph={"name": "other"}), predictor()
    )

    assert list_containers(value, "m") == [containers[0]]
    assert list_containers(value, "other") == [containers[1]]
    assert list_containers(value, "nobody") == []
    assert list_containers(deployment(predictor(component)), "other") == []


def test_orchestrators_are_those_that_are_written() -> None:
    value = deployment(
        predictor(svcOrchSpec={"replicas": 2}), predictor(), predictor(svcOrchSpec=None)
    )

    assert list_orchestrators(value) == [{"replicas": 2}]


def test_every_image_is_listed() -> None:
    pod = {
        "containers": [{"name": "m", "image": "m:1"}, {"name": "n"}],
        "volumes": [
            {"name": "v", "image": {"reference": "v:1"}},
            {"name": "w", "image": {}},
            {"name": "x", "emptyDir": {}},
        ],
    }
    value = deployment(
        predictor(
            {"spec": pod},
            graph={"name": "m", "storageInitializerImage": "s:1", "children": [{"name": "n"}]},
            explainer={"storageInitializerImage": "s:2", "containerSpec": {"name": "x"}},
        )
    )

    assert {row["path"]: row["image"] for row in list_images(value)} == {
        f"{COMPONENT}.spec.containers[0].image": "m:1",
        f"{COMPONENT}.spec.containers[1].image": "",
        f"{COMPONENT}.spec.volumes[0].image.reference": "v:1",
        f"{COMPONENT}.spec.volumes[1].image.reference": "",
        f"{PREDICTOR}.graph.storageInitializerImage": "s:1",
        f"{PREDICTOR}.explainer.storageInitializerImage": "s:2",
    }


def test_an_explainers_image_is_listed_where_one_is_written() -> None:
    value = deployment(predictor(explainer={"containerSpec": {"name": "x", "image": "x:1"}}))

    assert list_images(value) == [
        {"image": "x:1", "path": f"{PREDICTOR}.explainer.containerSpec.image"}
    ]


def test_every_model_uri_is_listed() -> None:
    value = deployment(
        predictor(
            graph={"name": "m", "modelUri": "s3://a", "children": [{"name": "n", "modelUri": ""}]},
            explainer={"modelUri": "s3://b"},
        )
    )

    assert list_model_uris(value) == [
        {"uri": "s3://a", "path": f"{PREDICTOR}.graph.modelUri"},
        {"uri": "s3://b", "path": f"{PREDICTOR}.explainer.modelUri"},
    ]


def test_every_number_of_pods_is_listed() -> None:
    component = {
        "replicas": 1,
        "hpaSpec": {"minReplicas": 2, "maxReplicas": 3, "metrics": 9},
        "kedaSpec": {
            "idleReplicaCount": 4,
            "minReplicaCount": 5,
            "maxReplicaCount": 6,
            "fallback": {"replicas": 7, "failureThreshold": 9},
        },
    }
    value = deployment(
        predictor(component, replicas=8, svcOrchSpec={"replicas": 10}, explainer={"replicas": 11}),
        replicas=12,
    )

    assert {row["path"]: row["replicas"] for row in list_replicas(value)} == {
        "spec.replicas": 12,
        f"{PREDICTOR}.replicas": 8,
        f"{PREDICTOR}.svcOrchSpec.replicas": 10,
        f"{PREDICTOR}.explainer.replicas": 11,
        f"{COMPONENT}.replicas": 1,
        f"{COMPONENT}.hpaSpec.minReplicas": 2,
        f"{COMPONENT}.hpaSpec.maxReplicas": 3,
        f"{COMPONENT}.kedaSpec.idleReplicaCount": 4,
        f"{COMPONENT}.kedaSpec.minReplicaCount": 5,
        f"{COMPONENT}.kedaSpec.maxReplicaCount": 6,
        f"{COMPONENT}.kedaSpec.fallback.replicas": 7,
    }


def test_keda_scales_to_100_where_no_maximum_is_written() -> None:
    assert list_replicas(deployment(predictor({"kedaSpec": {}}))) == [
        {"replicas": 100, "path": f"{COMPONENT}.kedaSpec.maxReplicaCount"}
    ]
    assert list_replicas(deployment(predictor({"kedaSpec": []}))) == []


def test_what_is_no_number_is_no_number_of_pods() -> None:
    assert (
        list_replicas(deployment(predictor({"replicas": "2"}, replicas=True), replicas=1.0)) == []
    )
    assert list_replicas({"kind": "Scale", "spec": {"replicas": 3}}) == [
        {"replicas": 3, "path": "spec.replicas"}
    ]


def test_a_security_context_is_the_pods_and_the_containers_own() -> None:
    pod = {
        "securityContext": {"runAsUser": 5, "runAsGroup": 6},
        "containers": [{"name": "m", "securityContext": {"runAsUser": 7, "privileged": True}}],
    }

    assert list_security_contexts(deployment(predictor({"spec": pod}))) == [
        {
            "container": "m",
            "path": f"{COMPONENT}.spec.containers[0]",
            "runAsUser": 7,
            "runAsGroup": 6,
            "runAsNonRoot": None,
            "seccompProfile": None,
            "appArmorProfile": None,
            "seLinuxOptions": None,
            "capabilities": None,
            "privileged": True,
            "allowPrivilegeEscalation": None,
            "readOnlyRootFilesystem": None,
            "procMount": None,
        }
    ]


@pytest.mark.parametrize("name", sorted(GRAPH_LIBRARY.functions))
@pytest.mark.parametrize("value", [{}, {"spec": None}, {"spec": []}, {"spec": "text"}])
def test_an_object_without_a_spec_has_no_rows(name: str, value: Any) -> None:
    more = ("m",) if name in {"graph.parents", "graph.containers"} else ()
    assert GRAPH_LIBRARY.functions[name](value, *more, charge=lambda _: None) == []


def test_a_predictor_without_a_name_has_its_nodes() -> None:
    (row,) = list_nodes(deployment({"graph": {"name": "m"}}))
    assert (row["name"], row["path"]) == ("m", "spec.predictors[0].graph")


@pytest.mark.parametrize("name", sorted(GRAPH_LIBRARY.functions))
@pytest.mark.parametrize("value", [None, 1, "object", [{}]])
def test_a_function_of_the_graph_is_about_objects(name: str, value: Any) -> None:
    arguments = (value, "m") if name == "graph.parents" else (value,)

    with pytest.raises(EvaluationError, match=f"{name}|no such overload"):
        GRAPH_LIBRARY.functions[name](*arguments, charge=lambda _: None)


@pytest.mark.parametrize("function", [list_parents, list_containers])
def test_a_node_is_named_by_a_text(function: Callable[..., Any]) -> None:
    with pytest.raises(EvaluationError):
        function(deployment(predictor()), 1)


@pytest.mark.parametrize("name", GRAPH_LIBRARY.functions)
def test_an_error_names_the_function_that_was_called(name: str) -> None:
    more = ("m",) if name in {"graph.parents", "graph.containers"} else ()
    with pytest.raises(EvaluationError, match=rf"no such overload: {re.escape(name)}\("):
        GRAPH_LIBRARY.functions[name]("text", *more, charge=lambda _: None)


@pytest.mark.parametrize(
    ("predictors", "steps"), [([], 10), ([predictor()], 12), ([predictor(), predictor()], 14)]
)
def test_a_call_costs_ten_steps_and_two_for_each_row(predictors: Any, steps: int) -> None:
    charged: list[int] = []

    GRAPH_LIBRARY.functions["graph.nodes"](deployment(*predictors), charge=charged.append)

    assert charged == [steps]


DOCUMENT = {"spec": {"predictors": [{"name": "a"}], "0": {"x": 1}}}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", ()),
        ("(document)", ()),
        ("spec", ("spec",)),
        ("spec.predictors[0].name", ("spec", "predictors", 0, "name")),
        ("/spec/predictors/0/name", ("spec", "predictors", 0, "name")),
        ("/spec/0/x", ("spec", "0", "x")),
        ('metadata.annotations["a.b/c"]', ("metadata", "annotations", "a.b/c")),
        (r'labels["a\"b\\c"]', ("labels", 'a"b\\c')),
        ("spec.a-b_c9", ("spec", "a-b_c9")),
        ("l[999999999]", ("l", 999999999)),
    ],
)
def test_a_place_is_read_in_either_spelling(text: str, path: tuple[str | int, ...]) -> None:
    assert parse_path(text, DOCUMENT) == Path(path)


@pytest.mark.parametrize(
    "text",
    [
        "spec..name",
        "spec.9",
        "spec[-1]",
        "spec[a]",
        "l[1234567890]",
        'l["a]',
        "a b",
        "ä",
        "/spec/predictors/x",
    ],
)
def test_what_spells_no_place_is_left_out(text: str) -> None:
    assert parse_path(text, DOCUMENT) is None
    assert parse_paths(["spec", text, 1, "/spec", "metadata"], DOCUMENT) == (
        Path(("spec",)),
        Path(("metadata",)),
    )


def test_one_place_needs_no_list() -> None:
    assert parse_paths("spec.replicas", DOCUMENT) == (Path(("spec", "replicas")),)
    assert parse_paths(None, DOCUMENT) == ()
