import json

import pytest
import yaml

from tests.documents_of import minimal, with_graph
from tests.seeds import SEEDS

BROKEN = with_graph(name="clasifier")
NO_EVIDENCE = "the default, because the operator is unknown"


@pytest.fixture
def files(tmp_path):
    def write(**contents):
        for name, content in contents.items():
            text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
            (tmp_path / f"{name}.yaml").write_text(text)
        return tmp_path

    return write


def test_the_minimal_seed_is_allowed_and_gets_the_user(run):
    ran = run("check", "-o", "json", SEEDS / "minimal.yaml")
    assert (ran.code, json.loads(ran.out)) == (
        0,
        {
            "version": 1,
            "skippedDocuments": 0,
            "results": [
                {
                    "file": str(SEEDS / "minimal.yaml"),
                    "index": 0,
                    "line": 1,
                    "object": {
                        "apiVersion": "machinelearning.seldon.io/v1alpha2",
                        "kind": "SeldonDeployment",
                        "namespace": "",
                        "name": "seldon-model",
                    },
                    "verdict": "allowed",
                    "operator": {"name": "seldon", "evidence": NO_EVIDENCE},
                    "findings": [],
                    "suppressed": [],
                    "patch": [
                        {
                            "op": "add",
                            "path": "/spec/predictors/0/componentSpecs/0/spec/securityContext",
                            "value": {"runAsUser": 8888},
                        }
                    ],
                }
            ],
        },
    )


def test_the_user_id_seed_keeps_its_own_and_gets_the_pod_s_default(run):
    ran = run("check", "-o", "json", SEEDS / "user-id.yaml")
    (result,) = json.loads(ran.out)["results"]
    assert (ran.code, result["verdict"], result["findings"]) == (0, "allowed", [])
    assert result["patch"] == [
        {
            "op": "add",
            "path": "/spec/predictors/0/componentSpecs/0/spec/securityContext",
            "value": {"runAsUser": 8888},
        }
    ]


def test_the_broken_seed_has_eight_findings_each_at_its_place(run):
    ran = run("check", "-o", "json", SEEDS / "three-steps.yaml")
    (result,) = json.loads(ran.out)["results"]
    assert (ran.code, result["verdict"], result["patch"]) == (1, "denied", [])
    pods = "spec.predictors[0].componentSpecs[0].spec.containers"
    graph = "spec.predictors[0].graph"
    assert [(f["ruleId"], f["path"], f["line"], f["column"]) for f in result["findings"]] == [
        ("name-not-a-dns-label", f"{pods}[0].name", 11, 17),
        ("name-not-a-dns-label", f"{pods}[1].name", 13, 17),
        ("name-not-a-dns-label", f"{pods}[2].name", 15, 17),
        ("name-not-a-dns-label", f"{graph}.name", 18, 13),
        ("children-not-a-list", f"{graph}.children", 22, 7),
        ("name-not-a-dns-label", f"{graph}.children.name", 23, 17),
        ("children-not-a-list", f"{graph}.children.children", 27, 11),
        ("name-not-a-dns-label", f"{graph}.children.children.name", 28, 21),
    ]
    fixes = {f["path"]: f["fix"] for f in result["findings"]}
    assert fixes[f"{pods}[0].name"] == fixes[f"{graph}.name"]
    assert fixes[f"{pods}[1].name"] == fixes[f"{graph}.children.name"]
    assert fixes[f"{pods}[2].name"] == fixes[f"{graph}.children.children.name"]
    assert all(fixes.values())


def test_text_shows_place_line_marker_and_remedy(run, files):
    folder = files(broken=BROKEN)
    ran = run("check", folder / "broken.yaml")
    assert (ran.code, ran.out) == (
        1,
        'deny: no container named "clasifier" in this predictor [missing-container]\n'
        f"  --> {folder}/broken.yaml:15:13  spec.predictors[0].graph.name\n"
        "   |\n"
        "15 |       name: clasifier\n"
        "   |             ^^^^^^^^^\n"
        '   = rename the container "classifier" to "clasifier", or the node to "classifier"\n'
        "\n"
        "1 SeldonDeployment: 0 allowed, 1 denied (1 error); "
        "1 fixable with `graphgate fix --unsafe-fixes`\n"
        f"pods checked as Seldon's operator creates them: {NO_EVIDENCE}\n",
    )


def test_folders_streams_lists_and_stdin_are_read_and_other_kinds_counted(run, files):
    stream = yaml.safe_dump_all([minimal(), {"kind": "ConfigMap"}, BROKEN])
    folder = files(stream=stream, items={"kind": "List", "items": [minimal(), {"kind": "Pod"}]})
    (folder / "deeper").mkdir()
    (folder / "deeper" / "one.json").write_text(json.dumps(minimal()))
    (folder / "notes.txt").write_text("kind: SeldonDeployment")
    ran = run("check", "-o", "json", folder, "-", stdin=yaml.safe_dump(minimal()))
    report = json.loads(ran.out)
    assert (ran.code, report["skippedDocuments"]) == (1, 2)
    assert [
        (r["file"].removeprefix(f"{folder}/"), r["index"], r["verdict"]) for r in report["results"]
    ] == [
        ("deeper/one.json", 0, "allowed"),
        ("items.yaml", 0, "allowed"),
        ("stream.yaml", 0, "allowed"),
        ("stream.yaml", 2, "denied"),
        ("-", 0, "allowed"),
    ]


