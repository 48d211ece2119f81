"""Findings about values that a template engine has not filled in yet.

Whatever a rule reports about "${NAME}", the template must be rendered: so one finding says that,
and no fix is offered.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from webhook.engine.rule_runner import ActionFinding
from webhook.graph.finding import Finding, Operation
from webhook.graph.path import Path, resolve_path
from webhook.graph.templates import find_placeholder, find_unrendered, how_to_render

_TEXT_OF_PROGRAMS = frozenset({"args", "command"})
"""Fields whose "$NAME" and "{x}" are for a shell or a program to read."""
_EXPANDED = frozenset({"env", "subPathExpr"})
"""Fields in which Kubernetes replaces $(NAME)."""


def explain_placeholders(document: Any, findings: Iterable[ActionFinding]) -> list[ActionFinding]:
    """Return the findings; those of rules at an unrendered template say so, one at each place.

    A fix that would change an unrendered text goes, wherever its finding is.
    """
    explained: dict[Path, int] = {}
    kept: list[ActionFinding] = []
    for action, finding in findings:
        placeholder = _placeholder_at(document, finding.path)
        if placeholder and "/" not in finding.rule_id:
            new = _unrendered(finding, placeholder)
            position = explained.setdefault(finding.path, len(kept))
            if position == len(kept):
                kept.append((action, new))
            elif action == "deny" and kept[position][0] != "deny":
                kept[position] = (action, new)
        elif finding.fix and any(_changes_placeholder(document, o) for o in finding.fix):
            kept.append((action, replace(finding, fix=())))
        else:
            kept.append((action, finding))
    return kept


def _unrendered(finding: Finding, placeholder: str) -> Finding:
    return replace(
        finding,
        message=f"unrendered template: {placeholder}",
        remediation=how_to_render(placeholder),
        fix=(),
    )


def _placeholder_at(document: Any, path: Path) -> str:
    if not _TEXT_OF_PROGRAMS.isdisjoint(path):
        return ""
    try:
        value = resolve_path(document, path)
    except LookupError:
        return ""
    find = find_unrendered if _EXPANDED.isdisjoint(path) else find_placeholder
    key = find_placeholder(path[-1]) if path and type(path[-1]) is str else ""
    return key or (find(value) if type(value) is str else "")


def _changes_placeholder(document: Any, operation: Operation) -> bool:
    if operation["op"] not in ("replace", "remove"):
        return False
    try:
        path = Path.from_pointer(operation["path"], document)
    except (ValueError, LookupError):
        return False
    return bool(_placeholder_at(document, path))
