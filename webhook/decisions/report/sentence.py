"""A finding in one line, the same words for kubectl, terminal, JSON, SARIF and status."""

from collections.abc import Sequence

from webhook.decisions.decision import Decision
from webhook.graph.finding import Finding

SHOWN = 100
"""Findings that one denial spells out. A denial travels in an HTTP answer and is read by a
person; whoever has more than a hundred faults gets them from `graphgate check`."""

FAILED = "could not be evaluated; this is a failure of graphgate, not of the object"


def sentence(finding: Finding) -> str:
    """Return 'PATH: FACT; REMEDY [RULE]'."""
    return f"{finding.path}: {explanation(finding)}"


def explanation(finding: Finding) -> str:
    """Return 'FACT; REMEDY [RULE]'."""
    remedy = f"; {finding.remedy}" if finding.remedy else ""
    return f"{finding.fact}{remedy} [{finding.rule}]"


def denial(decision: Decision, name: str) -> str:
    """Return what the author reads at kubectl when the object called `name` is refused.

    Example:
        SeldonDeployment "iris" has 2 faults:
        * spec.predictors[0].graph.name: no container … is called "clasifier"; … [missing-container]
        * spec.predictors: traffic of the 2 live predictors sums to 90, not 100 … [traffic-not-100]
    """
    lines = [f"* {line}" for line in _faults(decision)]
    noun = "fault" if len(lines) == 1 else "faults"
    called = f'SeldonDeployment "{name}"' if name else "the SeldonDeployment"
    shown = lines[:SHOWN]
    if len(lines) > SHOWN:
        shown.append(f"* … and {len(lines) - SHOWN} more; graphgate check shows them all")
    return "\n".join((f"{called} has {len(lines)} {noun}:", *shown))


def failures(decision: Decision) -> list[str]:
    """Return a sentence for each rule that could not be evaluated."""
    return [f"rule {failure.rule} {FAILED}" for failure in decision.failures]


def warnings(decision: Decision) -> list[str]:
    """Return the warnings that go with the answer, none of which repeats a denial."""
    told: Sequence[Finding] = decision.warnings
    return [sentence(finding) for finding in told] + ([] if decision.closed else failures(decision))


def _faults(decision: Decision) -> list[str]:
    return [sentence(finding) for finding in decision.denials] + (
        failures(decision) if decision.closed else []
    )
