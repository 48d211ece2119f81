"""A run of policy tests, for people, as JSON and as JUnit XML."""

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

import orjson

from webhook.graph.text import count_noun
from webhook.policy.testing.runner import TestResult, TestRun


def render_text(run: TestRun) -> str:
    """Return what a terminal shows: problems, failed cases with their differences, gaps, a sum."""
    return "\n".join(_text_lines(run)) + "\n"


def _text_lines(run: TestRun) -> Iterator[str]:
    for problem in run.problems:
        yield f"error  {problem}"
    for trial in run.failed_results:
        yield f"FAIL   {trial.file}:{trial.line}: {trial.case}"
        yield from (f"         {fault}" for fault in trial.mismatches)
    for gap in run.coverage_gaps:
        yield f"gap    {gap.file}:{gap.line}: {gap.policy}: {gap.path} {gap.missing_outcome}"
    cases, failed = len(run.results), len(run.failed_results)
    covered_count = len(run.coverage) - len(run.coverage_gaps)
    yield (
        f"{count_noun(cases, 'case')}, {failed} failed; "
        f"{covered_count} of {len(run.coverage)} expressions seen both true and false"
    )


def render_json(run: TestRun) -> str:
    """Return the run as JSON: cases, what was never tried, what cannot be used."""
    document = {
        "version": 1,
        "cases": [
            {
                "file": result.file,
                "line": result.line,
                "name": result.case,
                "passed": not result.mismatches,
                "mismatches": list(result.mismatches),
            }
            for result in run.results
        ],
        "gaps": [
            {
                "file": gap.file,
                "line": gap.line,
                "policy": gap.policy,
                "path": gap.path,
                "message": gap.missing_outcome,
            }
            for gap in run.coverage_gaps
        ],
        "problems": [
            {"file": p.file, "line": p.line, "column": p.column, "message": p.message}
            for p in run.problems
        ],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def render_junit(run: TestRun) -> str:
    """Return the run as JUnit XML: a suite for each file, a case for each case."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>"]
    files: dict[str, list[TestResult]] = {}
    for trial in run.results:
        files.setdefault(trial.file, []).append(trial)
    for file, results in files.items():
        failed = sum(bool(trial.mismatches) for trial in results)
        lines.append(
            f"  <testsuite name={quoteattr(_strip_invalid_characters(file))} "
            f'tests="{len(results)}" failures="{failed}">'
        )
        for trial in results:
            lines.extend(_junit_case(trial))
        lines.append("  </testsuite>")
    if run.problems:
        count = len(run.problems)
        lines.append(f'  <testsuite name="problems" tests="{count}" errors="{count}">')
        for problem in run.problems:
            lines.append(
                "    <testcase "
                f"name={quoteattr(_strip_invalid_characters(problem.name or problem.file))}>"
            )
            lines.append(
                f"      <error message={quoteattr(_strip_invalid_characters(str(problem)))}/>"
            )
            lines.append("    </testcase>")
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])


def _junit_case(result: TestResult) -> Iterator[str]:
    head = (
        f"    <testcase name={quoteattr(_strip_invalid_characters(result.case))} "
        f"classname={quoteattr(_strip_invalid_characters(result.file))}"
    )
    if not result.mismatches:
        yield head + "/>"
        return
    yield head + ">"
    first, details = (
        _strip_invalid_characters(text)
        for text in (result.mismatches[0], "\n".join(result.mismatches))
    )
    yield f"      <failure message={quoteattr(first)}>{escape(details)}"
    yield "      </failure>"
    yield "    </testcase>"


def _strip_invalid_characters(text: str) -> str:
    """Return a text without the characters that XML 1.0 has no way to write."""
    return "".join(c if c in "\t\n" or c >= " " else "�" for c in text)
