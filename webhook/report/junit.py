"""JUnit XML, what CI servers show: a test case for each document, a failure for what is denied."""

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from webhook.engine.messages import format_finding
from webhook.lint.result import DocumentResult, LocatedFinding, Report

# XML 1.0, 2.2: these characters cannot stand in a document, not even escaped.
_INVALID_XML_CHARS = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(report: Report) -> str:
    """Return the report as indented XML with a final newline."""
    suite = Element(
        "testsuite",
        name="graphgate check",
        tests=str(len(report.results)),
        failures=str(sum(result.verdict == "denied" for result in report.results)),
        errors=str(sum(result.verdict == "error" for result in report.results)),
        skipped="0",
    )
    for result in report.results:
        _add_test_case(suite, result)
    suites = Element("testsuites")
    suites.append(suite)
    indent(suites)
    return tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _add_test_case(suite: Element, result: DocumentResult) -> None:
    case = SubElement(
        suite,
        "testcase",
        classname=_replace_invalid_chars(result.file),
        name=_replace_invalid_chars(result.object_name or f"document {result.index}"),
        file=_replace_invalid_chars(result.file),
        line=str(result.line),
    )
    denied = [placed for placed in result.findings if placed.action == "deny"]
    if result.verdict != "allowed":
        kind = "error" if result.verdict == "error" else "failure"
        failure = SubElement(
            case, kind, message=_replace_invalid_chars("; ".join(p.finding.message for p in denied))
        )
        failure.text = _format_findings(result, denied)
    if others := [placed for placed in result.findings if placed.action != "deny"]:
        SubElement(case, "system-out").text = _format_findings(result, others)


def _format_findings(result: DocumentResult, findings: list[LocatedFinding]) -> str:
    return _replace_invalid_chars(
        "\n".join(
            f"{result.file}:{p.line}:{p.column}: {format_finding(p.finding)}" for p in findings
        )
    )


def _replace_invalid_chars(text: str) -> str:
    return _INVALID_XML_CHARS.sub("\ufffd", text)
