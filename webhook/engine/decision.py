"""The verdict on one object, as a value."""

from typing import NamedTuple

from webhook.graph.finding import Finding, Operation


class RuleError(NamedTuple):
    """A rule or policy of ours that crashed or ran out of time: our fault, never the author's.

    rule   its id
    error  what it raised; for the log, never for the author
    """

    rule_id: str
    error: Exception


class Decision(NamedTuple):
    """What graphgate says to one object.

    denials   findings that refuse it, in the order of the document; likewise
    warnings  findings the author should read
    audits    findings for the record only
    patch     what defaulting adds; empty where the object is denied
    failures  rules that could not be evaluated
    closed    whether such a failure refuses the object (`onRuleError: deny`)
    """

    denials: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    audits: tuple[Finding, ...] = ()
    patch: tuple[Operation, ...] = ()
    rule_errors: tuple[RuleError, ...] = ()
    fail_closed: bool = True

    @property
    def denied(self) -> bool:
        """Whether the object is refused."""
        return bool(self.denials) or (self.fail_closed and bool(self.rule_errors))


ALLOWED = Decision()
"""Nothing to say and nothing to add."""
