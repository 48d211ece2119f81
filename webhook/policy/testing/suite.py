"""Tests of policies as they are written: from a PolicyTest object to its cases.

    apiVersion: graphgate.io/v1alpha1
    kind: PolicyTest
    namespaces:
      prod: {labels: {stage: production}}
    object: {apiVersion: machinelearning.seldon.io/v1, kind: SeldonDeployment, …}
    cases:
    - name: an image without a digest is refused
      set: {"spec.predictors[0].componentSpecs[0].spec.containers[0].image": "r.io/model:1"}
      expect:
      - rule: images-pinned-by-digest/0
        path: spec.predictors[0].componentSpecs[0].spec.containers[0].image

Here: reading. Not here: running (`runner`), reports (`report`).
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, ClassVar

from webhook.graph.admission_request import AdmissionRequest, apply_request
from webhook.graph.cluster_facts import Facts, Namespace
from webhook.graph.model import get_str
from webhook.graph.path import ROOT, Path
from webhook.graph.suggest import nearest_word
from webhook.graph.text import join_words
from webhook.graph.well_known import GRAPHGATE_API_VERSION
from webhook.policy.exceptions import (
    PolicyException,
    find_shape_issues,
    parse_time,
    read_exception,
)
from webhook.policy.finding_paths import parse_path
from webhook.policy.model import PolicyProblem, RenderedMode
from webhook.policy.sources import SourceObject

KIND = "PolicyTest"

_OPERATION_VALUES = ("CREATE", "UPDATE", "DELETE")
_ACTION_VALUES = ("deny", "warn", "audit")
FILE_FIELDS = (
    "apiVersion",
    "kind",
    "metadata",
    "namespaces",
    "object",
    "now",
    "params",
    "exceptions",
    "operator",
    "rendered",
    "cases",
)
CASE_FIELDS = (
    "name",
    "operation",
    "namespace",
    "user",
    "groups",
    "now",
    "params",
    "exceptions",
    "operator",
    "rendered",
    "object",
    "set",
    "remove",
    "oldObject",
    "setOld",
    "removeOld",
    "expect",
    "failures",
    "mutated",
    "removed",
)
EXPECTED_FIELDS = ("rule", "action", "path", "message")


class TestFileError(Exception):
    """A test file that cannot be used, with the place of what is wrong."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


@dataclass(frozen=True, slots=True)
class ExpectedFinding:
    """One finding that a case expects; None: whatever it is.

    rule_id  "policy/NAME/N"
    """

    rule_id: str
    action: str = "deny"
    path: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class TestCase:
    """One case, of a policy's author: pytest is told to leave it alone.

    expected_findings  the findings, all of them, in any order
    expected_failures  the rules that fail, all of them
    expected_object    the object after the mutating policies; None: not looked at
    now                the time for exceptions; "": they are not applied
    params             the parameter objects that there are; None: those of the folder
    exceptions         likewise
    rendered           what policies for pods and other rendered objects do: the setting
                       policies.rendered
    """

    __test__: ClassVar[bool] = False

    name: str
    line: int
    request: AdmissionRequest
    facts: Facts
    expected_findings: tuple[ExpectedFinding, ...] = ()
    expected_failures: tuple[str, ...] = ()
    expected_object: Any = None
    now: str = ""
    params: Mapping[tuple[str, str], tuple[Any, ...]] | None = None
    exceptions: tuple[PolicyException, ...] | None = None
    rendered: RenderedMode = "warn"


@dataclass(frozen=True, slots=True)
class TestSuite:
    """The cases of one file."""

    __test__: ClassVar[bool] = False

    file: str
    cases: tuple[TestCase, ...]


def is_test_suite(source: SourceObject) -> bool:
    """Return whether an object is a PolicyTest."""
    value = source.value
    return isinstance(value, dict) and value.get("kind") == KIND


def read_test_suite(source: SourceObject) -> TestSuite | PolicyProblem:
    """Return the cases of a PolicyTest, or what keeps it from being read."""
    try:
        return _read_suite_fields(source)
    except TestFileError as error:
        return PolicyProblem(source.file, *source.position(error.path), KIND, error.message)


