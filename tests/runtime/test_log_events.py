"""Every log event is in the documentation."""

import ast

from tests.seeds import ROOT

PAGES = ("docs/operations/server.md", "docs/reconciler.md", "docs/audit.md")
LEVELS = {"info", "warning", "error", "exception"}


def logged_events():
    for file in sorted((ROOT / "webhook").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in LEVELS
                and ast.unparse(node.func.value).endswith("logger")
                and node.args
            ):
                for part in ast.walk(node.args[0]):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield part.value


def test_every_log_event_is_documented():
    text = "".join((ROOT / page).read_text() for page in PAGES)
    events = {*logged_events()}
    assert {"requeued", "config_reloaded", "policy_rejected"} <= events
    assert sorted(event for event in events if f"`{event}`" not in text) == []
