"""What is drawn, in which format, and that each format is what its own readers take."""

import re
import shutil
import subprocess
from xml.etree import ElementTree

import pytest

from tests import patience
from tests.documents_of import minimal, with_graph
from tests.picture.graphs import bush, chain, fan, hostile
from tests.seeds import ROOT, SEEDS
from webhook.engine.evaluated_object import read_object
from webhook.graph.cluster_facts import NO_FACTS
from webhook.graph.finding import Finding
from webhook.graph.path import Path
from webhook.lint.lint import find_in_document
from webhook.picture import Mark, build_picture, dot, mermaid, svg, tree
from webhook.settings.model import read_settings
from webhook.yamldoc import read

SETTINGS = read_settings()
LARGE = {
    "chain": chain(100),
    "fan": fan(185),
    "bush": bush(185, 5),
    "deep bush": bush(185, 20),
    "hostile": hostile(),
}
# Those of manifests/examples/gateway are about what surrounds a graph.
EXAMPLES = [
    *sorted((ROOT / "manifests" / "examples").glob("*.yaml")),
    *sorted(SEEDS.rglob("*.yaml")),
]
SVG = "{http://www.w3.org/2000/svg}"


def draw(document, *findings):
    return build_picture(read_object(document, SETTINGS, NO_FACTS), findings)


def draw_file(file):
    (document,) = read(file.read_text()).documents
    findings = find_in_document(document, SETTINGS, NO_FACTS) or []
    return build_picture(read_object(document.value, SETTINGS, NO_FACTS), findings)


def example(name):
    return draw_file(ROOT / "manifests" / "examples" / f"{name}.yaml")


def fault(*segments):
    return "deny", Finding(Path(segments), "it is wrong", rule_id="some-rule")


PREDICTOR = ("spec", "predictors", 0)
MARKS = (Mark("deny", "some-rule", "it is wrong"),)


def test_a_node_says_what_it_is_and_where_it_runs():
    (predictor,) = example("explainer").predictors
    node = predictor.graph
    assert (node.name, node.type, node.implementation) == ("income", "MODEL", "SKLEARN_SERVER")
    assert node.model_uri == "gs://seldon-models/sklearn/income/model-0.23.2"
    own, explainer = predictor.deployments
    assert (own.name, [c.name for c in own.containers]) == (
        "explainer-main-0-income",
        ["income", "seldon-container-engine"],
    )
    assert predictor.explainer.deployment == 1
    assert explainer.name == "explainer-main-explainer"


def test_predictors_have_their_traffic_and_say_that_they_are_shadows():
    assert [(p.traffic, p.shadow) for p in example("canary").predictors] == [
        (90, False),
        (10, False),
    ]
    assert [p.shadow for p in example("shadow").predictors] == [False, True]


def test_what_the_orchestrator_runs_has_no_container():
    graph = example("ab-test").predictors[0].graph
    assert (graph.implementation, graph.deployment, graph.is_builtin) == (
        "RANDOM_ABTEST",
        None,
        True,
    )


def test_a_finding_is_drawn_at_the_node_that_it_is_in():
    picture = draw(minimal(), fault(*PREDICTOR, "graph", "endpoint", "type"))
    assert picture.predictors[0].graph.marks == MARKS


def test_a_finding_in_a_container_is_drawn_at_the_node_that_it_runs():
    place = (*PREDICTOR, "componentSpecs", 0, "spec", "containers", 0, "env", 3)
    assert draw(minimal(), fault(*place)).predictors[0].graph.marks == MARKS


def test_a_finding_in_a_sidecar_is_drawn_at_its_deployment():
    def add_sidecar(document):
        pod = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
        pod["containers"].append({"name": "logger", "image": "x"})

    place = (*PREDICTOR, "componentSpecs", 0, "spec", "containers", 1, "image")
    (predictor,) = draw(minimal(add_sidecar), fault(*place)).predictors
    assert predictor.deployments[0].containers[1].marks == MARKS
    assert predictor.graph.marks == ()


@pytest.mark.parametrize("place", [("spec", "replicas"), ("metadata", "name"), ()])
def test_other_findings_are_drawn_at_the_object(place):
    assert draw(minimal(), fault(*place)).marks == MARKS


def test_a_finding_in_no_node_is_drawn_at_the_predictor():
    assert draw(minimal(), fault(*PREDICTOR, "traffic")).predictors[0].marks == MARKS


def test_every_finding_of_every_file_is_drawn_once():
    for file in EXAMPLES:
        (document,) = read(file.read_text()).documents
        findings = find_in_document(document, SETTINGS, NO_FACTS) or []
        picture = build_picture(read_object(document.value, SETTINGS, NO_FACTS), findings)
        marks = list(picture.marks)
        for predictor in picture.predictors:
            marks += predictor.marks
            marks += predictor.explainer.marks if predictor.explainer else ()
            for node in predictor.nodes():
                marks += node.marks
            for deployment in predictor.deployments:
                marks += deployment.marks
                marks += [mark for each in deployment.containers for mark in each.marks]
        assert sorted(m.message for m in marks) == sorted(f.message for _, f in findings)


