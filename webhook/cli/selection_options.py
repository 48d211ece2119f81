"""Which files a command is about, and which findings count."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from webhook.cli.completion import complete_rule
from webhook.cli.option_group import option_group
from webhook.cli.repository import changed_files, drop_ignored, find_root, is_excluded, normalize
from webhook.errors import SettingsError

if TYPE_CHECKING:
    from webhook.lint.result import Report


@dataclass(frozen=True, slots=True)
class FileSelection:
    """The files of a run, beside those that are named.

    exclude  patterns of files that are left out, from the repository's root
    changed  a commit or branch: only what differs from it
    """

    exclude: tuple[str, ...] = ()
    changed: str | None = None

    def apply(self, files: list[str], named: frozenset[str]) -> list[str]:
        """Return the files that are selected.

        named  those that the user wrote down: what git ignores is checked if it is named
        """
        root = find_root(Path.cwd())
        if root is not None:
            found = [file for file in files if file not in named]
            kept = named.union(drop_ignored(found, root))
            files = [file for file in files if file in kept]
        base = root or Path.cwd()
        if self.exclude:
            files = [
                file for file in files if file == "-" or not is_excluded(file, self.exclude, base)
            ]
        if self.changed is not None:
            if root is None:
                raise SettingsError("--changed needs a git repository")
            changed = changed_files(self.changed, root)
            files = [file for file in files if file == "-" or normalize(file) in changed]
        return files


ALL_FILES = FileSelection()


file_selection_options = option_group(
    "selection",
    FileSelection,
    click.option(
        "--exclude",
        multiple=True,
        metavar="GLOB",
        help="Leave out files or folders, from the repository's root; may be repeated.",
    ),
    click.option(
        "--changed",
        metavar="REF",
        help="Only new files and files changed since this branch left REF.",
    ),
)
"""Adds --exclude and --changed; the command gets a FileSelection as `selection`."""


def rule_selection_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add --select and --ignore; the command gets `select` and `ignore`, ids or groups."""
    for name, text in (
        ("--ignore", "Leave out the findings of these rules; may be repeated."),
        ("--select", "Report only the findings of these rules; may be repeated."),
    ):
        option = click.option(
            name,
            multiple=True,
            metavar="RULES",
            shell_complete=complete_rule,
            help=f"{text} Ids or groups, separated by commas.",
        )
        command = option(command)
    return command


def restrict_report(report: "Report", select: tuple[str, ...], ignore: tuple[str, ...]) -> "Report":
    """Return the report with the selected findings; raise SettingsError for an unknown rule.

    Results that could not be read stay: they may hide any finding.
    """
    if not select and not ignore:
        return report
    selected, ignored = _expand(select, "--select"), _expand(ignore, "--ignore")

    def counts(rule_id: str) -> bool:
        names = {rule_id, rule_id.partition("/")[0], rule_id.rpartition("/")[0]}
        return (not selected or not selected.isdisjoint(names)) and ignored.isdisjoint(names)

    return report.filtered(counts)


def describe_unknown_name(name: str) -> str:
    """Return what is wrong with a name of --select or --ignore; "" for a rule or group."""
    from webhook.graph.suggest import nearest_word
    from webhook.rules.descriptors import known_ids

    known = {*_rules_by_group(), *known_ids(), *(id_.partition("/")[0] for id_ in known_ids())}
    if name in known or name.startswith("policy/"):
        return ""
    near = nearest_word(name, sorted(known))
    hint = f'did you mean "{near}"?' if near else "graphgate rules list shows them all"
    return f'unknown rule or group "{name}"; {hint}'


def _rules_by_group() -> dict[str, set[str]]:
    from webhook.rules import all_rules

    groups: dict[str, set[str]] = {}
    for rule in all_rules():
        groups.setdefault(rule.group, set()).add(rule.id)
    return groups


def split_names(values: Iterable[str]) -> list[str]:
    """Return the names in values, each of which may hold several: "a, b"."""
    return [name.strip() for value in values for name in value.split(",")]


def _expand(values: tuple[str, ...], flag: str) -> frozenset[str]:
    """Return the ids that are named, a group as its rules."""
    names = split_names(values)
    errors = [f"{flag}: {error}" for name in names if (error := describe_unknown_name(name))]
    if errors:
        raise SettingsError(*errors)
    groups = _rules_by_group()
    return frozenset().union(*(groups.get(name, {name}) for name in names))
