"""Durations: seconds, or as Kubernetes' own flags take them."""

import click
import pytest

from webhook.cli.durations import Duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15", 15.0),
        ("0.5", 0.5),
        ("15s", 15.0),
        ("1m30s", 90.0),
        ("500ms", 0.5),
        ("30d", 2_592_000.0),
        ("1.5h", 5400.0),
        ("1h1m1s1ms", 3661.001),
        ("0", 0.0),
        ("0s", 0.0),
    ],
)
def test_a_duration_is_seconds(text, seconds):
    assert Duration().convert(text, None, None) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "s", "15 s", "-1", "-1s", "1w", "1e3", "inf", "nan", "15s ", "1s2"]
)
def test_anything_else_is_not_a_duration(text):
    with pytest.raises(click.BadParameter, match="is not a duration"):
        Duration().convert(text, None, None)


def test_too_short_a_duration_is_refused():
    with pytest.raises(click.BadParameter, match="too short: at least 2s"):
        Duration(min_seconds=2.0).convert("1999ms", None, None)
    with pytest.raises(click.BadParameter, match="too short: more than 0"):
        Duration(allow_zero=False).convert("0s", None, None)


@pytest.mark.parametrize(
    ("command", "flag"),
    [
        ("serve", "--review-timeout"),
        ("serve", "--shutdown-delay"),
        ("reconcile", "--leader-elect-lease-duration"),
    ],
)
def test_the_flags_of_kubernetes_names_take_its_durations(run, command, flag):
    ran = run(command, flag, "soon")
    assert ran.code == 2
    assert "is not a duration" in ran.err
