"""`graphgate rules`: what may be wrong with a graph, and what to do about it."""

import click

from webhook.errors import SettingsError


@click.group("rules")
def rules_command() -> None:
    """List the rules, or explain one."""


@rules_command.command("list")
def list_command() -> None:
    """List every rule with its default action."""
    from webhook.rules import all_rules, docs

    formatter = click.HelpFormatter(width=100)
    formatter.write_dl(
        [
            (f"{rule.action:5} {rule.id}", docs.parse_docstring(rule.docstring).title)
            for rule in all_rules()
        ]
    )
    click.echo(formatter.getvalue(), nl=False)


@rules_command.command("explain")
@click.argument("rule")
def explain_command(rule: str) -> None:
    """Explain one RULE: why, how to mend it, a bad and a good example."""
    from webhook.graph.suggest import nearest_word
    from webhook.rules import all_rules, docs

    known = {each.id: each for each in all_rules()}
    if rule not in known:
        suggestion = nearest_word(rule, known)
        hint = f'did you mean "{suggestion}"?' if suggestion else "graphgate rules list shows all"
        raise SettingsError(f'there is no rule "{rule}"; {hint}')
    click.echo(docs.render_text(known[rule]), nl=False)
