"""One id space: every id that the code can make is known, and explained."""

import ast
import re
from pathlib import Path

import pytest

from tests.rules.test_fixtures import FILES
from tests.seeds import ROOT
from webhook.podsecurity import Pod
from webhook.podsecurity.checks import CHECKS
from webhook.podsecurity.psp.model import IdRange, IdStrategy, PspRules, check_psp_rules
from webhook.rules import all_rules, other_ids
from webhook.rules.descriptors import configurable_ids, describe, known_ids, other_descriptors

SOURCES = sorted((ROOT / "webhook").rglob("*.py"))

ID_ARGUMENTS = {"RuleError": 0, "PolicyFailure": 0, "Anomaly": 0, "_add_failure": 1}
"""Callables that take an id, or the kind of a YAML warning, by position."""


def written_ids(source):
    """Yield (line, id or its constant beginning) of every id that a module writes out."""
    tree = ast.parse(source.read_text())
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, []).append(node.value)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        arguments = [keyword.value for keyword in node.keywords if keyword.arg == "rule_id"]
        called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func
        name = called.id if isinstance(called, ast.Name) else called
        if name in ID_ARGUMENTS and len(node.args) > ID_ARGUMENTS[name]:
            arguments.append(node.args[ID_ARGUMENTS[name]])
        for argument in arguments:
            values = assigned.get(argument.id, []) if isinstance(argument, ast.Name) else [argument]
            for value in values:
                beginning = constant_beginning(value)
                if beginning:
                    prefix = "yaml/" if name == "Anomaly" else ""
                    yield node.lineno, prefix + beginning


def constant_beginning(value):
    if isinstance(value, ast.Constant):
        return value.value if isinstance(value.value, str) else ""
    if isinstance(value, ast.JoinedStr):
        first, *others = value.values
        if isinstance(first, ast.Constant):
            return f"{first.value!s}…"
        if isinstance(first, ast.FormattedValue) and isinstance(first.value, ast.Name):
            rest = str(others[0].value) if others and isinstance(others[0], ast.Constant) else "…"
            return f"{getattr(other_ids, first.value.id, '')}{rest}"
    return ""


WRITTEN = [
    pytest.param(rule_id, id=f"{source.relative_to(ROOT)}:{line}")
    for source in SOURCES
    for line, rule_id in written_ids(source)
]


@pytest.mark.parametrize("rule_id", WRITTEN)
def test_every_id_in_the_code_is_registered(rule_id):
    if rule_id.endswith("…"):
        beginning = rule_id.removesuffix("…")
        assert any(known.startswith(beginning) for known in known_ids())
    else:
        assert describe(rule_id) is not None


def test_the_search_for_ids_finds_what_is_known_to_be_there():
    found = {parameter.values[0] for parameter in WRITTEN}
    assert {
        "yaml/duplicate-key",
        "pod-security/id-out-of-range",
        "pod-security/malformed-profile",
        "pod-security/outside-namespace-range",
        "policy/…",
        "pod-security/restrictions/…",
    } <= found


def test_every_constant_of_an_id_is_registered():
    for name, value in vars(other_ids).items():
        if name.endswith("_RULE_ID"):
            assert describe(value) is not None, name


def test_the_checks_of_the_standards_are_registered_and_no_others():
    registered = {
        rule_id.removeprefix("pod-security/")
        for rule_id, descriptor in other_descriptors().items()
        if rule_id.startswith("pod-security/")
        and "/restrictions/" not in rule_id
        and descriptor.action is None
    }
    assert registered == {check.id for check in CHECKS}


def test_the_restrictions_are_registered_and_no_others():
    ids = IdStrategy("MustRunAs", (IdRange(1, 1),))
    strictest = PspRules(
        run_as_user=ids,
        run_as_group=ids,
        fs_group=ids,
        supplemental_groups=ids,
        required_drop=("ALL",),
        allowed_add=(),
        volumes=(),
        host_ports=(),
        read_only_root_filesystem=True,
        privileged=False,
        allow_privilege_escalation=False,
        host_network=False,
        host_pid=False,
        host_ipc=False,
    )
    pod = Pod(
        {
            "hostNetwork": True,
            "hostPID": True,
            "hostIPC": True,
            "volumes": [{"name": "v", "emptyDir": {}}],
            "containers": [
                {
                    "name": "c",
                    "ports": [{"hostPort": 1}],
                    "securityContext": {"privileged": True},
                }
            ],
        }
    )
    made = {violation.check_id for violation in check_psp_rules(pod, strictest)}
    prefix = other_ids.RESTRICTIONS_RULE_ID_PREFIX
    registered = {i.removeprefix(prefix) for i in other_descriptors() if i.startswith(prefix)}
    assert made == registered


def test_every_id_in_the_head_of_a_fixture_is_registered():
    head = re.compile(r"^# (?:deny|warn|audit) (\S+)", re.MULTILINE)
    ids = {rule_id for file in FILES for rule_id in head.findall(Path(file).read_text())}
    assert len(ids) > 100
    assert [rule_id for rule_id in sorted(ids) if describe(rule_id) is None] == []


@pytest.mark.parametrize("rule_id", known_ids())
def test_an_explanation_has_a_title_a_reason_and_a_fix(rule_id):
    descriptor = describe(rule_id)
    assert descriptor is not None
    assert descriptor.title
    assert not descriptor.title.endswith(".")
    assert descriptor.why
    assert descriptor.fix
    assert (descriptor.action is None) == bool(descriptor.decided_by)


def test_no_id_means_two_things():
    assert not {rule.id for rule in all_rules()} & {*other_descriptors()}


def test_ids_of_policies_are_known_by_their_shape():
    assert [
        describe(rule_id) is not None
        for rule_id in ("policy/gpu-limit", "policy/gpu-limit/0", "policy/", "policy/a/b", "polic")
    ] == [True, True, False, False, False]


def test_what_decides_elsewhere_cannot_be_set():
    assert configurable_ids().isdisjoint({"unreadable", "nested-too-deep", "engine", "policy/NAME"})
