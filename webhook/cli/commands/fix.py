"""`graphgate fix`: fix what can be fixed in the author's own text."""

import operator
import sys
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click

from webhook.cli.check_config import config_options
from webhook.cli.examples import examples
from webhook.cli.inputs import load_facts, load_settings
from webhook.cli.manifests import report_nothing_found, select_manifests
from webhook.cli.options import SettingsFlags, facts_option, settings_options
from webhook.cli.policy_options import policies_option, resolve_policy_context
from webhook.cli.selection_options import FileSelection, file_selection_options
from webhook.cli.standard_output import report_line, write_document, write_line
from webhook.files import read_input
from webhook.graph.text import escape_control_chars

if TYPE_CHECKING:
    from webhook.graph.finding import Finding
    from webhook.lint.autofix import FixResult
    from webhook.lint.result import Report


@click.command(
    "fix", epilog=examples("graphgate fix --diff model.yaml", "graphgate fix --write models/")
)
@click.argument("paths", nargs=-1, type=click.Path(allow_dash=True), metavar="[PATH|-]...")
@click.option("--diff", "as_diff", is_flag=True, help="Print what would change, as a diff.")
@click.option("--write", is_flag=True, help="Write the fixed text back into each file.")
@click.option(
    "--unsafe-fixes", "unsafe", is_flag=True, help="Also apply guesses; review what they change."
)
@file_selection_options
@config_options
@policies_option
@facts_option
@settings_options
def fix_command(
    paths: tuple[str, ...],
    as_diff: bool,
    write: bool,
    unsafe: bool,
    selection: FileSelection,
    policy_paths: tuple[Path, ...],
    facts_file: Path | None,
    flags: SettingsFlags,
) -> None:
    """Apply safe fixes to SeldonDeployments.

    A safe fix is what the author evidently meant.

    Without --diff or --write the fixed text goes to standard output. Comments, order and layout
    stay; lines that no fix touches are the same to the byte. Standard error says what was fixed,
    what is left and why. Exit 0: what is left would be allowed, 1: something would still be
    denied, 2: a file could not be read or written.
    """
    if as_diff and write:
        raise click.UsageError("--diff and --write exclude each other")
    if write and "-" in (paths or ("-",)):
        raise click.UsageError("--write needs a file, not standard input")
    from webhook.cli.atomic_write import folders_of
    from webhook.lint.autofix import autofix
    from webhook.lint.lint import lint_text, unreadable_file_report

    settings = load_settings(flags)
    facts = load_facts(facts_file)
    policy_context = resolve_policy_context(policy_paths, settings, flags)
    manifests = select_manifests(paths, selection)
    for note in manifests.notes:
        report_line(note)
    folders = folders_of(paths)
    total, code, printed = _Counts(), 0, ""
    for path in manifests.files:
        try:
            fix_result = autofix(read_input(path), settings, facts, policy_context, unsafe=unsafe)
            report = lint_text(
                path, fix_result.text, settings, facts, policy_context=policy_context
            )
            left = list(_left_findings(fix_result, report))
            if not unsafe and any(finding.fix for *_, finding, _ in left):
                guessed = autofix(fix_result.text, settings, facts, policy_context, unsafe=True)
                left = _with_guesses(left, guessed)
            if write:
                _write_back(path, fix_result, folders)
            else:
                printed = _print_text(path, fix_result, printed, as_diff=as_diff)
        except BrokenPipeError:
            raise
        except OSError as error:
            report_line(f"{path}: {error.strerror or error}")
            report = unreadable_file_report(path, error.strerror or str(error))
        else:
            total = total.plus(_report_fixes(path, fix_result, report, left))
            if fix_result.parsed_file.errors:
                code = 2  # also where nothing of it could be read, and nothing is left to check
        code = max(code, report.exit_code)
    if summary := total.summary():
        write_line(summary, err=True)
    if not total.objects and not code:
        report_nothing_found(paths, total.others)
    sys.exit(code)


