"""`graphgate check`: judge the SeldonDeployments in files."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from webhook.cli.inputs import load_facts, load_settings
from webhook.cli.manifests import select_manifests
from webhook.cli.options import SettingsFlags, facts_option, settings_options
from webhook.cli.policy_options import find_undecided, policies_option, resolve_policy_context
from webhook.cli.request_options import RequestOptions, request_options
from webhook.files import read_input

if TYPE_CHECKING:
    from webhook.engine.policy_context import PolicyContext
    from webhook.graph.cluster_facts import Facts
    from webhook.lint.result import Report
    from webhook.settings.model import Settings

_PROGRESS_BAR_FILES = 100
"""Files from which on a run takes long enough, about half a second, to show how far it is."""

_COLOURS = {"deny": "red", "warn": "yellow", "audit": "cyan", "frame": "blue"}


@click.command("check")
@click.argument("paths", nargs=-1, metavar="[PATH|-]...")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "sarif", "junit", "github"]),
    default="text",
    show_default=True,
    help="How to report.",
)
@click.option(
    "--require-any", is_flag=True, help="Exit with 2 if there is no SeldonDeployment at all."
)
@policies_option
@facts_option
@request_options
@settings_options
def check_command(
    paths: tuple[str, ...],
    output: str,
    require_any: bool,
    policy_paths: tuple[Path, ...],
    facts_file: Path | None,
    request: RequestOptions,
    flags: SettingsFlags,
) -> None:
    """Judge every SeldonDeployment in files, folders or standard input.

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
    )
    report = replace(report, undecided=find_undecided(policy_context, report, facts))
    if output != "text":  # which has them
        for sentence in report.undecided:
            click.echo(f"graphgate: {sentence}", err=True)
    click.echo(_format_report(report, output), nl=False)
    if not report.results:
        _report_nothing(paths, report.skipped_documents)
        sys.exit(2 if require_any else 0)
    sys.exit(report.exit_code)


def _report_nothing(paths: tuple[str, ...], skipped: int) -> None:
    """Say on standard error that nothing was checked: a green run must not hide that."""
    named = ["standard input" if path == "-" else path for path in paths or ("-",)]
    where = ", ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "")
    others = f" ({skipped} of other kinds)" if skipped else ""
    click.echo(f"graphgate: no SeldonDeployment found in {where}{others}", err=True)


def _format_report(report: "Report", output: str) -> str:
    """Return the report in one of the formats."""
    if output == "text":
        from webhook.report import text as as_text

        return as_text.write(report, _style)
    from importlib import import_module

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
) -> "Report":
    """Return one report on everything that the paths name."""
    from webhook.lint.lint import lint_text, unreadable_file_report
    from webhook.lint.result import Report

    def check_file(path: str) -> "Report":
        try:
            return lint_text(
                path,
                read_input(path),
                settings,
                facts,
                policy_context=policy_context,
                find_old=find_old,
                with_edits=with_edits,
            )
        except OSError as error:
            return unreadable_file_report(path, error.strerror or str(error))

    manifests = select_manifests(paths)
    for note in manifests.notes:
        click.echo(f"graphgate: {note}", err=True)
    files = manifests.files
    # The bar hides itself where standard error is no terminal.
    hide_progress = len(files) < _PROGRESS_BAR_FILES or not sys.stderr.isatty()
    with click.progressbar(files, label="judging", file=sys.stderr, hidden=hide_progress) as bar:
        reports = [check_file(path) for path in bar]
    return Report(
        tuple(result for report in reports for result in report.results),
        sum(report.skipped_documents for report in reports),
        policy_context.policies.version if policy_context else "",
    )


def _style(text: str, role: str) -> str:
    """Colour a text by its role; click takes the colours out again where no terminal is."""
    return click.style(text, fg=_COLOURS.get(role), bold=role in {"deny", "warn", "strong"})
