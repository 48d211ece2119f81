"""Whoever attacks on the wire, others are answered; how fast is told by `make attack`."""

from collections.abc import Iterator

import pytest

from tools.attack.confined import MEBIBYTE, Confined, chart_limit
from tools.attack.hostile import ON_THE_WIRE, Target, attacking
from tools.attack.webhook import Victim, serving

CALLS = 5


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Target, Confined]]:
    with serving() as served:
        yield served


@pytest.mark.parametrize("name", ON_THE_WIRE)
def test_another_client_is_answered_and_probes_are(
    served: tuple[Target, Confined], name: str
) -> None:
    target, process = served
    attacker, _ = ON_THE_WIRE[name]
    with attacking(attacker, target, 2), Victim(target) as victim:
        victim.wait_for_calls(CALLS)
    assert (victim.failures, victim.probe_failures) == (0, 0)
    assert process.peak_mib() < chart_limit() / MEBIBYTE


def test_the_limit_is_that_of_the_chart() -> None:
    assert chart_limit() == 512 * MEBIBYTE
    assert chart_limit("reconciler") == 1024 * MEBIBYTE
