"""`graphgate check`: evaluate the SeldonDeployments in files."""

import re
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from webhook.cli.check_config import config_options
from webhook.cli.durations import Duration
from webhook.cli.examples import examples
from webhook.cli.inputs import load_facts, load_settings
from webhook.cli.manifests import report_nothing_found, select_manifests
from webhook.cli.options import SettingsFlags, facts_option, output_option, settings_options
from webhook.cli.policy_options import find_undecided, policies_option, resolve_policy_context
from webhook.cli.repository import name_in_repository
from webhook.cli.request_options import RequestOptions, request_options
from webhook.cli.selection_options import (
    ALL_FILES,
    FileSelection,
    file_selection_options,
    restrict_report,
    rule_selection_options,
)
from webhook.cli.standard_output import report_line, write_document, write_text
from webhook.errors import SettingsError
from webhook.files import read_input
from webhook.graph.text import count_noun

if TYPE_CHECKING:
    from webhook.engine.policy_context import PolicyContext
    from webhook.graph.cluster_facts import Facts
    from webhook.lint.result import Report
    from webhook.settings.model import Settings

_PROGRESS_BAR_FILES = 100
"""Files from which on a run takes long enough, about half a second, to show how far it is."""

_COLOURS = {"deny": "red", "warn": "yellow", "audit": "cyan", "frame": "blue"}


@click.command(
    "check",
    epilog=examples(
        "graphgate check model.yaml", "graphgate check -o sarif models/ > graphgate.sarif"
    ),
)
@click.argument("paths", nargs=-1, type=click.Path(allow_dash=True), metavar="[PATH|-]...")
@output_option("text", "json", "sarif", "junit", "github")
@click.option(
    "--require-any", is_flag=True, help="Exit with 2 if there is no SeldonDeployment at all."
)
@click.option(
    "--fail-on",
    type=click.Choice(["deny", "warn"]),
    default="deny",
    show_default=True,
    help="What leads to exit code 1: denials, or warnings too.",
)
@click.option(
    "--write-exceptions",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the findings as exceptions for --policies, and exit with 0.",
)
@click.option(
    "--ttl",
    type=Duration(allow_zero=False),
    default="30d",
    show_default=True,
    metavar="DURATION",
    help="How long the written exceptions are valid.",
)
@click.option(
    "-q",
    "--quiet",
    is_flag=True,
    help="Print only denials and objects that could not be evaluated.",
)
@rule_selection_options
@file_selection_options
@config_options
@policies_option
@facts_option
@request_options
@settings_options
def check_command(
    paths: tuple[str, ...],
    output: str,
    require_any: bool,
    fail_on: str,
    write_exceptions: Path | None,
    ttl: float,
    quiet: bool,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    selection: FileSelection,
    policy_paths: tuple[Path, ...],
    facts_file: Path | None,
    request: RequestOptions,
    flags: SettingsFlags,
) -> None:
    """Check SeldonDeployments in files, folders or standard input.

    Exit 0: all would be allowed, 1: one would be denied, 2: something could not be evaluated.
    """
    settings = load_settings(flags)
    facts = load_facts(facts_file)
    policy_context = request.as_user(resolve_policy_context(policy_paths, settings, flags))
    report = check_files(
        paths,
        settings,
        facts,
        policy_context,
        find_old=request.old_object_finder(),
        with_edits=output == "sarif",
        selection=selection,
        tell=_no_note if quiet else _annotate if output == "github" else report_line,
    )
    report = restrict_report(report, select, ignore)
    report = replace(report, undecided=find_undecided(policy_context, report, facts))
    if write_exceptions is not None:
        _write_exceptions(report, write_exceptions, ttl)
        return
    if output != "text" and not quiet:  # text has them
        for sentence in report.undecided:
            report_line(sentence)
    shown = report.quiet() if quiet else report
    if output != "text":
        write_document(_format_report(shown, output))
    elif shown.results or not quiet:
        write_text(_format_report(shown, output), styled=True)
    if not report.results:
        report_nothing_found(paths, report.skipped_documents)
        sys.exit(2 if require_any else 0)
    sys.exit(report.exit_code or (fail_on == "warn" and report.has_warnings))


