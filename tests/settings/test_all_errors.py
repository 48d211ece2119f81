"""Every error of a file is in one answer, each with its place, in the order of the file."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webhook.errors import SettingsError
from webhook.graph.path import ROOT, resolve_path
from webhook.runtime.single_document import read_single_document
from webhook.settings.facts_file import read_facts
from webhook.settings.model import read_settings
from webhook.settings.schema import settings_schema
from webhook.settings.schema_errors import read_by_schema
from webhook.yamldoc.emitter import emit_document

HEAD = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings"}


def errors_of(tmp_path, text, **flags):
    """Return the lines that a settings file is refused with, without its name."""
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    document = read_single_document(file)
    with pytest.raises(SettingsError) as rejected:
        read_settings(document.value, {}, source=document.source, **flags)
    return str(rejected.value).replace(f"{file}:", "").splitlines()


def test_errors_of_every_kind_are_told_at_once(tmp_path):
    text = """\
apiVersion: graphgate.io/v1alpha1
kind: Setings
rulez: {}
rules:
  trafic-not-100: {action: warn}
  unknown-field: {action: reject}
defaults:
  runAsUser: 0
  runAsNonRoot: always
ratchet: true
ratchet: false
podSecurity:
  version: "1.30"
  restrictions:
    runAsUser: {rule: MustRunAs}
    fsGroup: {rule: MayRunAs, ranges: [{min: 5, max: 1}, {min: x, max: 3}]}
rendering: {executor: {httpPort: 0, cpu: much}}
routing:
  kind: gateway-api
  hosts: ["*", "https://a.example.com"]
policies: {selector: "team=a,,"}
namespaces:
  Team_A: {mode: audit}
  b: {routing: {gateway: nope}, profile: hardened}
namespaceSelectors:
- mode: enforc
- selector: {matchLabels: {a: 1}}
  podSecurity: {restrictions: {hostPorts: [{min: 9, max: 8}]}}
