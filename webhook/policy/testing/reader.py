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

Here: reading. Not here: the values (`suite`), running (`runner`).
"""

import copy
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any

from webhook.graph.admission_request import apply_request
from webhook.graph.cluster_facts import Facts, Namespace
from webhook.graph.issue import Issue
from webhook.graph.model import get_str
from webhook.graph.path import ROOT, Path
from webhook.graph.suggest import hint_at_known, nearest_word
from webhook.graph.text import join_words
from webhook.graph.well_known import GRAPHGATE_API_VERSION
from webhook.policy.exceptions import (
    PolicyException,
    find_shape_issues,
    parse_time,
    read_exception,
)
from webhook.policy.finding_paths import parse_path
from webhook.policy.model import PolicyProblem
from webhook.policy.sources import SourceObject
from webhook.policy.testing.suite import ExpectedFinding, TestCase, TestSuite

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


_SHARED_FIELDS = ("object", "now", "params", "exceptions", "operator", "rendered")
"""Fields of the file that hold for each case that does not say otherwise."""


def is_test_suite(source: SourceObject) -> bool:
    """Return whether an object is a PolicyTest."""
    value = source.value
    return isinstance(value, dict) and value.get("kind") == KIND


def read_test_suite(source: SourceObject) -> TestSuite | tuple[PolicyProblem, ...]:
    """Return the cases of a PolicyTest, or all that keeps it from being read."""
    reader = _SuiteReader(source)
    cases = reader.read()
    if not reader.issues:
        return TestSuite(source.file, cases)
    # What the file shares is read for each case, and wrong once.
    problems = (
        PolicyProblem(source.file, *source.position(issue.path), KIND, issue.message)
        for issue in dict.fromkeys(reader.issues)
    )
    return tuple(sorted(problems, key=lambda each: (each.line, each.column)))


class _SuiteReader:
    """Reads one file, and keeps all that is wrong with it; what is wrong is read as left out."""

    def __init__(self, source: SourceObject) -> None:
        self.source = source
        self.raw: dict[str, Any] = source.value
        self.issues: list[Issue] = []

    def read(self) -> tuple[TestCase, ...]:
        """Return the cases."""
        self._check_fields(self.raw, FILE_FIELDS, ROOT)
        if self.raw.get("apiVersion") != GRAPHGATE_API_VERSION:
            self._reject(ROOT / "apiVersion", f"apiVersion must be {GRAPHGATE_API_VERSION}")
        facts = Facts(namespaces=self._read_namespaces(self.raw.get("namespaces")))
        cases, here = self.raw.get("cases"), ROOT / "cases"
        if not isinstance(cases, list) or not cases:
            self._reject(here, "cases must be a non-empty list")
            return ()
        return tuple(
            self._read_case(case, here / index, facts)
            for index, case in enumerate(cases)
            if self._is_mapping(case, here / index, "a case must be a mapping with a name")
        )

    def _reject(self, path: Path, message: str) -> None:
        self.issues.append(Issue(path, message))

    def _is_mapping(self, value: Any, path: Path, message: str) -> bool:
        if not isinstance(value, dict):
            self._reject(path, message)
        return isinstance(value, dict)

    def _check_fields(self, raw: Mapping[str, Any], fields: tuple[str, ...], path: Path) -> None:
        for key in raw:
            if key not in fields:
                near = nearest_word(str(key), fields)
                hint = hint_at_known(near, fields)
                self._reject(path / str(key), f'unknown field "{key}"; {hint}')

    def _read_namespaces(self, raw: Any) -> dict[str, Namespace]:
        here = ROOT / "namespaces"
        if raw is None or not self._is_mapping(raw, here, "namespaces must be a mapping"):
            return {}
        namespaces = {}
        for name, value in raw.items():
            fields = {} if value is None else value
            if self._is_mapping(fields, here / name, f"the namespace {name} must be a mapping"):
                self._check_fields(fields, ("labels", "annotations"), here / name)
                labels, annotations = fields.get("labels") or {}, fields.get("annotations") or {}
                namespaces[name] = Namespace(labels, annotations)
        return namespaces

    def _read_case(self, raw: dict[str, Any], here: Path, facts: Facts) -> TestCase:
        self._check_fields(raw, CASE_FIELDS, here)
        place = {key: here / key for key in CASE_FIELDS}
        place |= {key: ROOT / key for key in _SHARED_FIELDS if key in self.raw and key not in raw}
        shared = {key: self.raw[key] for key in _SHARED_FIELDS if key in self.raw}
        raw = {**shared, **raw}
        name = raw.get("name")
        if not isinstance(name, str) or not name:
            self._reject(here / "name", "name is required")
        operation = self._read_word(raw, "operation", _OPERATION_VALUES, place)
        namespace = raw.get("namespace")
        if namespace is not None and not isinstance(namespace, str):
            self._reject(here / "namespace", "namespace must be a string")
            namespace = None
        base = raw.get("object")
        if base is None:
            self._reject(here, "object is missing, both in the case and in the file")
        elif not self._is_mapping(base, place["object"], "object must be a mapping"):
            base = None
        new_object = self._change(base, raw, here, ("set", "remove"))
        old_object = self._change(raw.get("oldObject", base), raw, here, ("setOld", "removeOld"))
        request = apply_request(
            new_object,
            operation,
            None if operation == "CREATE" else old_object,
            namespace=namespace,
            user=str(raw.get("user") or ""),
            groups=tuple(self._read_list(raw, "groups", "groups", place)),
        )
        exceptions = self._read_exceptions(raw, place)
        now = self._read_now(raw.get("now"), place["now"])
        if exceptions and raw.get("now") is None:
            self._reject(
                place["exceptions"], "exceptions require now: the time to evaluate them at"
            )
        expected = [
            self._read_expected_finding(item, here / "expect" / index)
            for index, item in enumerate(self._read_list(raw, "expect", "findings", place))
        ]
        return TestCase(
            str(name),
            self.source.position(here)[0],
            request,
            replace(
                facts, operator=self._read_word(raw, "operator", ("seldon", "graphgate"), place)
            ),
            tuple(filter(None, expected)),
            tuple(map(_full_rule_id, self._read_list(raw, "failures", "rules", place))),
            self._change(new_object, raw, here, ("mutated", "removed"))
            if "mutated" in raw or "removed" in raw
            else None,
            now,
            self._read_params(raw, place),
            exceptions,
            self._read_word(raw, "rendered", ("warn", "deny", "off"), place),
        )

    def _read_word(
        self,
        raw: dict[str, Any],
        field: str,
        words: tuple[str, ...],
        place: Mapping[str, Path],
    ) -> Any:
        """Return a word of a field, the first where it is left out; `off` may be read as false."""
        word = raw.get(field, words[0])
        word = "off" if word is False and "off" in words else word
        if word in words:
            return word
        self._reject(place[field], f"{field} must be {join_words(words, 'or')}")
        return words[0]

    def _read_list(
        self, raw: dict[str, Any], field: str, noun: str, place: Mapping[str, Path]
    ) -> list[Any]:
        value = raw.get(field) or []
        if isinstance(value, list):
            return value
        self._reject(place[field], f"{field} must be a list of {noun}")
        return []

    def _read_objects(
        self, raw: dict[str, Any], field: str, message: str, place: Mapping[str, Path]
    ) -> Iterable[tuple[Path, dict[str, Any]]]:
        """Yield the mappings in a list, with their places."""
        for index, value in enumerate(self._read_list(raw, field, "objects", place)):
            here = place[field] / index
            if self._is_mapping(value, here, message):
                yield here, value

    def _read_now(self, raw: Any, here: Path) -> str:
        if raw is None:
            return ""
        if isinstance(raw, str):
            with suppress(ValueError):
                parse_time(raw)
                return raw
        self._reject(here, f"now must be a quoted RFC 3339 time, got {raw!r}")
        return ""

    def _read_params(
        self, raw: dict[str, Any], place: Mapping[str, Path]
    ) -> Mapping[tuple[str, str], tuple[Any, ...]] | None:
        """Return parameter objects by apiVersion and kind; None where none are given."""
        if raw.get("params") is None:
            return None
        params: dict[tuple[str, str], tuple[Any, ...]] = {}
        message = "a parameter must be an object with apiVersion and kind"
        for here, value in self._read_objects(raw, "params", message, place):
            version, kind = get_str(value, "apiVersion"), get_str(value, "kind")
            if not version or not kind:
                self._reject(here, message)
            params[version, kind] = (*params.get((version, kind), ()), value)
        return params

    def _read_exceptions(
        self, raw: dict[str, Any], place: Mapping[str, Path]
    ) -> tuple[PolicyException, ...] | None:
        if raw.get("exceptions") is None:
            return None
        exceptions = []
        message = "an exception must be a PolicyException"
        for here, value in self._read_objects(raw, "exceptions", message, place):
            issues = find_shape_issues(value)
            self.issues += [Issue(here.join(issue.path), issue.message) for issue in issues]
            if not issues:
                exceptions.append(read_exception(value, "", 0))
        return tuple(exceptions)

    def _read_expected_finding(self, raw: Any, here: Path) -> ExpectedFinding | None:
        if not isinstance(raw, dict) or not isinstance(raw.get("rule"), str):
            self._reject(here, "an expected finding requires rule: NAME/0")
            return None
        self._check_fields(raw, EXPECTED_FIELDS, here)
        place = {"action": here / "action"}
        action = self._read_word(raw, "action", _ACTION_VALUES, place)
        rule = _full_rule_id(raw["rule"])
        return ExpectedFinding(rule, action, raw.get("path"), raw.get("message"))

    def _change(self, base: Any, raw: dict[str, Any], here: Path, names: tuple[str, str]) -> Any:
        """Return a copy of `base` with values set and removed, by paths; `base` if none are.

        A path may go through mappings that are not there yet, and one element past a list's end.
        """
        place = {name: here / name for name in names}
        sets, removes = names
        changes = raw.get(sets) or {}
        if not self._is_mapping(changes, place[sets], f"{sets} must be a mapping of paths"):
            changes = {}
        removals = self._read_list(raw, removes, "paths", place)
        if base is None or not (changes or removals):
            return base
        value = copy.deepcopy(base)
        for text, new_value in changes.items():
            self._change_at(value, text, place[sets] / text, copy.deepcopy(new_value))
        for index, text in enumerate(removals):
            self._change_at(value, text, place[removes] / index)
        return value

    def _change_at(self, value: Any, text: Any, here: Path, *new_value: Any) -> None:
        """Set the value at a path, or remove it where there is no new one."""
        path = parse_path(text, value) if isinstance(text, str) else None
        if not path:
            self._reject(here, f"{text} is not a path such as spec.predictors[0].name")
            return
        try:
            if new_value:
                _set_value(value, path, *new_value)
            else:
                _remove_value(value, path)
        except _NoPlaceError as error:
            self._reject(here, str(error))


class _NoPlaceError(Exception):
    """A path that does not fit the object."""


def _full_rule_id(rule: Any) -> str:
    return rule if str(rule).startswith("policy/") else f"policy/{rule}"


def _set_value(value: Any, path: Path, new_value: Any) -> None:
    parent = value
    for segment, following in pairwise(path):
        if isinstance(parent, dict):
            child = parent.setdefault(segment, [] if isinstance(following, int) else {})
        elif isinstance(parent, list) and isinstance(segment, int):
            if segment == len(parent):
                parent.append([] if isinstance(following, int) else {})
            if segment > len(parent) - 1:
                raise _NoPlaceError(f"{path} is past the end of a list")
            child = parent[segment]
        else:
            raise _NoPlaceError(f"{path} goes through a value that is neither a mapping nor a list")
        parent = child
    last: Any = path[-1]
    if isinstance(parent, dict):
        parent[last] = new_value
    elif isinstance(parent, list) and isinstance(last, int):
        if last > len(parent):
            raise _NoPlaceError(f"{path} is past the end of a list")
        parent[last : last + 1] = [new_value]
    else:
        raise _NoPlaceError(f"{path} ends in a value that is neither a mapping nor a list")


def _remove_value(value: Any, path: Path) -> None:
    parent = value
    try:
        for segment in path[:-1]:
            parent = parent[segment]
        del parent[path[-1]]
    except (KeyError, IndexError, TypeError):
        raise _NoPlaceError(f"{path} does not exist, so it cannot be removed") from None