@dataclass(frozen=True, slots=True)
class _Counts:
    """Findings that were fixed, that are left, and those of them that have an unsafe fix.

    And the SeldonDeployments in which they are, and the documents of other kinds.
    """

    fixed: int = 0
    left: int = 0
    unsafe: int = 0
    objects: int = 0
    others: int = 0

    def plus(self, other: "_Counts") -> "_Counts":
        return _Counts(*map(operator.add, astuple(self), astuple(other)))

    def summary(self) -> str:
        """Return '8 fixed, 2 left (1 fixable with --unsafe-fixes)'; "" if there is nothing."""
        if not self.fixed and not self.left:
            return ""
        hidden = f" ({self.unsafe} fixable with --unsafe-fixes)" if self.unsafe else ""
        return f"{self.fixed} fixed, {self.left} left{hidden}"


def _print_text(path: str, fix_result: "FixResult", printed: str, *, as_diff: bool) -> str:
    """Print the new text, or what it changes; with guesses among it, which fix is one.

    printed  the text that was printed before this one: together they are one stream of documents

    The lines on fixes are before the diff, where patch and git skip them. Returns the new text.
    """
    new = fix_result.text
    if not as_diff:
        if printed and new:
            write_document(_separator(printed, new))
        write_document(new, fix_result.parsed_file.encoding)
        return new or printed
    from webhook.lint.line_diff import unified_diff

    has_guesses = any(finding.fix_safety == "unsafe" for finding in fix_result.applied)
    for finding in fix_result.applied if has_guesses else ():
        write_line(f"# {finding.fix_safety} fix: {_describe(finding)}")
    name, old = escape_control_chars(path), fix_result.parsed_file.text
    write_document("".join(unified_diff(name, old, fix_result.changes)))
    return new


def _separator(before: str, after: str) -> str:
    """Return what makes two texts one stream; "" where they make one as they are."""
    end = "" if before.endswith(("\n", "\r")) else "\n"
    return end if after.removeprefix("\ufeff").startswith("---") else f"{end}---\n"


def _write_back(path: str, fix_result: "FixResult", folders: tuple[Path, ...]) -> None:
    from webhook.cli.atomic_write import replace_file

    if fix_result.text != fix_result.parsed_file.text:
        content = fix_result.text.encode(fix_result.parsed_file.encoding)
        replace_file(Path(path), content, folders)


_Left: TypeAlias = "tuple[int, int, Finding, str]"
"""A finding that is left, with its line and column, and the reason."""

_UNSAFE_REASON = "the fix is a guess; use --unsafe-fixes"


def _report_fixes(
    path: str, fix_result: "FixResult", report: "Report", left: list[_Left]
) -> _Counts:
    """Say on standard error what was fixed, and what is left and why; return how many."""
    for finding in fix_result.applied:
        guess = " (unsafe)" if finding.fix_safety == "unsafe" else ""
        write_line(f"{path}: fixed{guess} {_describe(finding)}", err=True)
    for line, column, finding, reason in left:
        write_line(f"{path}:{line}:{column}: not fixed {_describe(finding)}: {reason}", err=True)
    for error in fix_result.parsed_file.errors:
        write_line(f"{path}:{error.line}:{error.column}: not read: {error}", err=True)
    unsafe = sum(reason == _UNSAFE_REASON for *_, reason in left)
    return _Counts(
        len(fix_result.applied), len(left), unsafe, len(report.results), report.skipped_documents
    )


def _left_findings(fix_result: "FixResult", report: "Report") -> Iterator[_Left]:
    """Yield each denial and warning that is left."""
    reasons = {_key(finding): reason for finding, reason in fix_result.skipped}
    for result in report.results:
        for located in result.findings:
            finding = located.finding
            if located.action == "audit" or finding.rule_id == "unreadable":
                continue
            reason = reasons.get(_key(finding)) or finding.remediation or "no fix available"
            yield located.line, located.column, finding, reason


def _with_guesses(left: list[_Left], guessed: "FixResult") -> list[_Left]:
    """Return what is left with the reasons of a run that also applied guesses: some cannot be."""
    applied = set(map(_key, guessed.applied))
    reasons = {_key(finding): reason for finding, reason in guessed.skipped}
    return [
        (
            line,
            column,
            finding,
            _UNSAFE_REASON if _key(finding) in applied else reasons.get(_key(finding), reason),
        )
        for line, column, finding, reason in left
    ]


def _key(finding: "Finding") -> tuple[str, str, str]:
    return finding.rule_id, finding.path.pointer, finding.message


def _describe(finding: "Finding") -> str:
    return f"{finding.path}: {finding.message} [{finding.rule_id}]"
