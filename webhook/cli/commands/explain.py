"""`graphgate explain`: what an id in a finding means, and what to do about it."""

import click

from webhook.cli.completion import complete_id
from webhook.cli.examples import examples
from webhook.cli.standard_output import write_text
from webhook.cli.terminal import terminal_width
from webhook.errors import SettingsError


@click.command(
    "explain",
    epilog=examples(
        "graphgate explain children-not-a-list", "graphgate explain pod-security/runAsNonRoot"
    ),
)
@click.argument("rule_id", metavar="ID", shell_complete=complete_id)
def explain_command(rule_id: str) -> None:
    """Explain the id of a finding and how to fix it.

    Every id that graphgate prints is known: rules, pod-security/…, yaml/…, policy/…, unreadable
    and the others of `graphgate rules list`.
    """
    from webhook.graph.suggest import nearest_word
    from webhook.rules import all_rules, descriptors, docs

    for rule in all_rules():
        if rule.id == rule_id:
            write_text(docs.render_text(rule, terminal_width()))
            return
    descriptor = descriptors.describe(rule_id)
    if descriptor is None:
        suggestion = nearest_word(rule_id, descriptors.known_ids())
        hint = f'did you mean "{suggestion}"?' if suggestion else "graphgate rules list shows all"
        raise SettingsError(f'unknown id "{rule_id}"; {hint}')
    write_text(descriptors.render_text(descriptor, terminal_width()))
