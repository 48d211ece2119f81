"""How wide the terminal is, and lists that fit into it."""

import shutil
import sys
from collections.abc import Sequence

import click

DEFAULT_WIDTH = 80
"""Columns of text that goes elsewhere: into a file, or to another program."""


def terminal_width() -> int:
    """Return the columns of the terminal; without one `DEFAULT_WIDTH`."""
    if not sys.stdout.isatty():
        return DEFAULT_WIDTH
    return shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns


def format_rows(rows: Sequence[tuple[str, str]]) -> str:
    """Return names with their texts, each on one line for grep; a narrow terminal gets more lines.

    rows  at least one
    """
    longest = max(len(name) for name, _ in rows)
    lines = [f"{name:{longest}}  {text}".rstrip() for name, text in rows]
    if not sys.stdout.isatty() or max(map(len, lines)) <= terminal_width():
        return "".join(f"{line}\n" for line in lines)
    formatter = click.HelpFormatter(width=terminal_width())
    formatter.write_dl(rows)
    return formatter.getvalue()
