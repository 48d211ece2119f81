"""A quarrel over a field becomes slower, and only that one."""

from tests.controller.fakes import Clock
from tests.controller.state.lives import observed_object
from tests.documents_of import minimal
from webhook.controller.conflict_backoff import CONFLICT_RESET_SECONDS, ConflictBackoff
from webhook.controller.state.plan import Apply, Delete, OwnerRef, PlannedAction, to_desired
from webhook.graph.parse import parse
from webhook.rendering.render import render

DESIRED = [
    to_desired(one, OwnerRef("v1", "iris", "1"), "models") for one in render(parse(minimal()))
]
DRIFTED = Apply(DESIRED[0], observed_object(DESIRED[0]), "taken")
OTHER = Apply(DESIRED[1], observed_object(DESIRED[1]), "taken")


def test_the_first_time_is_at_once_and_each_further_one_after_twice_the_pause():
    clock = Clock()
    restraint = ConflictBackoff(clock)
    times = []
    for _ in range(5):
        allowed, wait = restraint.filter_due([DRIFTED])
        while not allowed:
            clock.now += wait or 0.0
            allowed, wait = restraint.filter_due([DRIFTED])
        times.append(clock.now - 1000.0)
    assert times == [0.0, 1.0, 3.0, 7.0, 15.0]


def test_what_was_quiet_for_long_is_forgotten():
    clock = Clock()
    restraint = ConflictBackoff(clock)
    for _ in range(3):
        restraint.filter_due([DRIFTED])
        clock.now += 4.0
    clock.now += CONFLICT_RESET_SECONDS + 1.0
    assert restraint.filter_due([DRIFTED]) == ([DRIFTED], None)
    clock.now += 1.0
    assert restraint.filter_due([DRIFTED]) == ([DRIFTED], None)


def test_everything_else_is_never_held_back():
    restraint = ConflictBackoff(Clock())
    restraint.filter_due([DRIFTED])
    others: list[PlannedAction] = [
        OTHER,
        Apply(DESIRED[0], None, "missing"),
        Apply(DESIRED[0], observed_object(DESIRED[0]), "changed"),
        Delete(observed_object(DESIRED[2])),
    ]
    assert restraint.filter_due([DRIFTED, *others]) == (others, 1.0)
