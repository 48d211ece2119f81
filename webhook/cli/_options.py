"""Flags that several commands share, and how they become values."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from webhook.errors import SettingsError

if TYPE_CHECKING:
    from webhook.decisions.settings import Settings
    from webhook.graph.facts import Facts


@dataclass(frozen=True, slots=True)
class SettingsFlags:
    """The flags that every command which judges has in common, as they were written."""

    settings_file: Path | None
    default_user_id: str | None
    allow_root_default: bool
    pod_security: str | None


def settings_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the flags that decide about verdicts; the command gets them as one value, `flags`."""

    @wraps(command)
    def with_flags(**arguments: Any) -> None:
        flags = SettingsFlags(**{f.name: arguments.pop(f.name) for f in fields(SettingsFlags)})
        command(flags=flags, **arguments)

    decorated: Callable[..., None] = with_flags
    for option in (
        click.option(
            "--pod-security",
            metavar="LEVEL[:VERSION]",
            help="Pod Security level to judge pods by, like restricted:v1.36. "
            "[default: what the namespace enforces, if it is known]",
        ),
        click.option(
            "--allow-root-default",
            is_flag=True,
            help="Let the default user id be 0, which is root.",
        ),
        click.option(
            "--default-user-id",
            metavar="ID",
            help="User id for pods that set none; empty: none. "
            "[environment: DEFAULT_USER_ID; default: 8888]",
        ),
        click.option(
            "--settings",
            "settings_file",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Settings file; see policies/default.yaml.",
        ),
    ):
        decorated = option(decorated)
    return decorated


def load_settings(flags: SettingsFlags) -> "Settings":
    """Return the effective settings; raise InvalidSettings if any part cannot be used."""
    from webhook.decisions.settings import read_settings
    from webhook.podsecurity import parse_standard

    document, source = None, "settings"
    if flags.settings_file is not None:
        document, source = read_single_document(flags.settings_file), str(flags.settings_file)
    pod_security = None
    if flags.pod_security is not None:
        pod_security = parse_standard(flags.pod_security)
        if pod_security is None:
            raise SettingsError(
                f"--pod-security is {flags.pod_security!r}; it is a level (privileged, baseline, "
                "restricted), with a version if need be: restricted:v1.36"
            )
    return read_settings(
        document,
        os.environ,
        default_user_id=flags.default_user_id,
        allow_root_default=flags.allow_root_default,
        pod_security=pod_security,
        source=source,
    )


def facts_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add --facts; the command gets `facts_file`, and `load_facts` reads it."""
    return click.option(
        "--facts",
        "facts_file",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="What is known of the cluster; graphgate facts writes it.",
    )(command)


def load_facts(file: Path | None) -> "Facts":
    """Return the facts in a file; raise InvalidSettings if it cannot be used."""
    from webhook.graph.facts import NO_FACTS

    if file is None:
        return NO_FACTS
    from webhook.decisions.facts_file import read_facts

    return read_facts(read_single_document(file), str(file))


def read_single_document(file: Path) -> Any:
    """Return the one document in a settings or facts file; raise InvalidSettings otherwise."""
    from webhook.documents import read

    try:
        parsed_file = read(read_bytes(file))
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from error
    for parse_error in parsed_file.errors:
        raise SettingsError(f"{file}:{parse_error.line}:{parse_error.column}: {parse_error}")
    if len(parsed_file.documents) != 1:
        raise SettingsError(f"{file} holds {len(parsed_file.documents)} documents, not one")
    return parsed_file.documents[0].value


def read_bytes(path: Path) -> bytes:
    """Return the content of a file, or of standard input for "-"."""
    return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
