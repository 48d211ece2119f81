"""Whether text is coloured: --color, NO_COLOR, FORCE_COLOR, else whether a terminal reads it."""

from collections.abc import Mapping

import click

_CHOICES = {"auto": None, "always": True, "never": False}


def colour_of_environment(environment: Mapping[str, str]) -> bool | None:
    """Return what the environment requests; None: it depends on the terminal.

    Source: no-color.org and force-color.org; an empty variable has no effect.
    """
    if environment.get("NO_COLOR"):
        return False
    return True if environment.get("FORCE_COLOR") else None


def add_colour_option(command: click.Command) -> click.Command:
    """Give a command, and those in its group, the flag --color."""
    for each in (command, *getattr(command, "commands", {}).values()):
        if all(parameter.name != "color" for parameter in each.params):
            each.params.append(_option())
    return command


def _option() -> click.Option:
    return click.Option(
        ["--color"],
        type=click.Choice(list(_CHOICES)),
        expose_value=False,
        callback=_set_colour,
        help="Whether to colour the output. [environment: NO_COLOR, FORCE_COLOR; default: auto]",
    )


def _set_colour(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    del parameter
    if value is not None:
        ctx.color = _CHOICES[value]
