"""A PolicyTest as it is read: every field of the file and of its cases."""

from typing import Any

import pytest
import yaml

from tests.policy.documents import make_deployment
from webhook import yamldoc
from webhook.graph.admission_request import apply_request
from webhook.graph.cluster_facts import Facts, Namespace
from webhook.policy import objects_from_file
from webhook.policy.testing.reader import is_test_suite, read_test_suite
from webhook.policy.testing.suite import ExpectedFinding, TestCase, TestSuite

CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
EXCEPTION = {
    "apiVersion": "graphgate.io/v1alpha1",
    "kind": "PolicyException",
    "metadata": {"name": "e"},
    "spec": {
        "reason": "why",
        "expiresAt": "2027-01-01T00:00:00Z",
        "exempt": {"policies": ["p"]},
    },
}
NOW = "2026-01-01T00:00:00Z"


def read(*cases: Any, **fields: Any) -> Any:
    document = {
        "apiVersion": "graphgate.io/v1alpha1",
        "kind": "PolicyTest",
        "object": make_deployment(),
        "cases": list(cases),
        **fields,
    }
    text = yaml.safe_dump(document, sort_keys=False)
    (source,) = objects_from_file("tests.yaml", yamldoc.read(text))
    assert is_test_suite(source)
    return read_test_suite(source)


def only_case(**fields: Any) -> TestCase:
    shared = fields.pop("shared", {})
    suite = read({"name": "a", **fields}, **shared)
    assert isinstance(suite, TestSuite), suite
    (case,) = suite.cases
    return case


def problems(*cases: Any, **fields: Any) -> list[str]:
    found = read(*cases, **fields)
    assert not isinstance(found, TestSuite)
    return [problem.message for problem in found]


def test_a_case_that_says_nothing_creates_the_object_of_the_file() -> None:
    case = only_case()
    assert case == TestCase(
        "a", case.line, apply_request(make_deployment()), Facts(operator="seldon")
    )
    assert case.line > 1


def test_every_field_of_a_case_is_read() -> None:
    old = make_deployment(name="old")
    case = only_case(
        operation="UPDATE",
        namespace="shop",
        user="ann",
        groups=["ops"],
        now=NOW,
        params=[CONFIG_MAP, CONFIG_MAP],
        exceptions=[EXCEPTION],
        operator="graphgate",
        rendered="deny",
        set={"metadata.labels": {"a": "b"}},
        remove=["metadata.namespace"],
        oldObject=old,
        setOld={"metadata.name": "older"},
        removeOld=["spec"],
        expect=[
            {"rule": "p/0"},
            {"rule": "policy/q/1", "action": "warn", "path": "spec", "message": "m"},
        ],
        failures=["p", "policy/q"],
        mutated={"metadata.name": "new"},
        removed=["metadata.labels"],
        shared={
            "namespaces": {"shop": {"labels": {"a": "b"}, "annotations": {"c": "d"}}, "other": None}
        },
    )
    new = make_deployment(labels={"a": "b"})
    del new["metadata"]["namespace"]
    assert case.request == apply_request(
        new,
        "UPDATE",
        {
            **{k: v for k, v in old.items() if k != "spec"},
            "metadata": {**old["metadata"], "name": "older"},
        },
        namespace="shop",
        user="ann",
        groups=("ops",),
    )
    assert case.facts == Facts(
        operator="graphgate",
        namespaces={"shop": Namespace({"a": "b"}, {"c": "d"}), "other": Namespace({}, {})},
    )
    assert case.expected_findings == (
        ExpectedFinding("policy/p/0"),
        ExpectedFinding("policy/q/1", "warn", "spec", "m"),
    )
    assert case.expected_failures == ("policy/p", "policy/q")
    assert case.expected_object["metadata"] == {"name": "new"}
    assert (case.now, case.rendered) == (NOW, "deny")
    assert case.params == {("v1", "ConfigMap"): (CONFIG_MAP, CONFIG_MAP)}
    assert case.exceptions is not None
    assert [(e.name, e.policies) for e in case.exceptions] == [("e", ("p",))]


@pytest.mark.parametrize(
    ("field", "value", "attribute", "expected"),
    [
        ("now", NOW, "now", NOW),
        ("params", [], "params", {}),
        ("operator", "graphgate", "facts", Facts(operator="graphgate")),
        ("rendered", "off", "rendered", "off"),
        ("rendered", False, "rendered", "off"),
        ("rendered", "warn", "rendered", "warn"),
    ],
)
def test_what_the_file_says_holds_for_each_case(
    field: str, value: Any, attribute: str, expected: Any
) -> None:
    assert getattr(only_case(shared={field: value}), attribute) == expected
    assert getattr(only_case(**{field: value}), attribute) == expected


def test_a_case_goes_before_the_file() -> None:
    own = make_deployment(name="own")
    assert only_case(object=own).request.object == own
    case = only_case(
        rendered="warn", now=NOW, shared={"rendered": "deny", "now": "2020-01-01T00:00:00Z"}
    )
    assert (case.rendered, case.now) == ("warn", NOW)


