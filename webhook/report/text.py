"""The report for a terminal: each finding with its line, marked, as good compilers show it.

deny: children must be a list of nodes, got a mapping (name) [children-not-a-list]
  --> three.yaml:21:7  spec.predictors[0].graph.children
   |
21 |       children:
   |       ^^^^^^^^
   = put a dash before its first field: - name: …
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from webhook.engine.messages import MAX_MESSAGE_LENGTH, MAX_PATH_LENGTH, format_path
from webhook.engine.operator import OperatorChoice
from webhook.graph.text import count_noun, escape_control_chars, shorten
from webhook.lint.result import DocumentResult, LocatedFinding, Report

Style = Callable[[str, str], str]
"""Takes a text and its role ("deny", "warn", "audit", "frame", "strong", "good")."""

_OPERATORS = {"seldon": "Seldon's operator", "graphgate": "graphgate's reconciler"}

_MAX_SOURCE_WIDTH = 160
"""Characters of an author's line that are shown; longer ones are cut around the marker."""


def no_style(text: str, _: str) -> str:
    """Leave the text as it is: the style of a file or a pipe."""
    return text


def write(report: Report, style: Style = no_style) -> str:
    """Return the findings of all documents, then a line that sums them up."""
    objects = Counter(result.file for result in report.results)
    blocks = [
        _block(result, placed, style, named=objects[result.file] > 1)
        for result in report.results
        for placed in result.findings
    ]
    return "".join(f"{block}\n\n" for block in blocks) + _summary(report, style) + "\n"


def _block(result: DocumentResult, located: LocatedFinding, style: Style, *, named: bool) -> str:
    return "\n".join(_lines(result, located, style, named=named))


def _lines(
    result: DocumentResult, located: LocatedFinding, style: Style, *, named: bool
) -> Iterator[str]:
    """Yield the lines of a finding; `named`: the file has several objects, so it says which."""
    finding = located.finding
    word = "error" if result.verdict == "error" else located.action
    message = style(f": {shorten(finding.message, MAX_MESSAGE_LENGTH)}", "strong")
    yield f"{style(word, located.action)}{message} [{finding.rule_id}]"
    margin = " " * len(str(located.line))
    where = f"{escape_control_chars(result.file)}:{located.line}:{located.column}"
    name = f"  {shorten(result.object_name, MAX_PATH_LENGTH)}" if named else ""
    path = f"  {format_path(finding.path)}" if finding.path else ""
    yield f"{margin}{style('-->', 'frame')} {where}{name}{path}"
    if located.source.strip():
        shown, column = _excerpt(located.source, located.column)
        marker = " " * (column - 1) + "^" * max(1, min(located.width, len(shown) - column + 1))
        bar = style("|", "frame")
        yield f"{margin} {bar}"
        yield f"{style(str(located.line), 'frame')} {bar} {shown}"
        yield f"{margin} {bar} {style(marker, located.action)}"
    if finding.remediation:
        remediation = shorten(finding.remediation, MAX_MESSAGE_LENGTH)
        yield f"{margin} {style('=', 'frame')} {remediation}"


def _excerpt(source: str, column: int) -> tuple[str, int]:
    """Return what is shown of a line, and the marker's column in it."""
    start = 0
    if len(source) > _MAX_SOURCE_WIDTH:
        start = max(0, column - 1 - _MAX_SOURCE_WIDTH // 2)
    shown = source[start : start + _MAX_SOURCE_WIDTH].replace("\t", " ")
    # One character for each, so that the marker stays in place; a terminal obeys none of them.
    return "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown
    ), column - start


def _summary(report: Report, style: Style) -> str:
    """Return '3 SeldonDeployments: 2 allowed, 1 denied, 8 errors, 1 warning; 4 other skipped'."""
    count = dict.fromkeys(("allowed", "denied", "error"), 0)
    for result in report.results:
        count[result.verdict] += 1
    evaluated = count["allowed"] + count["denied"]
    known = " as far as can be evaluated" if report.undecided and count["allowed"] else ""
    parts = [f"{count_noun(evaluated, 'SeldonDeployment')}: {count['allowed']} allowed{known}"]
    if count["denied"]:
        denied = f"{count['denied']} denied"
        errors = sum(
            result.count("deny") for result in report.results if result.verdict == "denied"
        )
        parts.append(f"{style(denied, 'deny')} ({count_noun(errors, 'error')})")
    if warned := sum(result.count("warn") for result in report.results):
        parts.append(style(count_noun(warned, "warning"), "warn"))
    if exempt := sum(len(result.suppressed) for result in report.results):
        parts.append(f"{count_noun(exempt, 'finding')} exempt")
    if count["error"]:
        parts.append(style(f"{count['error']} could not be evaluated", "deny"))
    if report.skipped_documents:
        parts.append(f"{report.skipped_documents} of other kinds skipped")
    line = ", ".join(parts)
    return "\n".join(
        (f"{line}{_fixable(report)}", *report.undecided, *operator_lines(report.operators))
    )


def operator_lines(
    choices: Mapping[OperatorChoice, int], participle: str = "checked"
) -> Iterator[str]:
    """Yield whose pods a report is on and what shows it: once, or once for each evidence.

    choices  each with the number of objects
    """
    for (operator, evidence), count in choices.items():
        objects = "" if len(choices) == 1 else f" of {count_noun(count, 'object')}"
        yield f"pods{objects} {participle} as {_OPERATORS[operator]} creates them: {evidence}"


def _fixable(report: Report) -> str:
    """Return '; 8 fixable with `graphgate fix`, 2 more with …'; "" if there is none."""
    findings = [placed.finding for result in report.results for placed in result.findings]
    safe = sum(finding.has_fix(unsafe=False) for finding in findings)
    unsafe = sum(finding.has_fix() for finding in findings) - safe
    if safe:
        more = f", {unsafe} more with `--unsafe-fixes`" if unsafe else ""
        return f"; {safe} fixable with `graphgate fix`{more}"
    return f"; {unsafe} fixable with `graphgate fix --unsafe-fixes`" if unsafe else ""