"""
    assert errors_of(tmp_path, text, default_user_id="x", routing={"prefix": "models"}) == [
        '2:7: kind must be Settings, got "Setings"',
        '3:1: unknown key rulez; did you mean "rules"?',
        '5:3: unknown key rules.trafic-not-100; did you mean "traffic-not-100"?',
        '6:27: rules.unknown-field.action must be deny, warn, audit or off, got "reject"',
        "8:14: defaults.runAsUser is 0 (root); root is not allowed as a default",
        "8:14: defaults.runAsUser is 0, which contradicts runAsNonRoot: always",
        "11:10: ratchet is written twice",
        '13:12: podSecurity.version must be a value like v1.30 or latest, got "1.30"',
        "15:5: podSecurity.restrictions.runAsUser.ranges must contain at least one range for "
        "MustRunAs",
        "16:40: podSecurity.restrictions.fsGroup.ranges[0] has min 5 above max 1",
        '16:64: podSecurity.restrictions.fsGroup.ranges[1].min must be an integer, got "x"',
        "17:34: rendering.executor.httpPort must be 1 or more, got 0",
        '17:42: rendering.executor.cpu must be a value like 100m or 1Gi, got "much"',
        "18:1: routing.gateway must be namespace/name with kind gateway-api",
        "20:16: routing.hosts[1] must be a value like models.example.com or *.example.com, got "
        '"https://a.example.com"',
        "21:22: policies.selector: 'team=a,,' is not a label selector; write it as "
        "KEY=VALUE,KEY!=VALUE",
        "23:3: the name of namespaces.Team_A must be a value like team-a or team-*",
        '23:18: namespaces.Team_A.mode must be enforce, warn or observe, got "audit"',
        "24:26: namespaces.b.routing.gateway must be namespace/name with kind gateway-api",
        "24:42: unknown key namespaces.b.profile; allowed: defaults, rules, modelServers, "
        "podSecurity, mode, ratchet, operator, operatorVersion, controllerID, onRuleError, routing",
        "26:3: namespaceSelectors[0].selector is missing",
        '26:9: namespaceSelectors[0].mode must be enforce, warn or observe, got "enforc"; did you '
        'mean "enforce"?',
        "27:31: namespaceSelectors[1].selector.matchLabels.a must be a string, got 1",
        "28:44: namespaceSelectors[1].podSecurity.restrictions.hostPorts[0] has min 9 above max 8",
        'flags: routing.prefix must be a value like /seldon, got "models"',
        "--default-user-id must be a user id from 0 to 2147483647 in decimal digits, not 'x'; "
        "leave it empty to set no user",
    ]


def test_what_is_inherited_is_told_once_and_where_it_is_written(tmp_path):
    text = emit_document({**HEAD, "routing": {"kind": "gateway-api"}, "namespaces": {"a": {}}})
    assert len(errors_of(tmp_path, text)) == 1


def test_what_cannot_be_read_has_no_consequences(tmp_path):
    routing = {"kind": "gateway-api", "gateway": "Not/A/Name", "hosts": ["a.example.com"]}
    text = emit_document({**HEAD, "routing": routing, "namespaces": {"a": {"routing": {}}}})
    assert len(errors_of(tmp_path, text)) == 1
    text = emit_document({**HEAD, "routing": {"kind": "gateway-api", "gatway": "gateways/public"}})
    assert errors_of(tmp_path, text) == [
        '5:11: unknown key routing.gatway; did you mean "gateway"?'
    ]


AT = "podSecurity.restrictions."


@pytest.mark.parametrize(
    ("section", "sentences"),
    [
        ({"privilege": 1}, [f'unknown key {AT}privilege; did you mean "privileged"?']),
        ({"privileged": 1}, [f"{AT}privileged must be true or false, got 1"]),
        ({"runAsUser": "RunAsAny"}, [f'{AT}runAsUser must be a mapping, got "RunAsAny"']),
        (
            {"runAsUser": {"rule": "MayRunAs", "ranges": 7}},
            [
                f"{AT}runAsUser.rule must be RunAsAny, MustRunAs or MustRunAsNonRoot, got "
                '"MayRunAs"; did you mean "MustRunAs"?',
                f"{AT}runAsUser.ranges must be a list, got 7",
            ],
        ),
        ({"fsGroup": {}}, [f"{AT}fsGroup.rule is missing"]),
        (
            {"runAsGroup": {"rule": "MustRunAs", "ranges": []}},
            [f"{AT}runAsGroup.ranges must contain at least one range for MustRunAs"],
        ),
        (
            {"hostPorts": [{"min": True, "max": 65536}, 7, {"min": 1}]},
            [
                f"{AT}hostPorts[0].min must be an integer, got true",
                f"{AT}hostPorts[0].max must be 65535 or less, got 65536",
                f"{AT}hostPorts[1] must be a mapping, got 7",
                f"{AT}hostPorts[2].max is missing",
            ],
        ),
        (
            {"volumes": "*", "capabilities": {"requiredDrop": [1], "allowedAdd": "KILL"}},
            [
                f"{AT}capabilities.requiredDrop[0] must be a string, got 1",
                f'{AT}capabilities.allowedAdd must be a list, got "KILL"',
                f'{AT}volumes must be a list, got "*"',
            ],
        ),
    ],
)
def test_restrictions_that_cannot_be_used_are_refused(section, sentences):
    with pytest.raises(SettingsError) as rejected:
        read_settings({**HEAD, "podSecurity": {"restrictions": section}})
    assert str(rejected.value).splitlines() == [f"settings: {each}" for each in sentences]


VALID = {
    **HEAD,
    "profile": "hardened",
    "mode": "enforce",
    "ratchet": True,
    "rules": {"unknown-field": {"action": "warn"}, "large-traffic-shift": {"parameters": {}}},
    "defaults": {"runAsUser": 1000, "scope": "pod"},
    "modelServers": ["A_SERVER"],
    "podSecurity": {
        "mode": "warn",
        "version": "v1.30",
        "restrictions": {"fsGroup": {"rule": "MayRunAs", "ranges": [{"min": 1, "max": 2}]}},
    },
    "rendering": {"executor": {"httpPort": 8000}, "modelServerImages": {"A": {"v2": "a:1"}}},
    "routing": {"kind": "gateway-api", "gateway": "a/b", "hosts": ["a.com"], "prefix": "/x"},
    "policies": {"files": ["a"], "selector": "a=b"},
    "namespaces": {
        "team-a": {
            "mode": "warn",
            "defaults": {"runAsUser": 5},
            "routing": {"hosts": ["b.com"], "grpcHosts": ["c.com"]},
        }
    },
    "namespaceSelectors": [
        {"selector": {"matchLabels": {"a": "b"}}, "rules": {"pod": {"action": "off"}}},
        {"selector": {}, "defaults": {"fsGroup": 7}},
    ],
}
"""A settings file without an error."""

PLANTED = [
    (("kind",), "Setings"),
    (("profile",), "paranoid"),
    (("mode",), "observ"),
    (("ratchet",), "yes"),
    (("rulez",), {}),
    (("rules", "unknown-field", "action"), "reject"),
    (("rules", "trafic-not-100"), {}),
    (("rules", "large-traffic-shift", "parameters", "maxShiftPercent"), "7"),
    (("defaults", "runAsUser"), 0),
    (("defaults", "scope"), None),
    (("modelServers",), "A_SERVER"),
    (("podSecurity", "mode"), "strict"),
    (("podSecurity", "version"), "1.30"),
    (("podSecurity", "restrictions", "fsGroup", "ranges"), []),
    (("podSecurity", "restrictions", "hostPorts"), [{"min": 2, "max": 1}]),
    (("rendering", "executor", "httpPort"), 70000),
    (("rendering", "modelServerImages", "A", "v2"), ""),
    (("routing", "gateway"), "b"),
    (("routing", "prefix"), "x"),
    (("policies", "selector"), "a,,"),
    (("policies", "files", 0), 1),
    (("namespaces", "Team_B"), {}),
    (("namespaces", "team-a", "mode"), "audit"),
    (("namespaces", "team-a", "defaults", "runAsUser"), 0),
    (("namespaces", "team-a", "routing", "grpcHosts"), ["b.com"]),
    (("namespaces", "team-a", "policies"), {}),
    (("namespaceSelectors", 0), "x"),
    (("namespaceSelectors", 0, "selector"), "a=b"),
    (("namespaceSelectors", 1, "defaults", "runAsUser"), 0),
    (("namespaceSelectors", 1, "selector", "matchExpressions"), [{"key": "a", "operator": "Is"}]),
]
"""Single errors: a place, and a value that makes one there."""


def sentences_of(document):
    try:
        read_settings(document)
    except SettingsError as error:
        return str(error).splitlines()
    return []


def plant(document, path, value):
    document = copy.deepcopy(document)
    parent = resolve_path(document, path[:-1])
    parent[path[-1]] = value
    return document


def test_the_valid_file_is_valid():
    assert sentences_of(VALID) == []


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(PLANTED), st.sampled_from(PLANTED))
def test_an_error_is_told_beside_any_other(one, other):
    shorter, longer = sorted((one[0], other[0]), key=len)
    if longer[: len(shorter)] == shorter:
        return  # the second would overwrite the first
    alone = [sentences_of(plant(VALID, *each)) for each in (one, other)]
    both = sentences_of(plant(plant(VALID, *one), *other))
    assert all(len(each) == 1 for each in alone)
    assert sorted(both) == sorted(alone[0] + alone[1])


def places(value, path=ROOT):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        here = path / key
        yield from places(inner, here) if isinstance(inner, (dict, list)) else [here]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.sampled_from([*places(VALID)][1:]), JSON), min_size=1, max_size=3))
def test_whatever_stands_anywhere_is_read_or_refused_with_sentences(planted):
    document = VALID
    for path, value in planted:
        try:
            document = plant(document, path, value)
        except (LookupError, TypeError):
            continue  # what was planted before has no such place
    lines = sentences_of(document)
    assert len(set(lines)) == len(lines)
    assert all(line.startswith("settings: ") and line.isprintable() for line in lines)


def test_every_pattern_of_the_settings_has_an_example_that_fits_it():
    def patterns(schema):
        if isinstance(schema, dict):
            if isinstance(schema.get("pattern"), str):
                yield schema
            for inner in schema.values():
                yield from patterns(inner)

    found = [*patterns(settings_schema())]
    assert found
    for schema in found:
        for example in schema["examples"]:
            assert read_by_schema({"a": example}, {"properties": {"a": schema}}).issues == ()


def test_all_errors_of_a_facts_file_are_told_at_once(tmp_path):
    file = tmp_path / "facts.yaml"
    file.write_text(
        json.dumps({"kind": "Facts", "kubernetesVersion": "36", "openshift": 1, "operater": ""})
    )
    with pytest.raises(SettingsError) as rejected:
        read_facts(*read_single_document(file))
    assert [line.replace(f"{file}:", "") for line in str(rejected.value).splitlines()] == [
        "1:1: apiVersion is missing",
        '1:40: kubernetesVersion must be a value like v1.36, got "36"',
        "1:59: openshift must be true or false, got 1",
        '1:74: unknown key operater; did you mean "operator"?',
    ]
