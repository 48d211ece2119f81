"""A finding in one line, the same words for kubectl, terminal, JSON, SARIF and status."""

from collections.abc import Sequence

from webhook.engine.decision import Decision
from webhook.graph.finding import Finding

MAX_SHOWN_FINDINGS = 100
"""Findings that one denial spells out. A denial travels in an HTTP answer and is read by a
person; whoever has more than a hundred faults gets them from `graphgate check`."""

RULE_ERROR_TEXT = "could not be evaluated; this is a failure of graphgate, not of the object"


def format_finding(finding: Finding) -> str:
    """Return 'PATH: FACT; REMEDY [RULE]'."""
    return f"{finding.path}: {format_message(finding)}"


def format_message(finding: Finding) -> str:
    """Return 'FACT; REMEDY [RULE]'."""
    remediation = f"; {finding.remediation}" if finding.remediation else ""
    return f"{finding.message}{remediation} [{finding.rule_id}]"


def format_denial(decision: Decision, name: str) -> str:
    """Return what the author reads at kubectl when the object called `name` is refused.

    Example:
        SeldonDeployment "iris" has 2 faults:
        * spec.predictors[0].graph.name: no container … is called "clasifier"; … [missing-container]
        * spec.predictors: traffic of the 2 live predictors sums to 90, not 100 … [traffic-not-100]
    """
    lines = [f"* {line}" for line in _denial_lines(decision)]
    noun = "fault" if len(lines) == 1 else "faults"
    subject = f'SeldonDeployment "{name}"' if name else "the SeldonDeployment"
    shown = lines[:MAX_SHOWN_FINDINGS]
    if len(lines) > MAX_SHOWN_FINDINGS:
        shown.append(
            f"* … and {len(lines) - MAX_SHOWN_FINDINGS} more; graphgate check shows them all"
        )
    return "\n".join((f"{subject} has {len(lines)} {noun}:", *shown))


def format_rule_errors(decision: Decision) -> list[str]:
    """Return a sentence for each rule that could not be evaluated."""
    return [f"rule {failure.rule_id} {RULE_ERROR_TEXT}" for failure in decision.rule_errors]


def format_warnings(decision: Decision) -> list[str]:
    """Return the warnings that go with the answer, none of which repeats a denial."""
    findings: Sequence[Finding] = decision.warnings
    return [format_finding(finding) for finding in findings] + (
        [] if decision.fail_closed else format_rule_errors(decision)
    )


def _denial_lines(decision: Decision) -> list[str]:
    return [format_finding(finding) for finding in decision.denials] + (
        format_rule_errors(decision) if decision.fail_closed else []
    )
