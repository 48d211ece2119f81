"""`graphgate settings`: what is in force, after flags, environment and file."""

from pathlib import Path

import click

from webhook.cli._options import load_settings, settings_options


@click.command("settings")
@settings_options
def settings_command(
    settings_file: Path | None, default_user_id: str | None, allow_root_default: bool
) -> None:
    """Print the effective settings as a settings file, every rule with its action."""
    from webhook.decisions.settings_file import write_settings

    settings = load_settings(settings_file, default_user_id, allow_root_default)
    click.echo(write_settings(settings), nl=False)
