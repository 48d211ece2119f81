"""GitHub workflow commands: each finding becomes an annotation on its line of a pull request."""

from webhook.decisions.report.sentence import sentence
from webhook.decisions.result import Placed, Report, Result
from webhook.rules import Action

_COMMANDS: dict[Action, str] = {
    "deny": "error",
    "warn": "warning",
    "audit": "notice",
    "ignore": "debug",
}


def write(report: Report) -> str:
    """Return one command a line."""
    return "".join(
        f"{_command(result, placed)}\n" for result in report.results for placed in result.findings
    )


def _command(result: Result, placed: Placed) -> str:
    properties = {
        "file": result.file,
        "line": str(placed.line),
        "col": str(placed.column),
        "endColumn": str(placed.column + placed.width),
        "title": placed.finding.rule,
    }
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{_COMMANDS[placed.action]} {told}::{_data(sentence(placed.finding))}"


def _data(text: str) -> str:
    """Escape as the runner's toolkit does (@actions/core, command.ts)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
