"""Which options hold in a namespace."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.defaulting.documents import build_namespace
from webhook.defaulting.options import HARDENED_OPTIONS, DefaultingOptions
from webhook.defaulting.resolve import EffectiveOptions, resolve_options

OWN_OPTIONS = "namespace annotation graphgate.io/security-defaults ignored: "
UID_RANGE = "openshift.io/sa.scc.uid-range: "
RANGE_START = replace(HARDENED_OPTIONS, openshift="range-start", run_as_group=7, fs_group=7)


def resolve_in_namespace(
    options: DefaultingOptions, *, openshift: bool = False, **known: Any
) -> EffectiveOptions:
    facts = build_namespace(openshift=openshift, **known)
    return resolve_options(options, facts.namespaces["ds"], openshift=openshift)


def test_nothing_known_changes_nothing() -> None:
    assert resolve_options(HARDENED_OPTIONS, None, openshift=False) == EffectiveOptions(
        HARDENED_OPTIONS, 8888
    )


def test_a_namespace_without_annotations_changes_nothing() -> None:
    assert resolve_in_namespace(HARDENED_OPTIONS) == EffectiveOptions(HARDENED_OPTIONS, 8888)


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ('{"scope": "container"}', {"scope": "container"}),
        ('{"runAsGroup": 5, "fsGroup": 6}', {"run_as_group": 5, "fs_group": 6}),
        ('{"fsGroupChangePolicy": "Always"}', {"fs_group_change_policy": "Always"}),
        ('{"runAsNonRoot": "always"}', {"run_as_non_root": "always"}),
        ('{"allowPrivilegeEscalation": null}', {"allow_privilege_escalation": None}),
        ('{"dropCapabilities": null}', {"drop_capabilities": None}),
        ('{"dropCapabilities": ["ALL"]}', {}),
        ('{"seccompProfile": null}', {"seccomp_profile": None}),
        ("{}", {}),
    ],
)
def test_a_namespace_overrides_option_by_option(text: str, change: dict[str, Any]) -> None:
    assert resolve_in_namespace(HARDENED_OPTIONS, override=text).options == replace(
        HARDENED_OPTIONS, **change
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", 'it is expected "disabled" or a JSON object'),
        ("Disabled", 'it is expected "disabled" or a JSON object'),
        ("[]", 'it is expected "disabled" or a JSON object'),
        ('{"runAsUser": 1', 'it is expected "disabled" or a JSON object'),
        ('{"runAsUser": true}', "runAsUser must be an integer from 0 to 2147483647"),
        ('{"runAsUser": 1.0}', "runAsUser must be an integer from 0 to 2147483647"),
        ('{"runAsUser": "1"}', "runAsUser must be an integer from 0 to 2147483647"),
        ('{"runAsUser": 2147483648}', "runAsUser must be an integer from 0 to 2147483647"),
        ('{"scope": "none"}', "scope must be pod, container or off"),
        ('{"dropCapabilities": ["all"]}', 'dropCapabilities must be ["ALL"] or null'),
        ('{"allowPrivilegeEscalation": true}', "allowPrivilegeEscalation must be false or null"),
        ('{"openshift": "ignore"}', "unknown key openshift"),
        ('{"allowOptOut": false}', "unknown key allowOptOut"),
        ('{"allowRootDefault": true}', "unknown key allowRootDefault"),
        (
            '{"runAsUser": 0}',
            "runAsUser is 0 (root); root is not allowed as a default",
        ),
        ('{"runAsGroup": 5, "scope": null}', "scope must be pod, container or off"),
        (
            '{"runAsGroup": -5, "scope": null}',
            "runAsGroup must be an integer from 0 to 2147483647; scope must be pod, container or "
            "off",
        ),
        (
            '{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1}',
            "unknown key a; unknown key b; unknown key c; unknown key d; unknown key e; and 2 more "
            "errors",
        ),
    ],
)
def test_an_override_that_cannot_be_followed_is_ignored_whole(text: str, fault: str) -> None:
    assert resolve_in_namespace(HARDENED_OPTIONS, override=text) == EffectiveOptions(
        HARDENED_OPTIONS, 8888, (OWN_OPTIONS + fault,)
    )


def test_an_override_of_0_is_followed_where_root_is_allowed() -> None:
    options = DefaultingOptions(allow_root_default=True)

    assert resolve_in_namespace(options, override='{"runAsUser": 0}').options.run_as_user == 0


def test_an_override_that_contradicts_the_cluster_is_ignored() -> None:
    options = DefaultingOptions(allow_root_default=True, run_as_non_root="always")

    assert resolve_in_namespace(options, override='{"runAsUser": 0}').warnings == (
        OWN_OPTIONS + "runAsUser is 0, which contradicts runAsNonRoot: always",
    )


@pytest.mark.parametrize("text", ["1000/10", "", "abc"])
def test_openshift_is_left_to_its_scc(text: str) -> None:
    options = replace(HARDENED_OPTIONS, run_as_group=7, fs_group=7)

    assert resolve_in_namespace(options, uid_range=text) == EffectiveOptions(
        DefaultingOptions(fs_group_change_policy=None, run_as_user=None), 8888
    )


@pytest.mark.parametrize(
    ("labels", "openshift"),
    [
        ({"security.openshift.io/disable-securitycontextconstraints": "true"}, True),
        ({"openshift.io/run-level": "0"}, True),
        ({"openshift.io/run-level": "1"}, True),
        ({}, False),
    ],
)
def test_without_scc_the_rules_of_kubernetes_hold(labels: Any, openshift: bool) -> None:
    assert (
        resolve_in_namespace(HARDENED_OPTIONS, labels=labels, openshift=openshift).options
        == HARDENED_OPTIONS
    )


@pytest.mark.parametrize(
    "labels",
    [
        {},
        {"security.openshift.io/disable-securitycontextconstraints": "false"},
        {"openshift.io/run-level": "2"},
        {"openshift.io/run-level": ""},
    ],
)
def test_scc_is_active_unless_it_is_switched_off(labels: Any) -> None:
    assert resolve_in_namespace(
        HARDENED_OPTIONS, labels=labels, openshift=True
    ).options == DefaultingOptions(run_as_user=None)


def test_an_override_beats_the_scc_for_its_keys_only() -> None:
    text = '{"seccompProfile": "RuntimeDefault", "runAsNonRoot": "always"}'

    assert resolve_in_namespace(
        HARDENED_OPTIONS, uid_range="1000/10", override=text
    ).options == DefaultingOptions(
        run_as_user=None, seccomp_profile="RuntimeDefault", run_as_non_root="always"
    )


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("runAsGroup", 5, {"run_as_group": 5}),
        ("fsGroup", 5, {"fs_group": 5}),
        ("allowPrivilegeEscalation", False, {"allow_privilege_escalation": False}),
        ("dropCapabilities", ["ALL"], {"drop_capabilities": ("ALL",)}),
        ("seccompProfile", "RuntimeDefault", {"seccomp_profile": "RuntimeDefault"}),
        ("runAsNonRoot", "always", {"run_as_non_root": "always"}),
        ("runAsUser", 5, {"run_as_user": 5, "run_as_non_root": "when-user-set"}),
    ],
)
def test_each_option_can_be_won_back_from_the_scc(
    key: str, value: Any, expected: dict[str, Any]
) -> None:
    text = json.dumps({key: value})

    assert resolve_in_namespace(
        HARDENED_OPTIONS, uid_range="1000/10", override=text
    ).options == replace(DefaultingOptions(run_as_user=None), **expected)


def test_an_override_to_no_user_keeps_the_marker_off_under_scc() -> None:
    text = '{"runAsUser": null}'

    assert resolve_in_namespace(
        HARDENED_OPTIONS, uid_range="1000/10", override=text
    ) == EffectiveOptions(DefaultingOptions(run_as_user=None), None)


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("8000/1000", 8888),
        ("8888/1", 8888),
        ("8000/888", 8000),
        ("8889-9000", 8889),
        ("2147483647/10", 2147483647),
    ],
)
def test_range_start_takes_the_first_user_unless_the_configured_one_fits(
    text: str, user: int
) -> None:
    assert resolve_in_namespace(RANGE_START, uid_range=text).options.run_as_user == user


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x", "not <start>/<size> or <start>-<end>: 'x'"),
        ("0/0", "range starts at 0"),
        ("5/0", "range 5-4 is empty"),
        ("10-5", "range 10-5 is empty"),
        ("2147483648/10", "range 2147483648-2147483657 starts above 2147483647"),
    ],
)
def test_range_start_leaves_an_unusable_range_to_the_platform(text: str, fault: str) -> None:
    found = resolve_in_namespace(RANGE_START, uid_range=text, groups="1/1")

    assert found.options.run_as_user is None
    assert found.warnings == (f"{UID_RANGE}{fault}; the platform chooses the user id",)


def test_range_start_says_when_there_is_no_range() -> None:
    assert resolve_in_namespace(RANGE_START, openshift=True).options.run_as_user is None
    assert resolve_in_namespace(RANGE_START, openshift=True).warnings == (
        f"{UID_RANGE}not set on the namespace; the platform chooses the user id",
    )


def test_range_start_does_not_look_at_the_range_for_an_overridden_user() -> None:
    found = resolve_in_namespace(
        RANGE_START, uid_range="x", override='{"runAsUser": 5, "runAsGroup": 6}'
    )

    assert (found.options.run_as_user, found.options.run_as_group) == (5, 6)
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ({"groups": "5000/10,7000/5"}, 5000),
        ({}, 1000),
        ({"groups": "5000/10,"}, None),
        ({"groups": "x"}, None),
        ({"groups": "5/0"}, None),
        ({"groups": "2147483648/1"}, None),
        ({"groups": "2147483647/1"}, 2147483647),
    ],
)
def test_range_start_takes_the_first_group(groups: Any, expected: int | None) -> None:
    found = resolve_in_namespace(RANGE_START, uid_range="1000/10", **groups)

    assert (found.options.fs_group, found.options.run_as_group) == (expected, None)


def test_range_start_writes_no_group_that_was_not_asked_for() -> None:
    options = replace(RANGE_START, fs_group=None)

    assert resolve_in_namespace(options, uid_range="1000/10").options.fs_group is None


def test_range_start_keeps_a_group_that_the_namespace_names() -> None:
    found = resolve_in_namespace(RANGE_START, uid_range="1000/10", override='{"fsGroup": 5}')

    assert found.options.fs_group == 5


@pytest.mark.parametrize(
    ("user", "expected"), [(999, None), (1000, 1000), (65534, 65534), (65535, None), (None, None)]
)
def test_under_scc_a_user_namespace_gets_what_restricted_v3_admits(
    user: int | None, expected: int | None
) -> None:
    options = DefaultingOptions(run_as_user=user)

    assert resolve_in_namespace(options, uid_range="1/1").user_in_user_namespace == expected


@pytest.mark.parametrize(("user", "expected"), [(999, 999), (65535, 65535), (65536, None)])
def test_an_overridden_user_must_only_exist_in_a_user_namespace(
    user: int, expected: int | None
) -> None:
    found = resolve_in_namespace(
        DefaultingOptions(), uid_range="1/1", override=f'{{"runAsUser": {user}}}'
    )

    assert found.user_in_user_namespace == expected


def test_a_disabled_namespace_gets_nothing() -> None:
    assert (
        resolve_in_namespace(DefaultingOptions(), uid_range="x", override="disabled").options.scope
        == "off"
    )