def _no_note(_: str) -> None:
    """Say nothing of what is skipped."""


def _annotate(note: str) -> None:
    """Say it where the findings are said: whoever reads a pull request reads no log."""
    from webhook.report.github import format_note

    write_document(format_note(note))


def _write_exceptions(report: "Report", file: Path, ttl: float) -> None:
    """Write the baseline; raise SettingsError if the file cannot be written."""
    from webhook.cli.baseline import write_baseline

    baseline = write_baseline(report, time.time(), ttl)
    try:
        file.write_text(baseline.text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}") from error
    exempted = count_noun(baseline.errors, "error is", "errors are")
    report_line(f"{exempted} exempted by {file}; pass it to --policies")


def _format_report(report: "Report", output: str) -> str:
    """Return the report in one of the formats."""
    if output == "text":
        from webhook.report import text as as_text

        return as_text.write(report, _style)
    from importlib import import_module

    if output in {"sarif", "github"}:
        report = report.with_file_names(name_in_repository)
    text: str = import_module(f"webhook.report.{output}").write(report)
    return text


def check_files(
    paths: tuple[str, ...],
    settings: "Settings",
    facts: "Facts",
    policy_context: "PolicyContext | None" = None,
    *,
    find_old: Callable[[Any], Any] | None = None,
    with_edits: bool = False,
    selection: FileSelection = ALL_FILES,
    tell: Callable[[str], None] = report_line,
) -> "Report":
    """Return one report on everything that the paths name.

    tell  is called with a line on each group of files that is skipped
    """
    from webhook.lint.lint import lint_text, unreadable_file_report
    from webhook.lint.result import Report

    def check_file(path: str) -> "Report":
        try:
            content = read_input(path)
            report = lint_text(
                path,
                content,
                settings,
                facts,
                policy_context=policy_context,
                find_old=find_old,
                with_edits=with_edits,
            )
        except OSError as error:
            return unreadable_file_report(path, error.strerror or str(error))
        # A folder of manifests has files in languages that only look like YAML, too.
        is_named = path in paths or path == "-"
        return Report((), 1) if not is_named and _is_other_language(content, report) else report

    manifests = select_manifests(paths, selection)
    for note in manifests.notes:
        tell(note)
    files = manifests.files
    # The bar hides itself where standard error is not a terminal.
    hide_progress = len(files) < _PROGRESS_BAR_FILES or not sys.stderr.isatty()
    with click.progressbar(files, label="checking", file=sys.stderr, hidden=hide_progress) as bar:
        reports = [check_file(path) for path in bar]
    return Report(
        tuple(result for report in reports for result in report.results),
        sum(report.skipped_documents for report in reports),
        policy_context.policies.version if policy_context else "",
    )


_ESCAPE = re.compile(
    rb"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|\r?\n[ \t]*)", re.IGNORECASE
)


def _is_other_language(content: bytes, report: "Report") -> bool:
    """Return whether nothing of a file can be read, and nothing in it speaks of Seldon.

    A part that cannot be read hides no other one, and an escape in a quoted text no word.
    """
    from webhook.rules.other_ids import UNREADABLE_RULE_ID

    findings = [each.finding for result in report.results for each in result.findings]
    if report.exit_code != 2 or any(each.rule_id != UNREADABLE_RULE_ID for each in findings):
        return False
    plain = _ESCAPE.sub(
        lambda found: bytes([int(found[found.lastindex], 16) & 0x7F]) if found.lastindex else b"",
        content,
    )
    return b"seldon" not in plain.replace(b"\0", b"").lower()


def _style(text: str, role: str) -> str:
    """Colour a text by its role; click takes the colours out again where no terminal is."""
    return click.style(text, fg=_COLOURS.get(role), bold=role in {"deny", "warn", "strong"})
