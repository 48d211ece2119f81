"""Levels and versions from labels and words."""

import pytest

from webhook.podsecurity import (
    LATEST,
    NamespacePodSecurity,
    Standard,
    parse_level,
    parse_standard,
    parse_version,
    read_namespace_labels,
)

KEY = "pod-security.kubernetes.io/"


@pytest.mark.parametrize(
    ("word", "version"),
    [
        ("latest", LATEST),
        ("v1.0", 0),
        ("v1.9", 9),
        ("v1.30", 30),
        ("v1.37", 37),
        ("v1.38", LATEST),
        ("v1.123456789012345678", LATEST),
        ("", None),
        ("1.30", None),
        ("v1.030", None),
        ("v1.", None),
        ("v2.1", None),
        ("v1.30 ", None),
        ("v1.30\n", None),
        ("V1.30", None),
        ("v1.٣", None),
        ("v1." + "9" * 5000, None),
    ],
)
def test_a_version_is_latest_or_a_minor_without_leading_zeros(
    word: str, version: int | None
) -> None:
    assert parse_version(word) == version


@pytest.mark.parametrize(
    ("word", "level"),
    [("privileged", "privileged"), ("baseline", "baseline"), ("restricted", "restricted"),
     ("Restricted", None), ("", None), ("restricted ", None)],
)  # fmt: skip
def test_a_level_is_one_of_three_words(word: str, level: str | None) -> None:
    assert parse_level(word) == level


@pytest.mark.parametrize(
    ("words", "standard"),
    [
        ("restricted", Standard("restricted", LATEST)),
        ("restricted:latest", Standard("restricted", LATEST)),
        ("baseline:v1.30", Standard("baseline", 30)),
        ("baseline:", None),
        (":v1.30", None),
        ("best:v1.30", None),
        ("baseline:1.30", None),
    ],
)
def test_a_standard_is_a_level_and_perhaps_a_version(words: str, standard: Standard | None) -> None:
    assert parse_standard(words) == standard


def test_a_standard_is_spelled_as_upstream_spells_it() -> None:
    assert str(Standard("restricted", 30)) == "restricted:v1.30"


def test_no_labels_leave_the_default() -> None:
    default = Standard("baseline", 20)

    assert read_namespace_labels({"other": "x"}, default) == NamespacePodSecurity(
        default, default, default
    )


def test_each_mode_has_its_own_labels() -> None:
    labels = {
        f"{KEY}enforce": "baseline",
        f"{KEY}enforce-version": "v1.20",
        f"{KEY}warn": "restricted",
        f"{KEY}warn-version": "v1.21",
        f"{KEY}audit": "privileged",
        f"{KEY}audit-version": "v1.22",
    }

    assert read_namespace_labels(labels) == NamespacePodSecurity(
        Standard("baseline", 20), Standard("restricted", 21), Standard("privileged", 22)
    )


def test_warn_follows_a_stricter_enforce() -> None:
    labels = {f"{KEY}enforce": "baseline", f"{KEY}enforce-version": "v1.20"}

    assert read_namespace_labels(labels).warn == Standard("baseline", 20)


def test_warn_keeps_its_own_version() -> None:
    labels = {f"{KEY}enforce": "baseline", f"{KEY}warn-version": "v1.21"}

    assert read_namespace_labels(labels).warn == Standard("baseline", 21)


def test_a_warn_label_holds_beside_a_stricter_enforce() -> None:
    labels = {f"{KEY}enforce": "restricted", f"{KEY}warn": "baseline"}

    assert read_namespace_labels(labels).warn == Standard("baseline")


@pytest.mark.parametrize("enforce", ["baseline", "privileged"])
def test_warn_does_not_follow_an_enforce_that_is_not_stricter(enforce: str) -> None:
    default = Standard("baseline", 20)

    assert read_namespace_labels({f"{KEY}enforce": enforce}, default).warn == default


def test_bad_labels_mean_restricted_for_enforce_and_privileged_for_the_others() -> None:
    labels = {f"{KEY}{mode}": "resticted" for mode in ("enforce", "warn", "audit")}

    assert read_namespace_labels(labels, Standard("baseline", 20)) == NamespacePodSecurity(
        Standard("restricted", 20),
        Standard("privileged", 20),
        Standard("privileged", 20),
        (
            f"label {KEY}enforce is 'resticted', which is not a level; using restricted",
            f"label {KEY}warn is 'resticted', which is not a level; using privileged",
            f"label {KEY}audit is 'resticted', which is not a level; using privileged",
        ),
    )


def test_warn_does_not_follow_a_bad_enforce() -> None:
    assert read_namespace_labels({f"{KEY}enforce": "x"}).warn == Standard("privileged")


def test_a_bad_version_means_the_latest() -> None:
    labels = {f"{KEY}enforce": "baseline", f"{KEY}enforce-version": "1.20"}

    found = read_namespace_labels(labels, Standard("privileged", 3))
    assert found.enforce == Standard("baseline", LATEST)
    assert found.label_errors == (
        f"label {KEY}enforce-version is '1.20', which is not a version; using latest",
    )


def test_warn_keeps_its_own_version_where_enforce_is_no_stricter() -> None:
    labels = {f"{KEY}enforce": "baseline", f"{KEY}enforce-version": "v1.20"}
    standards = read_namespace_labels(labels, Standard("baseline", 30))
    assert (standards.enforce, standards.warn) == (
        Standard("baseline", 20),
        Standard("baseline", 30),
    )
