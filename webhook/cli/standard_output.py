"""What commands print: for other programs the same bytes everywhere, for people nothing obeyed.

Every command writes through this module. What a file, an object or a policy holds may be hostile:
a terminal would obey its escape sequences, and GitHub's runner its workflow commands.
"""

import os
import re
import sys

import click

from webhook.graph.text import escape_control_chars

_STYLE = re.compile(r"(\x1b\[[0-9;]*m)")
"""What `click.style` writes."""

_UNSHOWN = re.compile(r"[^\n\t]+")
"""What is shown of a document between its line ends and tabs."""


def write_document(text: str, encoding: str = "utf-8") -> None:
    """Write JSON, YAML, XML and the like to standard output in UTF-8, with its own line ends.

    encoding  of what is written back as it was read; a terminal gets UTF-8 in any case

    A lone surrogate, which JSON can hold and no encoding has, is written as an escape. On a
    terminal, which nobody parses, so is what it would obey.
    """
    if text:
        if sys.stdout.isatty():
            encoding = "utf-8"
            text = _UNSHOWN.sub(
                lambda part: escape_control_chars(part[0]), text.replace("\r\n", "\n")
            )
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode(encoding, "backslashreplace"))
        sys.stdout.buffer.flush()


def write_text(text: str, *, err: bool = False, styled: bool = False) -> None:
    """Write lines for people to standard output, or standard error, with their own line ends.

    styled  whether it has colours of `click.style`; what a text of others holds must then be
            escaped before
    """
    lines = [make_inert(line, styled=styled) for line in text.split("\n")]
    click.echo("\n".join(lines), nl=False, err=err)


def write_line(text: str, *, err: bool = False) -> None:
    """Write one line for people: a name of several lines, which a file may have, stays one."""
    click.echo(make_inert(text), err=err)


def report_line(text: str) -> None:
    """Write one line to standard error, as graphgate's."""
    write_line(f"graphgate: {text}", err=True)


def escape_unencodable() -> None:
    """Let standard output escape what the terminal's encoding lacks, as standard error does."""
    if getattr(sys.stdout, "errors", None) == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # as above


def make_inert(line: str, *, styled: bool = False) -> str:
    """Return a line without anything that what shows it would obey.

    GitHub's runner reads commands in all that a step writes: "::NAME …" at the start of a line,
    and "##[NAME …]" anywhere (actions/runner, ActionCommand.cs).
    """
    if not line.isprintable():
        parts = _STYLE.split(line) if styled else [line]
        parts[::2] = map(escape_control_chars, parts[::2])
        line = "".join(parts)
    if os.environ.get("GITHUB_ACTIONS"):
        line = line.replace("##[", r"\x23#[")
        if line.lstrip().startswith("::"):
            line = line.replace("::", r"\x3a:", 1)
    return line