@pytest.mark.parametrize(
    ("contents", "code"),
    [
        ({"fine": minimal()}, 0),
        ({"fine": minimal(), "other": {"kind": "Pod"}}, 0),
        ({"fine": minimal(), "broken": BROKEN}, 1),
        ({"broken": BROKEN, "torn": "# seldon\na: [1"}, 2),
        ({"torn": "kind: SeldonDeployment\n\tspec: {}"}, 2),
    ],
)
def test_the_exit_code_is_that_of_the_worst(run, files, contents, code):
    assert run("check", files(**contents)).code == code


def test_a_file_that_is_not_there_is_an_error_and_the_others_are_judged(run, files):
    folder = files(fine=minimal())
    ran = run("check", folder / "gone.yaml", folder / "fine.yaml")
    assert ran.code == 2
    assert "error: cannot be opened: No such file or directory [unreadable]" in ran.out
    assert "1 SeldonDeployment: 1 allowed, 1 could not be evaluated" in ran.out


def test_what_can_be_read_before_torn_yaml_is_judged(run, files):
    text = yaml.safe_dump(BROKEN) + "---\na: [1\n"
    report = json.loads(run("check", "-o", "json", files(both=text)).out)
    assert [r["verdict"] for r in report["results"]] == ["denied", "error"]


def test_a_key_written_twice_is_a_warning(run, files):
    text = yaml.safe_dump(minimal(), sort_keys=False) + "kind: SeldonDeployment\n"
    report = json.loads(run("check", "-o", "json", files(twice=text)).out)
    (finding,) = report["results"][0]["findings"]
    assert (finding["ruleId"], finding["action"]) == ("yaml/duplicate-key", "warn")


@pytest.mark.parametrize("command", ["check", "fix", "review"])
@pytest.mark.parametrize("bad", ["abc", " 8888", "8888.0", "-1", "0x22b8", "2147483648", "0"])
def test_every_command_that_judges_refuses_a_bad_default_user(run, command, bad):
    ran = run(command, stdin="{}", env={"DEFAULT_USER_ID": bad})
    assert ran.code == 2
    assert "DEFAULT_USER_ID" in ran.err


def test_root_is_taken_as_default_when_it_is_allowed(run):
    seed = SEEDS / "minimal.yaml"
    ran = run("check", "-o", "json", "--allow-root-default", "--default-user-id", "0", seed)
    (result,) = json.loads(ran.out)["results"]
    assert result["patch"][0]["value"] == {"runAsUser": 0}


def test_an_empty_default_user_adds_nothing(run):
    ran = run("check", "-o", "json", SEEDS / "minimal.yaml", env={"DEFAULT_USER_ID": ""})
    assert json.loads(ran.out)["results"][0]["patch"] == []


def test_settings_decide_what_is_denied(run, files):
    folder = files(
        broken=BROKEN,
        settings="apiVersion: graphgate.io/v1alpha1\nkind: Settings\n"
        "rules: {missing-container: {action: warn}}\n",
    )
    ran = run("check", "--settings", folder / "settings.yaml", folder / "broken.yaml")
    assert ran.code == 0
    assert ran.out.startswith("warn: no container")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("kind: [", "settings.yaml:1:"),
        ("kind: Settings", "settings.yaml:1:1: apiVersion is missing"),
        ("a: 1\n---\nb: 2\n", "must have one document, has 2"),
        ("", "must have one document, has 0"),
    ],
)
def test_settings_that_cannot_be_used_are_one_sentence_and_exit_2(run, files, content, said):
    folder = files(settings=content)
    ran = run("check", "--settings", folder / "settings.yaml", SEEDS)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1


def test_a_wrong_name_is_marked_itself_and_a_wrong_value_is_marked_at_its_place(run):
    text = """\
apiVersion: machinelearning.seldon.io/v1
kind: SeldonDeployment
metadata: {name: iris, labels: {a b: c}}
spec:
  predictors:
  - name: main
    replica: 2
    traffic: "100"
    graph: {name: iris, implementation: SKLEARN_SERVER, modelUri: gs://models/iris}
"""
    marks = [
        (finding["ruleId"], finding["line"], finding["column"])
        for finding in json.loads(run("check", "-o", "json", stdin=text).out)["results"][0][
            "findings"
        ]
    ]
    assert marks == [
        ("malformed-metadata", 3, 33),
        ("unknown-field", 7, 5),
        ("wrong-type", 8, 14),
    ]
