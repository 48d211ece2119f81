"""`graphgate explain`: with which rights each container will run, and why."""

import sys
from pathlib import Path

import click

from webhook.cli._files import content, found
from webhook.cli._options import (
    SettingsFlags,
    facts_option,
    load_facts,
    load_settings,
    settings_options,
)
from webhook.errors import UnreadableDocument


@click.command("explain")
@click.argument("paths", nargs=-1, metavar="[PATH|-]...")
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@facts_option
@settings_options
def explain_command(
    paths: tuple[str, ...], output: str, facts_file: Path | None, flags: SettingsFlags
) -> None:
    """Tell user, group, profiles and capabilities of each container, and who set them.

    Exit 0, or 2 if something could not be read.
    """
    from webhook.decisions.explain import explain
    from webhook.decisions.judge import is_judged
    from webhook.decisions.report import of_rights
    from webhook.decisions.result import identity
    from webhook.documents import read

    settings, facts = load_settings(flags), load_facts(facts_file)
    told, failed = [], False
    for path in found(paths):
        try:
            reading = read(content(path))
        except OSError as error:
            raise UnreadableDocument(f"{path} cannot be opened: {error.strerror}") from error
        for fault in reading.errors:
            click.echo(f"graphgate: {path}:{fault.line}:{fault.column}: {fault}", err=True)
            failed = True
        for document in reading.documents:
            if is_judged(document.value):
                explained = list(explain(document.value, settings, facts))
                told.append((identity(document.value), explained))
    if output == "json":
        values = [of_rights.as_value(who, explained) for who, explained in told]
        click.echo(of_rights.as_json(values), nl=False)
    else:
        blocks = [of_rights.as_text(who["name"], explained) for who, explained in told]
        click.echo("\n".join(blocks), nl=False)
    sys.exit(2 if failed else 0)
