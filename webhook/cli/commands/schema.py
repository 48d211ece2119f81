"""`graphgate schema`: JSON Schemas of what is written by hand, for editors and other validators."""

import json
from pathlib import Path
from typing import Any

import click

import webhook
from webhook.cli.examples import examples
from webhook.cli.standard_output import write_document

_IN_FILES = {"policytest": "policytest.json", "policyexception": "policyexception.json"}
_KINDS = ("seldondeployment", "settings", "facts", "config", *_IN_FILES)


@click.command(
    "schema",
    epilog=examples(
        "graphgate schema seldondeployment > seldondeployment.schema.json",
        "graphgate schema settings > settings.schema.json",
    ),
)
@click.argument("kind", type=click.Choice(_KINDS, case_sensitive=False), metavar="KIND")
def schema_command(kind: str) -> None:
    """Print the JSON Schema of a kind of file.

    KIND is seldondeployment, settings, facts, config (.graphgate.yaml), policytest or
    policyexception. The schema has each field with its description, and the words that are
    allowed. An editor with the YAML language server reads it from a comment in the first lines of
    a file; kubeconform takes it with -schema-location.
    """
    from webhook.report.json_text import format_json

    write_document(format_json(_load(kind)))


def _load(kind: str) -> dict[str, Any]:
    if kind == "seldondeployment":
        from webhook.rules.editor_schema import editor_schema

        return editor_schema()
    if kind == "settings":
        from webhook.settings.schema import settings_schema

        return settings_schema()
    if kind == "facts":
        from webhook.settings.facts_file import SCHEMA

        return dict(SCHEMA)
    if kind == "config":
        from webhook.cli.check_config import config_schema

        return config_schema()
    # Read as a file: importing the package of policies needs what their extra brings.
    file = Path(webhook.__file__).parent / "policy" / "schema" / _IN_FILES[kind]
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema
