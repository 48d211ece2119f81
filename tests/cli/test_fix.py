import json

import pytest
import yaml

from tests.documents_of import minimal, with_graph, with_predictor
from tests.seeds import SEEDS

MENDED = """\
apiVersion: machinelearning.seldon.io/v1alpha2
kind: SeldonDeployment
metadata:
  name: seldon-model
spec:
  name: test-deployment
  predictors:
  - componentSpecs:
    - spec:
        containers:
        - name: step-one
          image: seldonio/step_one:1.0
        - name: step-two
          image: seldonio/step_two:1.0
        - name: step-three
          image: seldonio/step_three:1.0
    graph:
      name: step-one
      endpoint:
        type: REST
      type: MODEL
      children:
          - name: step-two
            endpoint:
              type: REST
            type: MODEL
            children:
                - name: step-three
                  endpoint:
                    type: REST
                  type: MODEL
                  children: []
    name: example
    replicas: 1
"""


def test_the_broken_seed_is_mended_and_then_allowed(run):
    ran = run("fix", SEEDS / "three-steps.yaml")
    assert (ran.code, ran.out) == (0, MENDED)
    assert run("check", "-", stdin=ran.out).code == 0


def test_nothing_is_written_unless_asked(run, tmp_path):
    file = tmp_path / "three.yaml"
    file.write_bytes((SEEDS / "three-steps.yaml").read_bytes())
    run("fix", file)
    run("fix", "--diff", file)
    assert file.read_bytes() == (SEEDS / "three-steps.yaml").read_bytes()
    run("fix", "--write", file)
    assert file.read_text() == MENDED


COMMENTED = (
    "# the graph of team a\r\n"
    "kind: SeldonDeployment   # odd order, odd spaces\r\n"
    "apiVersion:   machinelearning.seldon.io/v1\r\n"
    "metadata: {name: iris}\r\n"
    "spec:\r\n"
    "  predictors:\r\n"
    '  - name: "main"\r\n'
    "    # which node\r\n"
    "    graph: {name: 'classifier', type: 'model' } # lower case\r\n"
    "    componentSpecs:\r\n"
    "    - spec:\r\n"
    "        containers:\r\n"
    "        - {image: registry.example/iris:1, name: classifier}"
)


def test_lines_that_no_fix_touches_stay_the_same_to_the_byte(run, tmp_path):
    file = tmp_path / "odd.yaml"
    file.write_bytes(COMMENTED.encode())
    run("fix", "--write", file)
    assert file.read_bytes() == COMMENTED.replace("'model' }", "'MODEL' }").encode()


def test_a_file_with_nothing_to_mend_is_not_touched(run, tmp_path):
    file = tmp_path / "fine.yaml"
    file.write_text(yaml.safe_dump(minimal()))
    before = file.stat().st_mtime_ns
    ran = run("fix", "--write", file)
    assert (ran.code, ran.out, ran.err, file.stat().st_mtime_ns) == (0, "", "", before)


def test_json_is_mended_in_place_too(run):
    ran = run("fix", "-", stdin=json.dumps(with_graph(type="model"), indent=2))
    assert ran.out == json.dumps(with_graph(type="MODEL"), indent=2)


def test_what_cannot_be_mended_keeps_the_exit_code_of_check(run):
    ran = run("fix", "-", stdin=json.dumps(with_graph(name="zzz", type="model")))
    assert (ran.code, '"MODEL"' in ran.out) == (1, True)


def test_a_fix_that_an_anchor_shares_is_refused_and_said(run):
    text = (
        "apiVersion: machinelearning.seldon.io/v1\nkind: SeldonDeployment\n"
        "metadata: {name: iris}\nspec:\n  predictors:\n"
        "  - name: a\n    traffic: 50\n    graph: &graph {name: m, type: model}\n"
        "    componentSpecs: &pods\n    - spec: {containers: [{name: m, image: i}]}\n"
        "  - name: b\n    traffic: 50\n    graph: *graph\n    componentSpecs: *pods\n"
    )
    ran = run("fix", "-", stdin=text)
    assert (ran.code, ran.out) == (1, text)
    assert "not fixed spec.predictors[0].graph.type" in ran.err


def test_a_part_that_cannot_be_read_stays_and_is_named(run):
    text = json.dumps(with_graph(type="model")) + "\n---\na: [1\n"
    ran = run("fix", "-", stdin=text)
    assert (ran.code, ran.out) == (2, text.replace('"model"', '"MODEL"'))
    assert "not read" in ran.err


@pytest.mark.parametrize("arguments", [["--diff", "--write", "x.yaml"], ["--write"]])
def test_flags_that_make_no_sense_are_a_usage_error(run, arguments):
    assert run("fix", *arguments).code == 2


