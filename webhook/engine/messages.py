"""A finding in one line, the same words for kubectl, terminal, JSON, SARIF and status."""

from collections.abc import Iterable, Sequence

from webhook.engine.decision import Decision, RuleError
from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import MAX_SUBDOMAIN_LENGTH
from webhook.graph.path import Path
from webhook.graph.text import shorten

MAX_SHOWN_FINDINGS = 100
"""Findings listed in one denial. A denial is part of an HTTP response and read by a person;
more than a hundred errors are shown by `graphgate check`."""

MAX_MESSAGE_LENGTH = 4096
"""Characters of a message or a remediation in one line. The longest built-in ones list every
container of a pod; a policy's may contain any value of the object."""

MAX_PATH_LENGTH = 512
"""Characters of a path in one line: a key of an object may be a megabyte long."""


_WOULD_BE_DENIED = "would be denied: "

RULE_ERROR_TEXT = "could not be evaluated; this is a failure of graphgate, not of the object"


def format_finding(finding: Finding) -> str:
    """Return 'PATH: MESSAGE; REMEDIATION [RULE]'."""
    return f"{format_path(finding.path)}: {format_message(finding)}"


def format_path(path: Path) -> str:
    """Return a path as a line shows it."""
    return shorten(str(path), MAX_PATH_LENGTH)


def format_message(finding: Finding) -> str:
    """Return 'MESSAGE; REMEDIATION [RULE]'."""
    message = shorten(finding.message, MAX_MESSAGE_LENGTH)
    remediation = shorten(finding.remediation, MAX_MESSAGE_LENGTH)
    return f"{message}{f'; {remediation}' if remediation else ''} [{finding.rule_id}]"


def format_denial(decision: Decision, name: str) -> str:
    """Return what the author reads at kubectl when the object called `name` is refused.

    Example:
        SeldonDeployment "iris" has 2 errors:
        * spec.predictors[0].graph.name: no container named "clasifier" … [missing-container]
        * spec.predictors: traffic of the 2 … must add up to 100, got 90 … [traffic-not-100]
    """
    lines = [f"* {line}" for line in _denial_lines(decision)]
    noun = "error" if len(lines) == 1 else "errors"
    shown_name = shorten(name, MAX_SUBDOMAIN_LENGTH)
    subject = f'SeldonDeployment "{shown_name}"' if name else "the SeldonDeployment"
    shown = lines[:MAX_SHOWN_FINDINGS]
    if len(lines) > MAX_SHOWN_FINDINGS:
        shown.append(
            f"* … and {len(lines) - MAX_SHOWN_FINDINGS} more; graphgate check shows them all"
        )
    return "\n".join((f"{subject} has {len(lines)} {noun}:", *shown))


def format_rule_errors(rule_errors: Iterable[RuleError]) -> list[str]:
    """Return a sentence for each rule that could not be evaluated."""
    return [
        f"{rule_error.stage or f'rule {rule_error.rule_id}'} was too slow: "
        + shorten(str(rule_error.error), MAX_MESSAGE_LENGTH)
        if rule_error.is_timeout
        else f"rule {rule_error.rule_id} {RULE_ERROR_TEXT}"
        for rule_error in rule_errors
    ]


def format_warnings(decision: Decision) -> list[str]:
    """Return the warnings that go with the answer, none of which repeats a denial.

    They travel in an HTTP header each: no more are spelled out than of the denials.

    Example, where the mode is "warn":
        would be denied: spec.replicas: must be at least 0, got -1 [negative-replicas]
    """
    if decision.mode == "observe":
        return []
    return [
        *([] if decision.denied else _shown_lines(decision.denials, _WOULD_BE_DENIED)),
        *_shown_lines(decision.warnings),
        *format_rule_errors(
            error for error in decision.rule_errors if error not in decision.denying_errors
        ),
    ]


def format_audits(decision: Decision) -> str:
    """Return what the audit log keeps, a line for each finding.

    Of an object that the mode lets through, that is everything that was found.
    """
    lines = _shown_lines(decision.audits)
    if not decision.denied:
        lines = [*_shown_lines(decision.denials, _WOULD_BE_DENIED), *lines]
    if decision.mode == "observe":
        lines += [*_shown_lines(decision.warnings), *format_rule_errors(decision.rule_errors)]
    return "\n".join(lines)


def format_suppressed(decision: Decision) -> str:
    """Return what the audit log keeps of exceptions, a line for each finding that one takes back.

    Example: spec.replicas: the deployment has … [policy/replicas-bounded/0]; exempt by "load-test"
    until 2026-12-31T00:00:00Z: a load test
    """
    lines = [
        f'{format_finding(each.finding)}; exempt by "{each.exception}" until {each.expires_at}: '
        f"{shorten(each.reason, MAX_MESSAGE_LENGTH)}"
        for each in decision.suppressed[:MAX_SHOWN_FINDINGS]
    ]
    if (hidden := len(decision.suppressed) - MAX_SHOWN_FINDINGS) > 0:
        lines.append(f"… and {hidden} more")
    return "\n".join(lines)


def _shown_lines(findings: Sequence[Finding], prefix: str = "") -> list[str]:
    lines = [f"{prefix}{format_finding(finding)}" for finding in findings[:MAX_SHOWN_FINDINGS]]
    if (hidden := len(findings) - MAX_SHOWN_FINDINGS) > 0:
        lines.append(f"… and {hidden} more; graphgate check shows them all")
    return lines


def _denial_lines(decision: Decision) -> list[str]:
    return [
        *(format_finding(finding) for finding in decision.denials),
        *format_rule_errors(decision.denying_errors),
    ]