@pytest.mark.parametrize(
    ("operation", "new", "old"),
    [("CREATE", True, False), ("UPDATE", True, True), ("DELETE", False, True)],
)
def test_an_operation_has_the_objects_that_it_has_in_kubernetes(
    operation: str, *, new: bool, old: bool
) -> None:
    request = only_case(operation=operation).request
    assert (request.operation, request.object is not None, request.old_object is not None) == (
        operation,
        new,
        old,
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.labels.team", "a"),
        ("spec.predictors[0].name", "b"),
        ("/spec/predictors/0/name", "b"),
        ("spec.predictors[1].name", "c"),
        ("spec.predictors[0].componentSpecs[0].spec.containers[1]", {"name": "c1"}),
        ("spec.tolerations[0].key", "k"),
        ("spec.rows[0][0]", 1),
        ("spec.rows[0][0].name", "a"),
        ('metadata.annotations["a.b/c"]', "d"),
    ],
)
def test_a_value_is_set_wherever_there_is_a_place_for_it(path: str, value: Any) -> None:
    found = only_case(set={path: value}).request.object
    from webhook.graph.path import resolve_path
    from webhook.policy.finding_paths import parse_path

    place = parse_path(path, found)
    assert place is not None
    assert resolve_path(found, place) == value


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        (
            {"set": {"spec.predictors[2].name": 1}},
            "spec.predictors[2].name is past the end of a list",
        ),
        ({"set": {"spec.predictors[2]": 1}}, "spec.predictors[2] is past the end of a list"),
        (
            {"set": {"metadata.name.x.y": 1}},
            "metadata.name.x.y goes through a value that is neither a mapping nor a list",
        ),
        (
            {"set": {"spec.predictors.x.y": 1}},
            "spec.predictors.x.y goes through a value that is neither a mapping nor a list",
        ),
        (
            {"set": {"metadata.name.x": 1}},
            "metadata.name.x ends in a value that is neither a mapping nor a list",
        ),
        (
            {"set": {"spec.predictors.x": 1}},
            "spec.predictors.x ends in a value that is neither a mapping nor a list",
        ),
        ({"set": ["a"]}, "set must be a mapping of paths"),
        ({"set": {"": 1}}, " is not a path such as spec.predictors[0].name"),
        ({"remove": "spec"}, "remove must be a list of paths"),
        (
            {"remove": ["metadata.name.x"]},
            "metadata.name.x does not exist, so it cannot be removed",
        ),
        (
            {"remove": ["spec.predictors[1]"]},
            "spec.predictors[1] does not exist, so it cannot be removed",
        ),
        ({"operation": "UPDATE", "removeOld": ["a"]}, "a does not exist, so it cannot be removed"),
        ({"namespace": 1}, "namespace must be a string"),
        ({"object": []}, "object must be a mapping"),
        ({"operator": "other"}, "operator must be seldon or graphgate"),
        ({"rendered": "maybe"}, "rendered must be warn, deny or off"),
        ({"rendered": True}, "rendered must be warn, deny or off"),
        ({"operation": "off"}, "operation must be CREATE, UPDATE or DELETE"),
        ({"operation": False}, "operation must be CREATE, UPDATE or DELETE"),
        ({"now": 1.5}, "now must be a quoted RFC 3339 time, got 1.5"),
        ({"now": 1767225600}, "now must be a quoted RFC 3339 time, got 1767225600"),
        ({"now": "soon"}, "now must be a quoted RFC 3339 time, got 'soon'"),
        ({"name": 1}, "name is required"),
        ({"name": ""}, "name is required"),
        ({"object": [], "set": {"metadata.name": "a"}}, "object must be a mapping"),
        ({"exceptions": [EXCEPTION]}, "exceptions require now: the time to evaluate them at"),
        ({"params": [{"kind": "A"}]}, "a parameter must be an object with apiVersion and kind"),
        (
            {"params": [{"apiVersion": "v1"}]},
            "a parameter must be an object with apiVersion and kind",
        ),
        ({"params": {}, "groups": {"a": 1}}, "groups must be a list of groups"),
        ({"expect": "a"}, "expect must be a list of findings"),
        ({"expect": [{"rule": "p/0", "action": "ask"}]}, "action must be deny, warn or audit"),
        ({"failures": "a"}, "failures must be a list of rules"),
        ({"expect": [{"rule": "p/0", "pth": "a"}]}, 'unknown field "pth"; did you mean "path"?'),
    ],
)
def test_a_field_that_is_wrong_is_named(changes: dict[str, Any], fact: str) -> None:
    assert problems({"name": "a", **changes}) == [fact]


@pytest.mark.parametrize(
    ("fields", "fact"),
    [
        ({"apiVersion": "v1"}, "apiVersion must be graphgate.io/v1alpha1"),
        ({"namespaces": []}, "namespaces must be a mapping"),
        ({"namespaces": {"a": 1}}, "the namespace a must be a mapping"),
        ({"object": None}, "object is missing, both in the case and in the file"),
        ({"cases": {}}, "cases must be a non-empty list"),
        ({"casse": []}, 'unknown field "casse"; did you mean "cases"?'),
    ],
)
def test_a_field_of_the_file_that_is_wrong_is_named(fields: dict[str, Any], fact: str) -> None:
    assert problems({"name": "a"}, **fields) == [fact]


def test_nothing_is_changed_in_an_object_that_is_missing() -> None:
    assert problems({"name": "a", "set": {"metadata.name": "b"}}, object=None) == [
        "object is missing, both in the case and in the file"
    ]


def test_what_a_case_has_itself_is_placed_in_the_case() -> None:
    in_case, in_file = read({"name": "a", "object": []}), read({"name": "a"}, object=[])
    assert [str(problem).split(":")[1] for problem in (*in_case, *in_file)] == ["20", "3"]


def test_what_the_file_shares_is_wrong_once() -> None:
    assert problems({"name": "a"}, {"name": "b"}, now="yesterday") == [
        "now must be a quoted RFC 3339 time, got 'yesterday'"
    ]


@pytest.mark.parametrize("value", [None, [], 1, {}, {"kind": "Pod"}])
def test_another_object_is_no_test(value: Any) -> None:
    from webhook.policy import SourceObject

    assert not is_test_suite(SourceObject("f", value))
