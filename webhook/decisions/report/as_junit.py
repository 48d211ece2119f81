"""JUnit XML, what CI servers show: a test case for each document, a failure for what is denied."""

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from webhook.decisions.report.sentence import sentence
from webhook.decisions.result import Placed, Report, Result

# XML 1.0, 2.2: these characters cannot stand in a document, not even escaped.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
        _case(suite, result)
    suites = Element("testsuites")
    suites.append(suite)
    indent(suites)
    return tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: Element, result: Result) -> None:
    called = "/".join(
        part for part in (result.identity.get("namespace"), result.identity.get("name")) if part
    )
    case = SubElement(
        suite,
        "testcase",
        classname=_text(result.file),
        name=_text(called or f"document {result.index}"),
        file=_text(result.file),
        line=str(result.line),
    )
    denied = [placed for placed in result.findings if placed.action == "deny"]
    if result.verdict != "allowed":
        kind = "error" if result.verdict == "error" else "failure"
        fault = SubElement(case, kind, message=_text("; ".join(p.finding.fact for p in denied)))
        fault.text = _lines(result, denied)
    if others := [placed for placed in result.findings if placed.action != "deny"]:
        SubElement(case, "system-out").text = _lines(result, others)


def _lines(result: Result, findings: list[Placed]) -> str:
    return _text(
        "\n".join(f"{result.file}:{p.line}:{p.column}: {sentence(p.finding)}" for p in findings)
    )


def _text(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
