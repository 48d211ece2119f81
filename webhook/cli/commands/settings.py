"""`graphgate settings`: what is in force, after flags, environment and file."""

import click

from webhook.cli.inputs import load_settings
from webhook.cli.options import SettingsFlags, settings_options


@click.command("settings")
@settings_options
def settings_command(
    flags: SettingsFlags,
) -> None:
    """Print the effective settings as a settings file, every rule with its action."""
    from webhook.settings.writer import write_settings

    settings = load_settings(flags)
    click.echo(write_settings(settings), nl=False)
