"""GitHub workflow commands: each finding becomes an annotation on its line of a pull request."""

from webhook.engine.messages import format_finding
from webhook.graph.text import escape_control_chars
from webhook.lint.result import DocumentResult, LocatedFinding, Report
from webhook.rules import Action

_COMMANDS: dict[Action, str] = {
    "deny": "error",
    "warn": "warning",
    "audit": "notice",
    "off": "debug",
}


def write(report: Report) -> str:
    """Return one command a line."""
    return "".join(
        f"{_command(result, placed)}\n" for result in report.results for placed in result.findings
    )


def format_note(note: str) -> str:
    """Return the command for what is said of no line: an annotation of the run."""
    return f"::warning title=not checked::{_escape_data(escape_control_chars(note))}\n"


def _command(result: DocumentResult, located: LocatedFinding) -> str:
    properties = {
        "file": "\n".join(map(escape_control_chars, result.file.split("\n"))),
        "line": str(located.line),
        "col": str(located.column),
        "endColumn": str(located.column + located.width),
        "title": located.finding.rule_id,
    }
    encoded = ",".join(f"{key}={_escape_property(value)}" for key, value in properties.items())
    return (
        f"::{_COMMANDS[located.action]} {encoded}::{_escape_data(format_finding(located.finding))}"
    )


def _escape_data(text: str) -> str:
    """Escape as the runner's toolkit does (@actions/core, command.ts)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
