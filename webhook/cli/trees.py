"""Trees of graphs on this terminal: its width, its colours, ASCII where it shows nothing else."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from webhook.cli.terminal import terminal_width

if TYPE_CHECKING:
    from webhook.picture import Picture

_COLOURS = {"deny": "red", "warn": "yellow", "audit": "cyan"}


def draw_trees(
    pictures: Sequence["Picture"], *, width: int | None = None, only_ascii: bool = False
) -> str:
    """Return trees of several objects, an empty line between them.

    width       columns; None: the terminal's, else 80
    only_ascii  True: ASCII, whatever the terminal shows
    """
    from webhook.picture import tree

    if width is None:
        width = terminal_width()
    dumb = os.environ.get("TERM") == "dumb"
    plain = only_ascii or dumb or not tree.can_encode(sys.stdout.encoding)
    return "\n".join(
        tree.write(
            picture,
            width=width,
            glyphs=tree.ASCII if plain else tree.UNICODE,
            style=_style,
        )
        for picture in pictures
    )


def _style(text: str, role: str) -> str:
    return click.style(
        text,
        fg=_COLOURS.get(role),
        bold=True if role in {"deny", "warn", "strong"} else None,
        dim=True if role in {"dim", "frame"} else None,
    )
