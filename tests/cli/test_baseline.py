"""The baseline: today's faults are exempt, another fault of the same rule is not."""

import copy
import json

import pytest
import yaml

from tests.documents_of import minimal, with_predictor

BROKEN = with_predictor(
    replicaz=1,
    componentSpecs=[
        {
            "spec": {
                "containers": [
                    {"name": "classifier", "image": "https://registry.example/iris:1"},
                    {"name": "sidecar", "image": "registry.example/side:1"},
                ]
            }
        }
    ],
)


@pytest.fixture
def checked(run, tmp_path):
    """Write the baseline of BROKEN; return what `check` says of a document with it."""
    baseline = tmp_path / "baseline.yaml"
    ran = run("check", "--write-exceptions", baseline, "--ttl", "30d", stdin=json.dumps(BROKEN))
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == f"graphgate: 2 errors are exempted by {baseline}; pass it to --policies\n"

    def checked(document):
        ran = run("check", "-o", "json", "--policies", baseline, stdin=json.dumps(document))
        (result,) = json.loads(ran.out)["results"]
        kept = [finding["ruleId"] for finding in result["findings"]]
        return kept, [each["ruleId"] for each in result["suppressed"]]

    return checked


def changed(path, value):
    document = copy.deepcopy(BROKEN)
    here = document
    for segment in path[:-1]:
        here = here[segment]
    here[path[-1]] = value
    return document


PREDICTOR = ("spec", "predictors", 0)
CONTAINERS = (*PREDICTOR, "componentSpecs", 0, "spec", "containers")


def test_what_was_found_is_exempt_and_stays_visible(checked):
    assert checked(BROKEN) == ([], ["unknown-field", "malformed-image-reference"])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("metadata", "labels"), {"a": "b"}),
        ((*PREDICTOR, "replicas"), 2),
        ((*CONTAINERS, 1, "image"), "registry.example/side:2"),
    ],
)
def test_a_change_elsewhere_leaves_it_exempt(checked, path, value):
    assert checked(changed(path, value))[0] == []


def test_items_may_change_places(checked):
    containers = BROKEN["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"]
    assert checked(changed(CONTAINERS, containers[::-1]))[0] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((*CONTAINERS, 0, "image"), "https://registry.example/iris:2"),
        ((*CONTAINERS, 1, "image"), "https://registry.example/side:1"),
    ],
)
def test_another_value_or_place_of_the_same_rule_is_refused(checked, path, value):
    assert "malformed-image-reference" in checked(changed(path, value))[0]


def test_another_object_is_not_exempt(checked):
    assert checked(changed(("metadata", "name"), "wines"))[0] != []


def test_an_object_without_a_name_is_left_out(run, tmp_path):
    document = copy.deepcopy(BROKEN)
    del document["metadata"]["name"]
    baseline = tmp_path / "baseline.yaml"
    run("check", "--write-exceptions", baseline, stdin=json.dumps(document))
    assert baseline.read_text() == ""


@pytest.mark.parametrize("metadata", [{"name": "*"}, {"name": "a", "namespace": "team-*"}])
def test_no_object_is_exempt_by_a_pattern_that_another_one_wrote(run, tmp_path, metadata):
    document = {**BROKEN, "metadata": metadata}
    file = tmp_path / "baseline.yaml"
    assert run("check", "--write-exceptions", file, stdin=json.dumps(document)).code == 0
    assert file.read_text() == ""


def test_one_error_is_one(run, tmp_path):
    document = minimal()
    document["spec"]["predictors"][0]["graph"]["type"] = "MODLE"
    ran = run("check", "--write-exceptions", tmp_path / "b.yaml", stdin=json.dumps(document))
    assert ran.err.startswith("graphgate: 1 error is exempted by ")


def test_exceptions_end(run, tmp_path):
    baseline = tmp_path / "baseline.yaml"
    run("check", "--write-exceptions", baseline, stdin=json.dumps(BROKEN))
    (exception,) = yaml.safe_load_all(baseline.read_text())
    exception["spec"]["expiresAt"] = "2020-01-01T00:00:00Z"
    baseline.write_text(yaml.safe_dump(exception))
    ran = run("check", "-o", "json", "--policies", baseline, stdin=json.dumps(BROKEN))
    assert ran.code == 1
    assert "has expired" in ran.out


def test_a_file_that_cannot_be_written_is_a_sentence(run, tmp_path):
    ran = run("check", "--write-exceptions", tmp_path / "a" / "b", stdin=json.dumps(BROKEN))
    assert ran.code == 2
    assert ran.err == f"graphgate: {tmp_path}/a/b cannot be written: No such file or directory\n"


def test_texts_tell_what_is_exempt(run, tmp_path):
    baseline = tmp_path / "baseline.yaml"
    run("check", "--write-exceptions", baseline, stdin=json.dumps(BROKEN))
    out = run("check", "--policies", baseline, stdin=json.dumps(BROKEN)).out
    assert out.startswith("1 SeldonDeployment: 1 allowed, 2 findings exempt\n")
    listed = run("policies", "exceptions", baseline).out.splitlines()[0]
    assert listed.endswith(
        "exempt from 1 finding of malformed-image-reference, 1 finding of unknown-field"
    )
