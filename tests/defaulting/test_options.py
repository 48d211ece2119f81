"""How the operator's choices are read and refused."""

import json
from collections.abc import Callable
from dataclasses import astuple, replace
from typing import Any

import pytest

from webhook.defaulting import HARDENED_OPTIONS, DefaultingOptions, read_options, read_user_id
from webhook.defaulting.options import (
    NAMESPACE_OVERRIDABLE_KEYS,
    override_options,
    write_options,
)
from webhook.errors import SettingsError

ID = "must be an integer from 0 to 2147483647"


def test_an_empty_section_changes_nothing() -> None:
    assert read_options({}) == DefaultingOptions()
    assert read_options({}, HARDENED_OPTIONS) == HARDENED_OPTIONS


def test_every_option_can_be_set() -> None:
    section = {
        "scope": "container",
        "runAsUser": 1,
        "runAsGroup": 2,
        "fsGroup": 2147483647,
        "fsGroupChangePolicy": "OnRootMismatch",
        "runAsNonRoot": "always",
        "allowPrivilegeEscalation": False,
        "dropCapabilities": ["ALL"],
        "seccompProfile": "RuntimeDefault",
        "openshift": "range-start",
        "allowOptOut": False,
    }

    assert read_options(section) == DefaultingOptions(
        scope="container",
        run_as_user=1,
        run_as_group=2,
        fs_group=2147483647,
        fs_group_change_policy="OnRootMismatch",
        run_as_non_root="always",
        allow_privilege_escalation=False,
        drop_capabilities=("ALL",),
        seccomp_profile="RuntimeDefault",
        openshift="range-start",
        allow_opt_out=False,
    )


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("scope", ["pod", "container", "off"]),
        ("fsGroupChangePolicy", ["Always", "OnRootMismatch", None]),
        ("runAsNonRoot", ["off", "when-user-set", "always"]),
        ("openshift", ["auto", "range-start", "ignore"]),
    ],
)
def test_every_word_of_an_option_is_taken(key: str, words: list[str | None]) -> None:
    for word in words:
        taken = read_options({key: word})
        assert word in astuple(taken)
        assert replace(taken, scope="pod") == replace(DefaultingOptions(), **_change(key, word))

        if key in NAMESPACE_OVERRIDABLE_KEYS:
            assert override_options(DefaultingOptions(), {key: word}) == taken


@pytest.mark.parametrize("key", ["scope", "runAsNonRoot"])
@pytest.mark.parametrize(
    "take",
    [
        lambda section: read_options(section, HARDENED_OPTIONS),
        lambda section: override_options(HARDENED_OPTIONS, section),
    ],
    ids=["settings", "namespace"],
)
def test_false_is_off_as_yaml_reads_it_unquoted(
    take: Callable[[dict[str, Any]], DefaultingOptions], key: str
) -> None:
    assert take({key: False}) == take({key: "off"}) != HARDENED_OPTIONS


def _change(key: str, word: str | None) -> dict[str, Any]:
    names = {"fsGroupChangePolicy": "fs_group_change_policy", "runAsNonRoot": "run_as_non_root"}
    return {} if key == "scope" else {names.get(key, key): word}


def test_options_are_read_as_they_were_written() -> None:
    section = write_options(HARDENED_OPTIONS)
    assert read_options(section) == HARDENED_OPTIONS
    assert json.loads(json.dumps(section)) == section


def test_null_switches_an_option_off() -> None:
    section = dict.fromkeys(
        (
            "runAsUser",
            "allowPrivilegeEscalation",
            "dropCapabilities",
            "seccompProfile",
            "fsGroupChangePolicy",
        )
    )

    assert read_options(section, HARDENED_OPTIONS) == DefaultingOptions(
        run_as_user=None, run_as_non_root="when-user-set"
    )


@pytest.mark.parametrize(
    ("section", "sentences"),
    [
        ({"runAsUser": "8888"}, f"runAsUser {ID}"),
        ({"runAsUser": True}, f"runAsUser {ID}"),
        ({"runAsUser": 8888.0}, f"runAsUser {ID}"),
        ({"runAsUser": -1}, f"runAsUser {ID}"),
        ({"runAsGroup": 2147483648}, f"runAsGroup {ID}"),
        ({"fsGroup": []}, f"fsGroup {ID}"),
        ({"scope": None}, "scope must be pod, container or off"),
        ({"scope": "Pod"}, "scope must be pod, container or off"),
        ({"scope": ["pod"]}, "scope must be pod, container or off"),
        (
            {"fsGroupChangePolicy": "Never"},
            "fsGroupChangePolicy must be Always, OnRootMismatch or null",
        ),
        ({"runAsNonRoot": True}, "runAsNonRoot must be off, when-user-set or always"),
        (
            {"allowPrivilegeEscalation": 0},
            "allowPrivilegeEscalation must be false or null",
        ),
        ({"dropCapabilities": "ALL"}, 'dropCapabilities must be ["ALL"] or null'),
        (
            {"seccompProfile": "Unconfined"},
            "seccompProfile must be RuntimeDefault or null",
        ),
        ({"runasuser": 1}, "unknown key runasuser"),
        ({"openshift": "ignore"}, "unknown key openshift"),
        (
            {"scope": "all", "fsGroup": -1, "runAsUser": 0},
            f"scope must be pod, container or off\nfsGroup {ID}\n"
            "runAsUser is 0 (root); root is not allowed as a default",
        ),
        (
            {"runAsUser": 0, "runAsNonRoot": "ever"},
            "runAsNonRoot must be off, when-user-set or always\n"
            "runAsUser is 0 (root); root is not allowed as a default",
        ),
        (
            {"runAsUser": 0},
            "runAsUser is 0 (root); root is not allowed as a default",
        ),
        (
            {"runAsNonRoot": "always", "runAsUser": 0},
            "runAsUser is 0 (root); root is not allowed as a default\n"
            "runAsUser is 0, which contradicts runAsNonRoot: always",
        ),
    ],
)
def test_all_overrides_that_cannot_be_used_are_refused_together(
    section: dict[str, Any], sentences: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        override_options(DefaultingOptions(), section)

    assert str(raised.value) == sentences


@pytest.mark.parametrize(
    ("text", "number"),
    [("", None), ("8888", 8888), ("1", 1), ("2147483647", 2147483647), ("008888", 8888)],
)
def test_a_user_id_is_read_from_text(text: str, number: int | None) -> None:
    assert read_user_id(text, "DEFAULT_USER_ID") == number


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        " 8888",
        "8888 ",
        "8888.0",
        "-1",
        "+1",
        "0x22b8",
        "1_000",
        "1e3",
        "2147483648",
        "٣",
        "²",
        "9" * 5000,
    ],
)
def test_a_bad_user_id_is_refused_in_a_sentence_that_names_the_variable(text: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_user_id(text, "DEFAULT_USER_ID")

    assert str(raised.value) == (
        "DEFAULT_USER_ID must be a user id from 0 to 2147483647 in decimal digits, "
        f"not {text!r}; leave it empty to set no user"
    )


def test_root_is_refused_unless_it_is_allowed() -> None:
    with pytest.raises(SettingsError) as raised:
        read_user_id("0", "--default-user-id")

    assert str(raised.value) == (
        "--default-user-id is 0 (root); allow it with --allow-root-default"
    )
    assert read_user_id("000", "--default-user-id", allow_root=True) == 0
