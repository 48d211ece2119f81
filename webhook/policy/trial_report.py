"""A run of policy tests, for people and as JUnit XML."""

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from webhook.policy.trials import TestRun, Trial


def text_report(run: TestRun) -> str:
    """Return what a terminal shows: problems, failed cases with their differences, gaps, a sum."""
    return "\n".join(_lines(run)) + "\n"


def _lines(run: TestRun) -> Iterator[str]:
    for problem in run.problems:
        yield f"error  {problem}"
    for trial in run.failed:
        yield f"FAIL   {trial.file}:{trial.line}: {trial.case}"
        yield from (f"         {fault}" for fault in trial.faults)
    for gap in run.gaps:
        yield f"gap    {gap.file}:{gap.line}: {gap.policy}: {gap.place} {gap.lacks}"
    cases, failed = len(run.trials), len(run.failed)
    both = len(run.coverage) - len(run.gaps)
    yield (
        f"{cases} case{'s' * (cases != 1)}, {failed} failed; "
        f"{both} of {len(run.coverage)} expressions seen both true and false"
    )


def junit_report(run: TestRun) -> str:
    """Return the run as JUnit XML: a suite for each file, a case for each case."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>"]
    files: dict[str, list[Trial]] = {}
    for trial in run.trials:
        files.setdefault(trial.file, []).append(trial)
    for file, trials in files.items():
        failed = sum(bool(trial.faults) for trial in trials)
        lines.append(
            f"  <testsuite name={quoteattr(_clean(file))} "
            f'tests="{len(trials)}" failures="{failed}">'
        )
        for trial in trials:
            lines.extend(_case(trial))
        lines.append("  </testsuite>")
    if run.problems:
        count = len(run.problems)
        lines.append(f'  <testsuite name="problems" tests="{count}" errors="{count}">')
        for problem in run.problems:
            lines.append(f"    <testcase name={quoteattr(_clean(problem.name or problem.file))}>")
            lines.append(f"      <error message={quoteattr(_clean(str(problem)))}/>")
            lines.append("    </testcase>")
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])


def _case(trial: Trial) -> Iterator[str]:
    head = (
        f"    <testcase name={quoteattr(_clean(trial.case))} "
        f"classname={quoteattr(_clean(trial.file))}"
    )
    if not trial.faults:
        yield head + "/>"
        return
    yield head + ">"
    told = "\n".join(trial.faults)
    yield f"      <failure message={quoteattr(_clean(trial.faults[0]))}>{escape(_clean(told))}"
    yield "      </failure>"
    yield "    </testcase>"


def _clean(text: str) -> str:
    """Return a text without the characters that XML 1.0 has no way to write."""
    return "".join(c if c in "\t\n" or c >= " " else "�" for c in text)
