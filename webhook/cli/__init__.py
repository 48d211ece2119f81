"""The command line: one file per command, and the folder `commands` is the list.

The only place that reads flags, files and the environment. A command's module is named after it
and has a click command of that name (`<name>_command`); it imports what it needs when it runs, so
that `--help` and `check` start quickly. Exit codes: 0 fine, 1 denied, 2 could not be evaluated.
"""

import os
import pkgutil
import sys
from contextlib import suppress
from importlib import import_module
from typing import cast

import click

from webhook.cli import commands
from webhook.cli.colour import add_colour_option, colour_of_environment

_INTERRUPTED = 130
_PIPE_CLOSED = 141
"""128 and the signal, as after SIGINT and SIGPIPE."""


class Commands(click.Group):
    """The commands in this folder, each imported on first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return sorted(
            module.name
            for module in pkgutil.iter_modules(commands.__path__)
            if not module.name.startswith("_")
        )

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one command; None if there is none of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = import_module(f"{commands.__name__}.{cmd_name}")
        return add_colour_option(cast("click.Command", getattr(module, f"{cmd_name}_command")))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments name; an unknown one gets the nearest name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from webhook.graph.suggest import nearest_word

            if nearest := nearest_word(args[0], self.list_commands(ctx)):
                message = f"{error.message} Did you mean {nearest!r}?"
                raise click.UsageError(message, ctx) from None
            raise

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; end it with the shell's exit code where somebody else ends it.

        click would exit with 1, which means that something was denied.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("\ngraphgate: interrupted", err=True)
            ctx.exit(_INTERRUPTED)
        except BrokenPipeError:
            # The reader (head, less) has closed the pipe; closing it again would complain.
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(_PIPE_CLOSED)


def _print_version(ctx: click.Context, _: click.Parameter, requested: bool) -> None:
    """Print the version; importlib.metadata costs 28 ms, so only on request."""
    if requested:
        from importlib.metadata import version

        click.echo(f"graphgate {version('graphgate')}")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
@click.pass_context
def graphgate(ctx: click.Context) -> None:
    """Check, explain, default and fix SeldonDeployments.

    The same engine answers here, in CI and as the admission webhook of a cluster.
    """
    ctx.color = colour_of_environment(os.environ)
