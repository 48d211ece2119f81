"""Which documents are SeldonDeployments, and which were meant to be one."""

import pytest

from tests.documents_of import minimal
from webhook.lint.kind import find_misspelled_kind, is_seldon_deployment

SPEC = minimal()["spec"]
V1 = "machinelearning.seldon.io/v1"
FOREIGN = "apps/v1"


def describe(document):
    """Return place, message, remediation, patch and safety; None where nothing is found."""
    found = find_misspelled_kind(document)
    if found is None:
        return None
    assert found.rule_id == "misspelled-kind"
    return str(found.path), found.message, found.remediation, list(found.fix), found.fix_safety


REPLACE = [{"op": "replace", "path": "/kind", "value": "SeldonDeployment"}]
ADD = [{"op": "add", "path": "/kind", "value": "SeldonDeployment"}]


@pytest.mark.parametrize(
    ("kind", "safety"),
    [
        ("seldondeployment", "safe"),
        ("SeldonDeploymnt", "safe"),
        ("SeldonDeploiment", "safe"),
        ("Seldon-Deployment", "safe"),
        ("SeldonDeploymentList", "unsafe"),
    ],
)
@pytest.mark.parametrize("version", [V1, FOREIGN, None, 1])
def test_a_kind_is_misspelled_under_any_version(kind, safety, version):
    assert describe({"apiVersion": version, "kind": kind}) == (
        "kind",
        f'unknown kind "{kind}"',
        "write kind: SeldonDeployment",
        REPLACE,
        safety,
    )


@pytest.mark.parametrize("kind", ["Deployment", "Model", 1, ["SeldonDeployment"]])
def test_another_kind_is_one_only_under_seldon_s_version(kind):
    path, message, remediation, fix, _ = describe({"apiVersion": V1, "kind": kind})
    assert (path, fix) == ("kind", [])
    assert message.endswith("but machinelearning.seldon.io has only SeldonDeployment")
    assert remediation == "write kind: SeldonDeployment, or change apiVersion"
    assert describe({"apiVersion": FOREIGN, "kind": kind, "spec": SPEC}) is None


@pytest.mark.parametrize(
    "version",
    [
        V1,
        "machinelearning.seldon.io",
        "machinelearning.seldon.io/v7",
        " MachineLearning.seldon.io/v1",
    ],
)
def test_a_missing_kind_under_seldon_s_version_is_safely_added(version):
    expected = ("(document)", "kind is missing", "add kind: SeldonDeployment", ADD, "safe")
    assert describe({"apiVersion": version}) == expected
    assert describe({"apiVersion": version, "kind": None}) == expected


@pytest.mark.parametrize("version", [FOREIGN, "machinelearning.seldon.ai/v1", None])
def test_a_missing_kind_of_an_object_with_a_graph_is_a_guess(version):
    expected = ("(document)", "kind is missing", "add kind: SeldonDeployment", ADD, "unsafe")
    assert describe({"apiVersion": version, "spec": SPEC}) == expected


@pytest.mark.parametrize(
    "spec",
    [
        None,
        [],
        {"predictors": None},
        {"predictors": []},
        {"predictors": {"graph": {}}},
        {"predictors": ["graph"]},
        {"predictors": [{"graph": "a"}]},
        {"predictors": [{"name": "a"}]},
        {"graph": {}},
    ],
)
def test_what_has_neither_version_nor_graph_is_of_another_kind(spec):
    assert describe({"apiVersion": FOREIGN, "spec": spec}) is None
    assert describe({"spec": spec, "Kind": "Deployment"}) is None


def test_one_predictor_with_a_graph_is_enough():
    assert describe({"spec": {"predictors": [{"name": "a"}, {"graph": {}}]}}) is not None


@pytest.mark.parametrize("key", ["Kind", "KIND", "kind ", " kInd"])
@pytest.mark.parametrize(
    "document",
    [
        {"value": "SeldonDeployment"},
        {"value": "seldondeployment", "apiVersion": FOREIGN},
        {"value": "Deployment", "apiVersion": V1},
        {"value": "Deployment", "APIVERSION": V1},
        {"value": 1, "spec": SPEC},
    ],
    ids=str,
)
def test_a_key_kind_in_another_spelling_is_renamed(key, document):
    value = {key: document["value"], **document}
    finding = find_misspelled_kind(value)
    assert finding is not None
    assert describe(value) == (
        str(finding.path),
        f'unknown field "{key}"; the field is named "kind"',
        "write kind",
        [{"op": "move", "from": f"/{key}", "path": "/kind"}],
        "safe",
    )
    assert finding.path == (key,)


@pytest.mark.parametrize("key", ["knd", "kin", "kinds", "kidn", "kd"])
def test_a_key_with_a_typo_is_renamed_where_it_says_the_kind(key):
    document = {"apiVersion": V1, key: "SeldonDeployment"}
    assert describe(document)[3:] == ([{"op": "move", "from": f"/{key}", "path": "/kind"}], "safe")
    assert describe(document | {key: "iris"})[3] == ADD


def test_a_list_of_seldondeployments_is_no_object():
    path, message, _, fix, _ = describe([{"kind": "Pod"}, {"kind": "SeldonDeployment"}])
    assert (path, message, fix) == (
        "(document)",
        "a list is not an object: kubectl refuses the file",
        [],
    )


def test_a_key_is_not_renamed_onto_another():
    path, message, _, fix, _ = describe({"kind": None, "Kind": "SeldonDeployment"})
    assert (path, fix) == ("Kind", [])
    assert message == 'unknown field "Kind"; the field is named "kind"'


@pytest.mark.parametrize(
    "value", [None, 1, "SeldonDeployment", [], [{"kind": "Pod"}, 1], {}, {"kind": "Pod"}]
)
def test_what_is_no_such_thing_is_let_alone(value):
    assert (is_seldon_deployment(value), describe(value)) == (False, None)


def test_a_seldondeployment_is_one_under_any_version():
    assert is_seldon_deployment({"kind": "SeldonDeployment"})
    assert describe({"kind": "SeldonDeployment", "apiVersion": FOREIGN}) is None