@pytest.mark.parametrize("value", [None, [], {}, {"spec": 3}, {"spec": {"predictors": [{}]}}])
def test_every_value_can_be_drawn_in_every_format(value):
    picture = draw(value)
    assert tree.write(picture)
    assert ElementTree.fromstring(svg.write([picture])) is not None
    assert mermaid.write([picture]).startswith("flowchart")
    assert dot.write([picture]).startswith("digraph")


def test_no_name_is_a_directive_of_mermaid():
    """Mermaid takes "%%{init: …}%%" wherever it is, also out of a text in quotes."""
    directive = "%%{init: {'themeCSS': '.deny { display: none }'}}%%"
    document = with_graph(name=directive)
    document["metadata"]["name"] = directive
    assert re.search(r"%%\s*\{", mermaid.write([draw(document)])) is None


def test_the_tree_of_a_faulty_graph():
    assert tree.write(draw(minimal(), fault(*PREDICTOR, "graph")), width=60) == (
        "models/iris\n"
        "└─ predictor main\n"
        "   ├─ classifier  MODEL\n"
        "   │  container classifier in Deployment 1\n"
        "   │  ✗ some-rule: it is wrong\n"
        "   └─ Deployment 1: iris-main-0-classifier\n"
        "      containers classifier, seldon-container-engine\n"
    )


@pytest.mark.parametrize("name", LARGE)
@pytest.mark.parametrize("width", [40, 60, 80])
def test_the_tree_fits_the_terminal(name, width):
    lines = tree.write(draw(LARGE[name]), width=width).splitlines()
    assert max(map(len, lines)) <= width
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("name", [name for name in LARGE if name != "hostile"])
def test_the_tree_names_every_node(name):
    picture = draw(LARGE[name])
    names = {node.name for node in picture.predictors[0].nodes()}
    assert names <= set(re.findall(r"node-[0-9]+", tree.write(picture, width=60)))


@pytest.mark.parametrize("name", LARGE)
def test_the_tree_can_be_ascii_only(name):
    assert tree.write(draw(LARGE[name]), glyphs=tree.ASCII).isascii()


def test_more_findings_than_are_shown_are_counted():
    findings = [fault(*PREDICTOR, "graph", str(number)) for number in range(5)]
    assert "2 more findings" in tree.write(draw(minimal(), *findings))


@pytest.mark.parametrize("name", LARGE)
def test_svg_holds_nothing_but_shapes_and_texts(name):
    root = ElementTree.fromstring(svg.write([draw(LARGE[name])]))
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "title", "style", "g", "rect", "path", "text",
    }  # fmt: skip
    attributes = {key for element in root.iter() for key in element.attrib}
    assert not {key for key in attributes if key.startswith("on") or "href" in key}


@pytest.mark.parametrize("name", [name for name in LARGE if name != "hostile"])
def test_boxes_of_an_svg_do_not_overlap_and_stay_inside(name):
    root = ElementTree.fromstring(svg.write([draw(LARGE[name])]))
    boxes = [
        tuple(float(rect.attrib[key]) for key in ("x", "y", "width", "height"))
        for rect in root.iter(f"{SVG}rect")
        if rect.get("class", "").split()[0] == "b"
    ]
    assert len(boxes) == len(list(draw(LARGE[name]).predictors[0].nodes()))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    assert all(x + w <= width and y + h <= height for x, y, w, h in boxes)
    boxes.sort(key=lambda box: box[1])
    for number, (x, y, w, h) in enumerate(boxes):
        for other_x, other_y, other_w, _ in boxes[number + 1 :]:
            apart = other_y >= y + h or other_x >= x + w or x >= other_x + other_w
            assert apart


def test_a_deep_graph_is_drawn_downwards():
    root = ElementTree.fromstring(svg.write([draw(chain(100))]))
    assert float(root.attrib["width"]) < 1200


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_every_example_is_drawn_in_the_docs(file):
    if file.parent != SEEDS:
        assert f"graphs/{file.stem}.svg" in (ROOT / "docs" / "graphs.md").read_text()


GRAPHVIZ = shutil.which("dot") or ""


@pytest.mark.skipif(not GRAPHVIZ, reason="needs Graphviz (Debian: apt-get install graphviz)")
@pytest.mark.parametrize("name", LARGE)
def test_graphviz_reads_dot(name):
    drawn = subprocess.run(
        [GRAPHVIZ, "-Tsvg"],
        input=dot.write([draw(LARGE[name])]).encode(),
        capture_output=True,
        check=True,
        timeout=patience.SECONDS,
    )
    assert drawn.stderr == b""
    nodes = list(draw(LARGE[name]).predictors[0].nodes())
    labels = "".join(ElementTree.fromstring(drawn.stdout).itertext())
    assert all(node.name[:20] in labels for node in nodes[:3])
