"""Flags that several commands share, and how they become values."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from webhook.errors import InvalidSettings

if TYPE_CHECKING:
    from webhook.decisions.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


def settings_options(command: F) -> F:
    """Add --settings, --default-user-id and --allow-root-default; `load_settings` reads them."""
    for option in (
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
        command = option(command)
    return command


def load_settings(
    settings_file: Path | None,
    default_user_id: str | None,
    allow_root_default: bool,
) -> "Settings":
    """Return the effective settings; raise InvalidSettings if any part cannot be used."""
    from webhook.decisions.settings import read_settings

    document, source = None, "settings"
    if settings_file is not None:
        document, source = read_one(settings_file), str(settings_file)
    return read_settings(
        document,
        os.environ,
        default_user_id=default_user_id,
        allow_root_default=allow_root_default,
        source=source,
    )


def read_one(file: Path) -> Any:
    """Return the one document in a settings file; raise InvalidSettings if it cannot be read."""
    from webhook.documents import read

    try:
        reading = read(read_bytes(file))
    except OSError as error:
        raise InvalidSettings(f"{file} cannot be read: {error.strerror}") from error
    for fault in reading.errors:
        raise InvalidSettings(f"{file}:{fault.line}:{fault.column}: {fault}")
    if len(reading.documents) != 1:
        raise InvalidSettings(f"{file} holds {len(reading.documents)} documents, not one")
    return reading.documents[0].value


def read_bytes(path: Path) -> bytes:
    """Return the content of a file, or of standard input for "-"."""
    return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
