"""graphgate on a cluster whose definition is structural and strict, as Seldon Core's own is.

Our own making, with the limits that are known of the other: eleven levels of nodes, every field
named, nothing preserved. What the API server drops or refuses by itself, graphgate never sees.
"""

import json
from typing import Any

import pytest
import yaml

from tests.apiserver.installed import CRD, Installed
from tests.documents_of import minimal, with_graph, with_predictor
from tools.control_plane.run import ControlPlane
from webhook.graph import schema

LEVELS = 11


def text(**more):
    return {"type": "string", **more}


def node(levels):
    """The schema of a node with `levels` levels, itself included."""
    properties = {
        "name": text(),
        "type": text(),
        "implementation": text(),
        "modelUri": text(),
        "methods": {"type": "array", "items": text()},
        "endpoint": {"type": "object", "properties": {"type": text()}},
    }
    if levels > 1:
        properties["children"] = {"type": "array", "items": node(levels - 1)}
    return {"type": "object", "required": ["name"], "properties": properties}


def structural():
    """Our definition with a structural schema in place of the open one."""
    crd = yaml.safe_load(CRD.read_text())
    pod = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    predictor = {
        "type": "object",
        "required": ["name", "graph"],
        "properties": {
            "name": text(),
            "replicas": {"type": "integer", "format": "int32"},
            "traffic": {"type": "integer", "format": "int32"},
            "graph": node(LEVELS),
            "componentSpecs": {
                "type": "array",
                "items": {"type": "object", "properties": {"spec": pod}},
            },
        },
    }
    spec = {
        "type": "object",
        "required": ["predictors"],
        "properties": {
            "name": text(),
            "replicas": {"type": "integer"},
            "predictors": {"type": "array", "items": predictor},
        },
    }
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    for version in crd["spec"]["versions"]:
        version["schema"] = {
            "openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": status}}
        }
    return yaml.safe_dump(crd)


@pytest.fixture(scope="module")
def strict(binaries, tmp_path_factory):
    """A control plane of its own, with graphgate and the structural definition."""
    folder = tmp_path_factory.mktemp("strict")
    definition = folder / "crd.yaml"
    definition.write_text(structural())
    with ControlPlane.start(binaries, controllers=False) as plane:
        graphgate = Installed(plane, folder, crd=definition)
        yield plane
        graphgate.stop()


def apply(plane, document, *flags):
    document["metadata"]["namespace"] = "default"
    return plane.kubectl("apply", *flags, "-f", "-", input=json.dumps(document), check=False)


def test_a_valid_object_is_stored_with_its_default(strict):
    assert apply(strict, minimal()).returncode == 0
    user = strict.kubectl(
        *("get", "sdep", "iris", "-n", "default", "-o"),
        "jsonpath={.spec.predictors[0].componentSpecs[0].spec.securityContext.runAsUser}",
    ).stdout
    assert user == "8888"


def test_what_passes_the_strict_check_is_explained_by_us(strict):
    reported = apply(strict, with_graph(name="clasifier", type="MODLE")).stderr
    assert "[missing-container]" in reported
    assert "[unknown-node-type]" in reported


def test_a_wrong_type_is_explained_by_us_before_the_schema_refuses_it(strict):
    assert "[wrong-type]" in apply(strict, with_predictor(replicas="1")).stderr


def test_an_unknown_field_is_refused_by_the_api_server_before_us(strict):
    reported = apply(strict, with_graph(zzz=1)).stderr
    assert 'strict decoding error: unknown field "spec.predictors[0].graph.zzz"' in reported


def test_a_graph_of_eleven_levels_is_stored_whole(strict):
    graph: Any = None
    for level in range(LEVELS, 0, -1):
        graph = {"name": f"n{level}", **({"children": [graph]} if graph else {})}
    containers = [{"name": f"n{level}", "image": "i"} for level in range(1, LEVELS + 1)]
    document = with_predictor(graph=graph, componentSpecs=[{"spec": {"containers": containers}}])
    document["metadata"]["name"] = "deep"
    assert apply(strict, document).returncode == 0


def test_the_open_definition_of_ours_knows_every_field_of_a_node():
    known = set(schema.known_fields(("spec", "predictors", 0, "graph")))
    assert set(node(2)["properties"]) <= known
