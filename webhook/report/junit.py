"""JUnit XML, what CI servers show: a test case for each document, a failure for what is denied.

`policy_tests` writes the cases of policy tests with the same pieces.
"""

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from webhook.engine.messages import format_finding
from webhook.lint.result import DocumentResult, LocatedFinding, Report

# XML 1.0, 2.2: these characters cannot be in a document, not even escaped.
_INVALID_XML_CHARS = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(report: Report) -> str:
    """Return the report as indented XML with a final newline."""
    suites = Element("testsuites")
    suite = add_element(
        suites,
        "testsuite",
        name="graphgate check",
        tests=str(len(report.results)),
        failures=str(sum(result.verdict == "denied" for result in report.results)),
        errors=str(sum(result.verdict == "error" for result in report.results)),
        skipped="0",
    )
    for result in report.results:
        _add_test_case(suite, result)
    return serialize(suites)


def add_element(parent: Element, tag: str, text: str = "", **attributes: str) -> Element:
    """Add an element; what XML cannot hold in its texts is replaced."""
    element = SubElement(
        parent, tag, {key: _replace_invalid_chars(value) for key, value in attributes.items()}
    )
    element.text = _replace_invalid_chars(text) or None
    return element


def serialize(suites: Element) -> str:
    """Return the root element as indented XML with a final newline."""
    indent(suites)
    return tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _add_test_case(suite: Element, result: DocumentResult) -> None:
    case = add_element(
        suite,
        "testcase",
        classname=result.file,
        name=result.object_name or f"document {result.index}",
        file=result.file,
        line=str(result.line),
    )
    denied = [placed for placed in result.findings if placed.action == "deny"]
    if result.verdict != "allowed":
        kind = "error" if result.verdict == "error" else "failure"
        message = "; ".join(placed.finding.message for placed in denied)
        add_element(case, kind, _format_findings(result, denied), message=message)
    if others := [placed for placed in result.findings if placed.action != "deny"]:
        add_element(case, "system-out", _format_findings(result, others))


def _format_findings(result: DocumentResult, findings: list[LocatedFinding]) -> str:
    return "\n".join(
        f"{result.file}:{p.line}:{p.column}: {format_finding(p.finding)}" for p in findings
    )


def _replace_invalid_chars(text: str) -> str:
    return _INVALID_XML_CHARS.sub("\ufffd", text)
