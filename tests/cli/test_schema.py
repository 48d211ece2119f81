"""`graphgate schema`: what graphgate takes, the schemas take; and they name the words."""

import json

import jsonschema
import pytest
import yaml

from tests.documents_of import with_graph
from tests.seeds import ROOT
from webhook.policy.testing import reader
from webhook.yamldoc import read

KINDS = ("seldondeployment", "settings", "facts", "config", "policytest", "policyexception")


@pytest.fixture
def schema_of(run):
    def schema_of(kind):
        ran = run("schema", kind)
        assert (ran.code, ran.err) == (0, "")
        return json.loads(ran.out)

    return schema_of


@pytest.fixture
def validator(schema_of):
    return lambda kind: jsonschema.Draft202012Validator(schema_of(kind))


def values(folder, pattern):
    """Yield the objects in files; of fixtures, those in which nothing is found."""
    for file in sorted((ROOT / folder).glob(pattern)):
        text = file.read_text()
        if "fixtures" not in folder or text.startswith("# nothing is found"):
            for document in read(text).documents:
                yield file, document.value


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_a_schema(schema_of, kind):
    jsonschema.Draft202012Validator.check_schema(schema_of(kind))


def test_an_unknown_kind_is_named_with_those_that_there_are(run):
    ran = run("schema", "pod")
    assert ran.code == 2
    assert "'pod' is not one of 'seldondeployment'" in ran.err


@pytest.mark.parametrize(
    ("graph", "path"),
    [
        ({"type": "MODLE"}, ("type",)),
        ({"methods": ["PREDICT"]}, ("methods", 0)),
        ({"endpoint": {"type": "rest"}}, ("endpoint", "type")),
        ({"parameters": [{"name": "a", "value": "1", "type": "int"}]}, ("parameters", 0, "type")),
        ({"children": {"name": "b"}}, ("children",)),
        ({"modelURI": "gs://a/b"}, ()),
    ],
)
def test_a_wrong_word_is_at_its_place(validator, graph, path):
    (error,) = validator("seldondeployment").iter_errors(with_graph(**graph))
    assert tuple(error.absolute_path) == ("spec", "predictors", 0, "graph", *path)


def test_a_server_of_the_cluster_is_offered_and_not_enforced(schema_of, validator):
    field = schema_of("seldondeployment")["$defs"]["Node"]["properties"]["implementation"]
    assert "SKLEARN_SERVER" in field["examples"]
    assert validator("seldondeployment").is_valid(with_graph(implementation="OUR_SERVER"))


def test_words_of_pods_are_those_of_the_constraints(schema_of):
    containers = schema_of("seldondeployment")["$defs"]["io.k8s.api.core.v1.Container"]
    assert containers["properties"]["imagePullPolicy"]["enum"] == [
        "Always",
        "IfNotPresent",
        "Never",
        "",
        None,
    ]


@pytest.mark.parametrize(
    ("folder", "pattern"),
    [("manifests/examples", "**/*.yaml"), ("tests/rules/fixtures", "*/*.yaml")],
)
def test_no_object_that_is_right_is_wrong_to_an_editor(validator, folder, pattern):
    checks = validator("seldondeployment")
    judged = 0
    for file, value in values(folder, pattern):
        if file.name != "three-steps.yaml" and value.get("kind") == "SeldonDeployment":
            judged += 1
            assert [error.message for error in checks.iter_errors(value)] == [], file
    assert judged > 1


def test_every_test_in_the_library_is_one_of_the_schema(validator):
    checks = validator("policytest")
    found = [document for _, document in values("policies/library", "*/tests.yaml")]
    assert len(found) > 10
    assert [list(checks.iter_errors(document)) for document in found] == [[]] * len(found)


def test_the_schema_of_tests_has_the_fields_that_are_read(schema_of):
    schema = schema_of("policytest")
    case = schema["$defs"]["case"]["properties"]
    assert set(schema["properties"]) == set(reader.FILE_FIELDS)
    assert set(case) == set(reader.CASE_FIELDS)
    assert set(case["expect"]["items"]["properties"]) == set(reader.EXPECTED_FIELDS)


def test_the_settings_in_force_are_of_the_schema(run, validator):
    settings = yaml.safe_load(run("settings").out)
    assert list(validator("settings").iter_errors(settings)) == []
