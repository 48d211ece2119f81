"""`graphgate fix`: mend what can be mended in the author's own text."""

import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from webhook.cli._files import content, found
from webhook.cli._options import (
    SettingsFlags,
    facts_option,
    load_facts,
    load_settings,
    settings_options,
)
from webhook.cli._policies import demands_of, policies_option

if TYPE_CHECKING:
    from webhook.decisions.mend import Mended


@click.command("fix")
@click.argument("paths", nargs=-1, metavar="[PATH|-]...")
@click.option("--diff", "as_diff", is_flag=True, help="Print what would change, as a diff.")
@click.option("--write", is_flag=True, help="Write the mended text back into each file.")
@policies_option
@facts_option
@settings_options
def fix_command(
    paths: tuple[str, ...],
    as_diff: bool,
    write: bool,
    policy_paths: tuple[Path, ...],
    facts_file: Path | None,
    flags: SettingsFlags,
) -> None:
    """Apply every fix that graphgate is sure of.

    Without --diff or --write the mended text goes to standard output. Comments, order and layout
    stay; lines that no fix touches are the same to the byte. Exit 0: what is left would be
    allowed, 1: something would still be denied, 2: a file could not be read.
    """
    if as_diff and write:
        raise click.UsageError("--diff and --write exclude each other")
    if write and "-" in (paths or ("-",)):
        raise click.UsageError("--write needs a file to write to; standard input is none")
    from webhook.decisions.judge import judge, missing
    from webhook.decisions.mend import mend

    settings = load_settings(flags)
    facts = load_facts(facts_file)
    demands = demands_of(policy_paths, settings, flags)
    code = 0
    for path in found(paths):
        try:
            mended = mend(content(path), settings, facts, demands)
            report = judge(path, mended.text, settings, facts, demands=demands)
            _deliver(path, mended, as_diff=as_diff, write=write)
        except OSError as error:
            click.echo(f"graphgate: {path}: {error.strerror or error}", err=True)
            report = missing(path, error.strerror or str(error))
        else:
            _tell(path, mended)
        code = max(code, report.exit_code)
    sys.exit(code)


def _deliver(path: str, mended: "Mended", *, as_diff: bool, write: bool) -> None:
    """Put the new text where the user wants it."""
    old, new = mended.reading.text, mended.text
    if as_diff:
        lines = difflib.unified_diff(
            old.splitlines(keepends=True), new.splitlines(keepends=True), path, path
        )
        click.echo("".join(_whole(line) for line in lines), nl=False)
    elif not write:
        click.echo(new, nl=False)
    elif new != old:
        Path(path).write_bytes(new.encode(mended.reading.encoding))


def _whole(line: str) -> str:
    """Mark a last line without line end, as diff and git do."""
    return line if line.endswith(("\n", "\r")) else f"{line}\n\\ No newline at end of file\n"


def _tell(path: str, mended: "Mended") -> None:
    """Say on standard error what was mended and what could not be."""
    for finding in mended.fixed:
        click.echo(f"{path}: mended {finding.path}: {finding.fact} [{finding.rule}]", err=True)
    for finding, reason in mended.left:
        click.echo(f"{path}: not mended {finding.path}: {reason} [{finding.rule}]", err=True)
    for error in mended.reading.errors:
        click.echo(f"{path}:{error.line}:{error.column}: not read: {error}", err=True)
