"""Options of `check` for the admission request: operation, user and old objects."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from webhook.cli.option_group import option_group
from webhook.errors import SettingsError
from webhook.files import read_input
from webhook.runtime.manifest_files import manifest_files

if TYPE_CHECKING:
    from webhook.engine.policy_context import PolicyContext


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """The admission request that documents are evaluated as.

    user, groups  request.userInfo of policies
    operation     "": UPDATE where an old object is given, else CREATE
    old           files of the objects before
    """

    user: str = ""
    groups: tuple[str, ...] = ()
    operation: str = ""
    old: tuple[Path, ...] = ()

    def as_user(self, policy_context: "PolicyContext | None") -> "PolicyContext | None":
        """Return the policies as this user meets them."""
        if policy_context is None:
            return None
        return replace(policy_context, user=self.user, groups=self.groups)

    def old_object_finder(self) -> Callable[[Any], Any] | None:
        """Return what finds the object before an update; None: everything is created.

        Raise SettingsError if a file of old objects cannot be used.
        """
        if self.operation == "CREATE" or not (self.old or self.operation):
            if self.old:
                raise SettingsError("--old is for an update; leave out --operation create")
            return None
        known = {_key(value): value for path in self.old for value in _read_objects(path)}

        def find_old(document: Any) -> Any:
            return known.get(_key(document), document if self.operation == "UPDATE" else None)

        return find_old


request_options = option_group(
    "request",
    RequestOptions,
    click.option("--user", default="", help="User name in request.userInfo, as policies see it."),
    click.option("--group", "groups", multiple=True, help="Group of that user; may be repeated."),
    click.option(
        "--operation",
        type=click.Choice(["create", "update"]),
        callback=lambda _context, _parameter, word: (word or "").upper(),
        help="Operation of the request; an update without --old replaces an equal object.",
    ),
    click.option(
        "--old",
        type=click.Path(path_type=Path),
        metavar="PATH",
        multiple=True,
        help="Objects before the update, matched by namespace and name; others are created.",
    ),
)
"""Adds --user, --group, --operation and --old; the command gets RequestOptions as `request`."""


def _key(document: Any) -> tuple[str, str]:
    from webhook.lint.result import identify_object

    identity = identify_object(document)
    return identity["namespace"] or "default", identity["name"]


def _read_objects(path: Path) -> list[Any]:
    """Return the SeldonDeployments of a file or folder."""
    from webhook import yamldoc
    from webhook.lint.kind import is_seldon_deployment

    objects: list[Any] = []
    for file in manifest_files((str(path),)):
        try:
            parsed = yamldoc.read(read_input(file))
        except OSError as error:
            raise SettingsError(f"{file} cannot be opened: {error.strerror or error}") from None
        if parsed.errors:
            raise SettingsError(*(f"{file}:{e.line}:{e.column}: {e}" for e in parsed.errors))
        objects += (each.value for each in parsed.documents if is_seldon_deployment(each.value))
    return objects