def _read_suite_fields(source: SourceObject) -> TestSuite:
    raw = source.value
    _check_fields(raw, FILE_FIELDS, ROOT)
    if raw.get("apiVersion") != GRAPHGATE_API_VERSION:
        raise TestFileError(ROOT / "apiVersion", f"apiVersion must be {GRAPHGATE_API_VERSION}")
    facts = Facts(namespaces=dict(_read_namespaces(raw.get("namespaces"))))
    cases = raw.get("cases")
    if not isinstance(cases, list) or not cases:
        raise TestFileError(ROOT / "cases", "cases must be a non-empty list")
    test_cases = []
    for index, case in enumerate(cases):
        here = ROOT / "cases" / index
        if not isinstance(case, dict):
            raise TestFileError(here, "a case must be a mapping with a name")
        _check_fields(case, CASE_FIELDS, here)
        line, _ = source.position(here)
        shared = {key: raw[key] for key in _SHARED_FIELDS if key in raw}
        test_cases.append(_read_case({**shared, **case}, here, line, facts))
    return TestSuite(source.file, tuple(test_cases))


_SHARED_FIELDS = ("object", "now", "params", "exceptions", "operator", "rendered")
"""Fields of the file that hold for each case that does not say otherwise."""


def _read_now(raw: Any, here: Path) -> str:
    if raw is None:
        return ""
    try:
        parse_time(raw)
    except (ValueError, TypeError, AttributeError):
        raise TestFileError(here, f"now must be a quoted RFC 3339 time, got {raw!r}") from None
    return raw if isinstance(raw, str) else ""


def _read_params(raw: Any, here: Path) -> Mapping[tuple[str, str], tuple[Any, ...]] | None:
    """Return parameter objects by apiVersion and kind; None where none are given."""
    if raw is None:
        return None
    params: dict[tuple[str, str], tuple[Any, ...]] = {}
    for index, value in enumerate(_read_list(raw, here)):
        version, kind = get_str(value, "apiVersion"), get_str(value, "kind")
        if not version or not kind:
            raise TestFileError(
                here / index, "a parameter must be an object with apiVersion and kind"
            )
        params[version, kind] = (*params.get((version, kind), ()), value)
    return params


def _read_exceptions(raw: Any, here: Path) -> tuple[PolicyException, ...] | None:
    if raw is None:
        return None
    exceptions = []
    for index, value in enumerate(_read_list(raw, here)):
        for path, message in find_shape_issues(value):
            raise TestFileError(here.join((index, *path)), message)
        exceptions.append(read_exception(value, "", 0))
    return tuple(exceptions)


def _read_list(raw: Any, here: Path) -> list[dict[str, Any]]:
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
        raise TestFileError(here, f"{here[-1]} must be a list of objects")
    return raw


def _read_namespaces(raw: Any) -> Iterator[tuple[str, Namespace]]:
    if raw is None:
        return
    if not isinstance(raw, dict):
        raise TestFileError(ROOT / "namespaces", "namespaces must be a mapping")
    for name, raw_namespace in raw.items():
        fields = raw_namespace or {}
        if not isinstance(fields, dict):
            raise TestFileError(
                ROOT / "namespaces" / name, f"the namespace {name} must be a mapping"
            )
        _check_fields(fields, ("labels", "annotations"), ROOT / "namespaces" / name)
        yield name, Namespace(fields.get("labels") or {}, fields.get("annotations") or {})


def _read_case(raw: dict[str, Any], here: Path, line: int, facts: Facts) -> TestCase:
    name = raw.get("name")
    if not isinstance(name, str) or not name:
        raise TestFileError(here / "name", "name is required")
    operation = raw.get("operation", "CREATE")
    if operation not in _OPERATION_VALUES:
        raise TestFileError(
            here / "operation", f"operation must be {join_words(_OPERATION_VALUES, 'or')}"
        )
    base = raw.get("object")
    if not isinstance(base, dict):
        raise TestFileError(here, "object is missing, both in the case and in the file")
    new_object = apply_changes(base, raw.get("set"), raw.get("remove"), here, ("set", "remove"))
    old_object = raw.get("oldObject", base)
    if operation == "CREATE":
        old_object = None
    else:
        old_object = apply_changes(
            old_object, raw.get("setOld"), raw.get("removeOld"), here, ("setOld", "removeOld")
        )
    request = apply_request(
        new_object,
        operation,
        old_object,
        namespace=raw.get("namespace"),
        user=str(raw.get("user") or ""),
        groups=tuple(raw.get("groups") or ()),
    )
    expected_object = None
    if "mutated" in raw or "removed" in raw:
        expected_object = apply_changes(
            new_object, raw.get("mutated"), raw.get("removed"), here, ("mutated", "removed")
        )
    exceptions = _read_exceptions(raw.get("exceptions"), here / "exceptions")
    now = _read_now(raw.get("now"), here / "now")
    if exceptions and not now:
        raise TestFileError(
            here / "exceptions", "exceptions require now: the time to evaluate them at"
        )
    facts = replace(facts, operator=_read_word(raw, "operator", ("seldon", "graphgate"), here))
    rendered = _read_word(raw, "rendered", ("warn", "deny", "off"), here)
    expected = raw.get("expect") or []
    if not isinstance(expected, list):
        raise TestFileError(here / "expect", "expect must be a list of findings")
    return TestCase(
        name,
        line,
        request,
        facts,
        tuple(_read_expected_finding(item, here / "expect" / n) for n, item in enumerate(expected)),
        tuple(_full_rule_id(word) for word in raw.get("failures") or ()),
        expected_object,
        now,
        _read_params(raw.get("params"), here / "params"),
        exceptions,
        rendered,
    )


