"""A run of policy tests, for people, as JSON and as JUnit XML."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from webhook.graph.text import count_noun, escape_control_chars
from webhook.policy.testing.runner import TestResult, TestRun
from webhook.report import junit
from webhook.report.json_text import format_json


def render_text(run: TestRun) -> str:
    """Return what a terminal shows: problems, failed cases with their differences, gaps, a sum."""
    return "".join(f"{escape_control_chars(line)}\n" for line in _text_lines(run))


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
    return format_json(document)


def render_junit(run: TestRun) -> str:
    """Return the run as JUnit XML: a suite for each file, a case for each case."""
    suites = Element("testsuites")
    files: dict[str, list[TestResult]] = {}
    for trial in run.results:
        files.setdefault(trial.file, []).append(trial)
    for file, results in files.items():
        failed = sum(bool(trial.mismatches) for trial in results)
        suite = junit.add_element(
            suites, "testsuite", name=file, tests=str(len(results)), failures=str(failed)
        )
        for trial in results:
            case = junit.add_element(suite, "testcase", name=trial.case, classname=trial.file)
            if trial.mismatches:
                details = "\n".join(trial.mismatches)
                junit.add_element(case, "failure", details, message=trial.mismatches[0])
    if run.problems:
        count = str(len(run.problems))
        suite = junit.add_element(suites, "testsuite", name="problems", tests=count, errors=count)
        for problem in run.problems:
            case = junit.add_element(suite, "testcase", name=problem.name or problem.file)
            junit.add_element(case, "error", message=str(problem))
    return junit.serialize(suites)
