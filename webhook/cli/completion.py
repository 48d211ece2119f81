"""What the shell offers where a flag or an argument takes more than a file."""

import click
from click.shell_completion import CompletionItem


def complete_id(
    ctx: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the ids of findings."""
    from webhook.rules.descriptors import known_ids

    del ctx, parameter
    return [CompletionItem(name) for name in known_ids() if name.startswith(incomplete)]


def complete_rule(
    ctx: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer ids and groups of rules."""
    from webhook.rules import all_rules

    groups = sorted({rule.group for rule in all_rules()})
    offered = [CompletionItem(name) for name in groups if name.startswith(incomplete)]
    return [*offered, *complete_id(ctx, parameter, incomplete)]
