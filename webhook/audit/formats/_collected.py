"""Formats of `check` that need every result before the first line."""

from collections.abc import Callable

from webhook.audit.model import AuditContext, AuditedObject
from webhook.audit.tally import Tally
from webhook.lint.result import DocumentResult, Report


class CollectingWriter:
    """Keeps the results, and hands them to a format of `webhook.report`."""

    write: Callable[[Report], str]

    def __init__(self, context: AuditContext) -> None:
        self._context = context
        self._results: list[DocumentResult] = []

    def add(self, audited: AuditedObject) -> str:
        """Keep the object's result; return nothing yet."""
        self._results.append(audited.result)
        return ""

    def finish(self, tally: Tally) -> str:
        """Return the whole."""
        del tally
        version = self._context.policy_set_version
        return type(self).write(Report(tuple(self._results), policy_set_version=version))
