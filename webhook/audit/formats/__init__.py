"""Formats of an audit: one module each, with a class `Writer`.

A writer takes the objects one by one and returns text that can be written at once, so that an audit
of 5,000 objects is not a list of 5,000 objects in memory.
"""

from importlib import import_module
from typing import Protocol

from webhook.audit.model import AuditContext, AuditedObject
from webhook.audit.tally import Tally

FORMATS = ("text", "json", "sarif", "junit", "csv", "html")
DETAILED_FORMATS = frozenset({"json", "html"})
"""Those that show graphs or the security of containers."""


class Writer(Protocol):
    """One format."""

    def add(self, audited: AuditedObject) -> str:
        """Take an object; return what can be written by now."""
        ...

    def finish(self, tally: Tally) -> str:
        """Return the rest."""
        ...


def open_writer(name: str, context: AuditContext) -> Writer:
    """Return the writer of a format in `FORMATS`."""
    writer: Writer = import_module(f"{__name__}.{name}_format").Writer(context)
    return writer
