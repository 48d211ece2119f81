"""What one attack came to, and the table of all of them."""

from collections.abc import Iterable
from typing import NamedTuple


class Result(NamedTuple):
    """One line of the table.

    attack  what was sent
    worst   what it cost, in words
    goal    what it is not to exceed, in words
    met     whether it did not
    """

    attack: str
    worst: str
    goal: str
    met: bool


def print_table(results: Iterable[Result]) -> None:
    """Print lines as a table of Markdown."""
    print("| attack | worst | goal | |")
    print("| --- | --- | --- | --- |")
    for result in results:
        state = "met" if result.met else "**missed**"
        print(f"| {result.attack} | {result.worst} | {result.goal} | {state} |", flush=True)
