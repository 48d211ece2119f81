"""Flags that belong together: a command gets them as one value."""

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any

Command = Callable[..., None]
Decorator = Callable[[Command], Command]


def option_group(name: str, kind: type[Any], *options: Decorator) -> Decorator:
    """Return a decorator that adds options, in the order of the help; a command gets one value.

    name  the command's parameter
    kind  its type: a dataclass with a field for each option's parameter
    """
    names = [field.name for field in fields(kind)]

    def add(command: Command) -> Command:
        @wraps(command)
        def with_group(**arguments: Any) -> None:
            chosen = {each: arguments.pop(each) for each in names}
            command(**{name: kind(**chosen)}, **arguments)

        decorated: Command = with_group
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return add
