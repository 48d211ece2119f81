"""`graphgate settings`: what is in force, after flags, environment and file."""

import click

from webhook.cli.examples import examples
from webhook.cli.inputs import load_settings
from webhook.cli.options import SettingsFlags, settings_options
from webhook.cli.standard_output import write_document


@click.command(
    "settings", epilog=examples("graphgate settings", "graphgate settings --settings settings.yaml")
)
@settings_options
def settings_command(
    flags: SettingsFlags,
) -> None:
    """Print the effective settings.

    Prints a settings file that has every rule with its action.
    """
    from webhook.settings.writer import write_settings

    settings = load_settings(flags)
    write_document(write_settings(settings))