def _read_word(raw: dict[str, Any], field: str, words: tuple[str, ...], here: Path) -> Any:
    """Return a word of a field, the first one where it is left out; `off` may be read as false."""
    word = raw.get(field, words[0])
    word = "off" if word is False and "off" in words else word
    if word not in words:
        raise TestFileError(here / field, f"{field} must be {join_words(words, 'or')}")
    return word


def _read_expected_finding(raw: Any, here: Path) -> ExpectedFinding:
    if not isinstance(raw, dict) or not isinstance(raw.get("rule"), str):
        raise TestFileError(here, "an expected finding requires rule: NAME/0")
    _check_fields(raw, EXPECTED_FIELDS, here)
    action = raw.get("action", "deny")
    if action not in _ACTION_VALUES:
        raise TestFileError(here / "action", f"action must be {join_words(_ACTION_VALUES, 'or')}")
    return ExpectedFinding(_full_rule_id(raw["rule"]), action, raw.get("path"), raw.get("message"))


def _full_rule_id(rule: Any) -> str:
    return rule if str(rule).startswith("policy/") else f"policy/{rule}"


def apply_changes(
    base: Any, sets: Any, removes: Any, here: Path, names: tuple[str, str] = ("set", "remove")
) -> Any:
    """Return a copy of `base` with values set and removed, by paths.

    A path may go through mappings that are not there yet, and one element past a list's end.
    """
    if not sets and not removes:
        return base
    value = copy.deepcopy(base)
    for text, new_value in (sets or {}).items():
        _set_value(
            value, _parse_existing_path(text, value, here / names[0]), copy.deepcopy(new_value)
        )
    for text in removes or ():
        _remove_value(value, _parse_existing_path(text, value, here / names[1]))
    return value


def _parse_existing_path(text: Any, value: Any, here: Path) -> Path:
    path = parse_path(text, value) if isinstance(text, str) else None
    if not path:
        raise TestFileError(here, f"{text} is not a path such as spec.predictors[0].name")
    return path


def _set_value(value: Any, path: Path, new_value: Any) -> None:
    parent = value
    for segment, following in pairwise(path):
        if isinstance(parent, dict):
            child = parent.setdefault(segment, [] if isinstance(following, int) else {})
        elif isinstance(parent, list) and isinstance(segment, int):
            if segment == len(parent):
                parent.append([] if isinstance(following, int) else {})
            if segment > len(parent) - 1:
                raise TestFileError(ROOT, f"{path} is past the end of a list")
            child = parent[segment]
        else:
            raise TestFileError(
                ROOT, f"{path} goes through a value that is neither a mapping nor a list"
            )
        parent = child
    last: Any = path[-1]
    if isinstance(parent, list) and isinstance(last, int) and last == len(parent):
        parent.append(new_value)
    elif isinstance(parent, (dict, list)) and (isinstance(parent, dict) or isinstance(last, int)):
        parent[last] = new_value
    else:
        raise TestFileError(ROOT, f"{path} ends in a value that is neither a mapping nor a list")


def _remove_value(value: Any, path: Path) -> None:
    parent = value
    try:
        for segment in path[:-1]:
            parent = parent[segment]
        del parent[path[-1]]
    except (KeyError, IndexError, TypeError):
        raise TestFileError(ROOT, f"{path} does not exist, so it cannot be removed") from None


def _check_fields(raw: Mapping[str, Any], fields: tuple[str, ...], path: Path) -> None:
    for key in raw:
        if key not in fields:
            near = nearest_word(str(key), fields)
            hint = f'did you mean "{near}"?' if near else f"allowed: {', '.join(fields)}"
            raise TestFileError(path / str(key), f'unknown field "{key}"; {hint}')
