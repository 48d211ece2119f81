"""The verdict on one object, as a value."""

from typing import NamedTuple

from webhook.errors import ReviewTimeoutError
from webhook.graph.finding import Finding, Operation
from webhook.rules import Action
from webhook.settings.model import Mode


class RuleError(NamedTuple):
    """A rule or policy that crashed or ran out of time.

    rule_id  its id
    error    what it raised; for the log, never for the author
    stage    what was being done, where it was not a rule: "reading the object"
    """

    rule_id: str
    error: Exception
    stage: str = ""

    @property
    def is_timeout(self) -> bool:
        """Whether it ran out of time; then it denies, or a slow enough object would pass."""
        return isinstance(self.error, ReviewTimeoutError)


class SuppressedFinding(NamedTuple):
    """A finding that an exception takes back, and the exception: for the record.

    action      what it would have done
    exception   the exception's name
    expires_at  RFC 3339, as it was written
    """

    finding: Finding
    action: Action
    exception: str
    reason: str
    expires_at: str


class Decision(NamedTuple):
    """What graphgate says to one object.

    denials      findings that refuse it, in the order of the document; likewise
    warnings     findings the author should read
    audits       findings for the record only
    patch        what defaulting adds; empty where the object is denied
    rule_errors  rules that could not be evaluated
    fail_closed  whether every such failure refuses the object (`onRuleError: deny`), and not only
                 those for want of time
    suppressed   findings that exceptions take back
    mode         what a denial does; exceeding a limit denies in every mode
    """

    denials: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    audits: tuple[Finding, ...] = ()
    patch: tuple[Operation, ...] = ()
    rule_errors: tuple[RuleError, ...] = ()
    fail_closed: bool = True
    suppressed: tuple[SuppressedFinding, ...] = ()
    mode: Mode = "enforce"

    @property
    def is_silent(self) -> bool:
        """Whether there is nothing to say: the object is allowed, and perhaps filled in."""
        return not (
            self.denials or self.warnings or self.audits or self.rule_errors or self.suppressed
        )

    @property
    def denied(self) -> bool:
        """Whether the object is refused."""
        if self.mode == "enforce":
            return bool(self.denials) or bool(self.denying_errors)
        return bool(self.denying_errors) or any(finding.incomplete for finding in self.denials)

    @property
    def would_be_denied(self) -> bool:
        """Whether only the mode lets the object through."""
        return not self.denied and self._replace(mode="enforce").denied

    @property
    def denying_errors(self) -> tuple[RuleError, ...]:
        """The rule errors that refuse the object: all, or those that ran out of time."""
        if not self.rule_errors or (self.fail_closed and self.mode == "enforce"):
            return self.rule_errors
        return tuple(error for error in self.rule_errors if error.is_timeout)


ALLOWED = Decision()
"""Nothing to say and nothing to add."""
