"""A quarrel over a field becomes slower, and only that one."""

from tests.controller.fakes import Clock
from tests.documents_of import minimal
from tests.workloads.lives import child
from webhook.controller.restraint import QUIET, Restraint
from webhook.graph.parse import parse
from webhook.workloads.plan import Action, Apply, Delete, Owner, prepare
from webhook.workloads.render import render

WANTED = [prepare(one, Owner("v1", "iris", "1"), "models") for one in render(parse(minimal()))]
TAKEN = Apply(WANTED[0], child(WANTED[0]), "taken")
OTHER = Apply(WANTED[1], child(WANTED[1]), "taken")


def test_the_first_time_is_at_once_and_each_further_one_after_twice_the_pause():
    clock = Clock()
    restraint = Restraint(clock)
    times = []
    for _ in range(5):
        allowed, wait = restraint.allow([TAKEN])
        while not allowed:
            clock.now += wait or 0.0
            allowed, wait = restraint.allow([TAKEN])
        times.append(clock.now - 1000.0)
    assert times == [0.0, 1.0, 3.0, 7.0, 15.0]


def test_what_was_quiet_for_long_is_forgotten():
    clock = Clock()
    restraint = Restraint(clock)
    for _ in range(3):
        restraint.allow([TAKEN])
        clock.now += 4.0
    clock.now += QUIET + 1.0
    assert restraint.allow([TAKEN]) == ([TAKEN], None)
    clock.now += 1.0
    assert restraint.allow([TAKEN]) == ([TAKEN], None)


def test_everything_else_is_never_held_back():
    restraint = Restraint(Clock())
    restraint.allow([TAKEN])
    others: list[Action] = [
        OTHER,
        Apply(WANTED[0], None, "missing"),
        Apply(WANTED[0], child(WANTED[0]), "changed"),
        Delete(child(WANTED[2])),
    ]
    assert restraint.allow([TAKEN, *others]) == (others, 1.0)
