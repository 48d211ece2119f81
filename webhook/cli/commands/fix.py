"""`graphgate fix`: mend what can be mended in the author's own text."""

import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from webhook.cli.inputs import load_facts, load_settings
from webhook.cli.options import SettingsFlags, facts_option, settings_options
from webhook.cli.policy_options import policies_option, resolve_policy_context
from webhook.files import read_input
from webhook.runtime.manifest_files import manifest_files

if TYPE_CHECKING:
    from webhook.lint.autofix import FixResult


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
    from webhook.lint.autofix import autofix
    from webhook.lint.lint import lint_text, unreadable_file_report

    settings = load_settings(flags)
    facts = load_facts(facts_file)
    policy_context = resolve_policy_context(policy_paths, settings, flags)
    code = 0
    for path in manifest_files(paths):
        try:
            fix_result = autofix(read_input(path), settings, facts, policy_context)
            report = lint_text(
                path, fix_result.text, settings, facts, policy_context=policy_context
            )
            _output_text(path, fix_result, as_diff=as_diff, write=write)
        except OSError as error:
            click.echo(f"graphgate: {path}: {error.strerror or error}", err=True)
            report = unreadable_file_report(path, error.strerror or str(error))
        else:
            _report_fixes(path, fix_result)
        code = max(code, report.exit_code)
    sys.exit(code)


def _output_text(path: str, fix_result: "FixResult", *, as_diff: bool, write: bool) -> None:
    """Put the new text where the user wants it."""
    old, new = fix_result.parsed_file.text, fix_result.text
    if as_diff:
        lines = difflib.unified_diff(
            old.splitlines(keepends=True), new.splitlines(keepends=True), path, path
        )
        click.echo("".join(_mark_missing_newline(line) for line in lines), nl=False)
    elif not write:
        click.echo(new, nl=False)
    elif new != old:
        Path(path).write_bytes(new.encode(fix_result.parsed_file.encoding))


def _mark_missing_newline(line: str) -> str:
    """Mark a last line without line end, as diff and git do."""
    return line if line.endswith(("\n", "\r")) else f"{line}\n\\ No newline at end of file\n"


def _report_fixes(path: str, fix_result: "FixResult") -> None:
    """Say on standard error what was mended and what could not be."""
    for finding in fix_result.applied:
        click.echo(f"{path}: fixed {finding.path}: {finding.message} [{finding.rule_id}]", err=True)
    for finding, reason in fix_result.skipped:
        click.echo(f"{path}: not fixed {finding.path}: {reason} [{finding.rule_id}]", err=True)
    for error in fix_result.parsed_file.errors:
        click.echo(f"{path}:{error.line}:{error.column}: not read: {error}", err=True)
