"""Flags that several commands share, and how they become values."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from webhook.cli.option_group import option_group

F = TypeVar("F", bound=Callable[..., Any])

POD_SECURITY_WORDS = (
    "use privileged, baseline or restricted, with an optional version as in restricted:v1.36"
)


def output_option(*formats: str, note: str = "") -> Callable[[F], F]:
    """Return the flag that chooses a format, by default the first; `note` ends its help."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help=f"Output format{note}.",
    )


@dataclass(frozen=True, slots=True)
class SettingsFlags:
    """The flags that every command which evaluates has in common, as they were written."""

    settings_file: Path | None = None
    default_user_id: str | None = None
    allow_root_default: bool = False
    pod_security: str | None = None
    operator: str | None = None
    mode: str | None = None
    routing: str | None = None
    routing_gateway: str | None = None
    routing_host: tuple[str, ...] = ()
    routing_prefix: str | None = None

    @property
    def routing_section(self) -> dict[str, Any]:
        """What the flags say of routes, by the keys of the settings' section `routing`."""
        section = {
            "kind": self.routing,
            "gateway": self.routing_gateway,
            "hosts": list(self.routing_host) or None,
            "prefix": self.routing_prefix,
        }
        return {key: value for key, value in section.items() if value is not None}


settings_options = option_group(
    "flags",
    SettingsFlags,
    click.option(
        "--settings",
        "settings_file",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Settings file; see policies/default.yaml.",
    ),
    click.option(
        "--default-user-id",
        metavar="ID",
        help="User id for pods that set none; empty: none. "
        "[environment: DEFAULT_USER_ID; default: 8888]",
    ),
    click.option(
        "--allow-root-default",
        is_flag=True,
        help="Allow 0 (root) as the default user id.",
    ),
    click.option(
        "--routing",
        type=click.Choice(["none", "gateway-api", "istio", "ambassador"]),
        help="What splits requests between predictors. [settings: routing.kind]",
    ),
    click.option(
        "--routing-gateway",
        metavar="NAMESPACE/NAME",
        help="Gateway that routes attach to. [settings: routing.gateway]",
    ),
    click.option(
        "--routing-host",
        multiple=True,
        metavar="HOST",
        help="Host of the routes; may be repeated. [settings: routing.hosts]",
    ),
    click.option(
        "--routing-prefix",
        metavar="PATH",
        help="Prefix of the paths of routes. [settings: routing.prefix; default: /seldon]",
    ),
    click.option(
        "--mode",
        type=click.Choice(["enforce", "warn", "observe"]),
        help="What a denial does, unless a namespace overrides it. [settings: mode]",
    ),
    click.option(
        "--operator",
        type=click.Choice(["auto", "seldon", "graphgate"]),
        help="Whose pods are checked or rendered. [settings: operator]",
    ),
    click.option(
        "--pod-security",
        metavar="LEVEL[:VERSION]",
        help="Pod Security level to check pods against, like restricted:v1.36. "
        "[default: what the namespace enforces, if it is known]",
    ),
)
"""Adds the flags that decide about verdicts; the command gets SettingsFlags as `flags`."""


def facts_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add --facts; the command gets `facts_file`, and `load_facts` reads it."""
    return click.option(
        "--facts",
        "facts_file",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Facts about the cluster, as written by graphgate facts.",
    )(command)
