"""`graphgate policies`: what an organisation wants, beyond what a graph must be."""

from pathlib import Path

import click

from webhook.cli._options import read_one


@click.group("policies")
def policies_command() -> None:
    """Work with policies."""


@policies_command.command("convert-psp")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def convert_psp_command(file: Path) -> None:
    """Carry a PodSecurityPolicy over into settings; say what has no equivalent."""
    import yaml

    from webhook.decisions.settings import API_VERSION, KIND
    from webhook.podsecurity.convert_psp import convert_psp

    conversion = convert_psp(read_one(file))
    settings = {"apiVersion": API_VERSION, "kind": KIND, **conversion.settings}
    for note in conversion.notes:
        click.echo(f"# {note}")
    click.echo(yaml.safe_dump(settings, sort_keys=False), nl=False)
