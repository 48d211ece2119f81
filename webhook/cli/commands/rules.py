"""`graphgate rules`: every id that a finding can have; `graphgate explain` explains one."""

import click

from webhook.cli.examples import examples
from webhook.cli.standard_output import write_text
from webhook.cli.terminal import format_rows

_OTHERS_HEADING = (
    "\nOther ids of findings (-: a policy, podSecurity.mode or onRuleError decides)\n\n"
)


@click.group(
    "rules", epilog=examples("graphgate rules list", "graphgate rules list | grep traffic")
)
def rules_command() -> None:
    """List the rules."""


@rules_command.command(
    "list", epilog=examples("graphgate rules list", "graphgate rules list | grep traffic")
)
def list_command() -> None:
    """List all rules and ids of findings with default actions."""
    from webhook.rules import all_rules, docs
    from webhook.rules.descriptors import other_descriptors

    rules = [
        (f"{rule.action:5} {rule.id}", docs.parse_docstring(rule.docstring).title)
        for rule in all_rules()
    ]
    others = [
        (f"{each.action or '-':5} {each.id}", each.title) for each in other_descriptors().values()
    ]
    for heading, rows in (("", rules), (_OTHERS_HEADING, others)):
        write_text(f"{heading}{format_rows(rows)}")