def test_a_rename_follows_every_reference(run):
    document = with_predictor(
        graph={"name": "My_Model"},
        componentSpecs=[{"spec": {"containers": [{"name": "My_Model", "image": "i"}]}}],
    )
    ran = run("fix", "-", stdin=json.dumps(document))
    assert ran.out == json.dumps(document).replace("My_Model", "my-model")


def test_what_is_left_is_said_with_its_reason(run):
    document = with_graph(name="clasifier", type="model")
    document["spec"]["predictors"][0]["graph"]["nonsense"] = 1
    ran = run("fix", "-", stdin=json.dumps(document))
    assert ran.err.splitlines() == [
        '-: fixed spec.predictors[0].graph.type: unknown node type "model"; allowed: UNKNOWN_TYPE, '
        "ROUTER, COMBINER, MODEL, TRANSFORMER, OUTPUT_TRANSFORMER [unknown-node-type]",
        "-:1:296: not fixed spec.predictors[0].graph.name: no container named "
        '"clasifier" in this predictor [missing-container]: the fix is a guess; use --unsafe-fixes',
        '-:1:342: not fixed spec.predictors[0].graph.nonsense: unknown field "nonsense" '
        "[unknown-field]: remove it, or check its name and level",
        "1 fixed, 2 left (1 fixable with --unsafe-fixes)",
    ]


def test_a_guess_that_another_one_makes_impossible_is_not_counted(run):
    children = [{"name": "classifer", "type": "MODEL"}]
    document = json.dumps(with_graph(name="clasifier", type="MODEL", children=children), indent=1)
    safe = run("fix", "-", stdin=document)
    assert safe.err.splitlines()[-1] == "0 fixed, 2 left (1 fixable with --unsafe-fixes)"
    unsafe = run("fix", "--unsafe-fixes", "-", stdin=document)
    assert unsafe.err.splitlines()[-1] == "1 fixed, 1 left"


def test_a_diff_with_guesses_says_which_they_are(run):
    document = json.dumps(with_graph(name="clasifier", type="model"), indent=1)
    plain = run("fix", "--diff", "-", stdin=document).out
    ran = run("fix", "--diff", "--unsafe-fixes", "-", stdin=document)
    assert plain.startswith("--- -\n")
    assert [line.split(":")[0] for line in ran.out.splitlines() if line.startswith("#")] == [
        "# safe fix",
        "# unsafe fix",
    ]


def test_the_seed_is_one_command_and_eight_fixes(run):
    assert run("fix", SEEDS / "three-steps.yaml").err.splitlines()[-1] == "8 fixed, 0 left"


@pytest.mark.parametrize(
    ("kind", "fixed"),
    [("SeldonDeploymnt", True), ("seldondeployment", True), ("Deployment", False)],
)
def test_a_misspelled_kind_is_fixed_and_the_document_checked(run, kind, fixed):
    document = {**with_graph(type="model"), "kind": kind}
    ran = run("fix", "-", stdin=json.dumps(document))
    assert ('"kind": "SeldonDeployment"' in ran.out, '"MODEL"' in ran.out) == (fixed, fixed)


def test_an_empty_handler_does_not_keep_the_rest_from_being_fixed(run):
    document = with_graph(type="model")
    (container,) = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"]
    container["readinessProbe"] = {"httpGet": None, "path": "/ready", "port": 8080}
    ran = run("fix", "-", stdin=json.dumps(document))
    assert '"readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}}' in ran.out
    assert (ran.code, '"MODEL"' in ran.out, ran.err.count("fixed spec")) == (0, True, 2)


@pytest.mark.parametrize("field", ["livenessProbe", "readinessProbe", "startupProbe"])
@pytest.mark.parametrize("name", ["command", "args"])
def test_what_a_probe_runs_never_becomes_what_its_container_runs(run, field, name):
    document = minimal()
    (container,) = document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"]
    container[field] = {name: ["cat", "/x"]}
    fixed = yaml.safe_load(run("fix", "--unsafe-fixes", "-", stdin=json.dumps(document)).out)
    (container,) = fixed["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"]
    assert (container[field], container.get(name)) == ({"exec": {"command": ["cat", "/x"]}}, None)


@pytest.mark.parametrize("separator", ["", "---\n"])
def test_the_texts_of_several_files_are_one_stream(run, tmp_path, separator):
    """kubectl would read two objects without a line between them as one with repeated keys."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(f"{separator}kind: Other\nname: {name}")
    out = run("fix", tmp_path).out
    assert [each["name"] for each in yaml.safe_load_all(out)] == ["a", "b"]
    assert out.count("---") == (2 if separator else 1)


def test_a_run_without_any_seldon_deployment_says_so(run):
    ran = run("fix", stdin="kind: Other\n")
    assert ran.code == 0
    assert ran.err == "graphgate: no SeldonDeployment found in standard input (1 of other kinds)\n"
