"""The release notes: the section of CHANGELOG.md."""

import re

import click

UNRELEASED = "Unreleased"


def release_notes(changelog: str, title: str) -> str:
    """Return the text below `## TITLE`, or `## TITLE - DATE`; raise if there is none."""
    heading = re.compile(rf"^## \[?{re.escape(title)}\]?(?: .*)?$", re.MULTILINE)
    found = heading.search(changelog)
    if found is None:
        raise click.ClickException(f'CHANGELOG.md has no section "## {title}"')
    text = changelog[found.end() :].partition("\n## ")[0].strip()
    if not text:
        raise click.ClickException(f'the section "## {title}" of CHANGELOG.md is empty')
    return text + "\n"
