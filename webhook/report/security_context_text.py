"""What `graphgate security` prints: a table for each container, or JSON."""

from collections.abc import Sequence
from typing import Any

from webhook.graph.text import escape_control_chars
from webhook.report import json_text
from webhook.report.security_context import ContainerSecurity


def format_text(object_name: str, containers: Sequence[ContainerSecurity]) -> str:
    """Return a block for each container, the columns aligned.

    spec.predictors[0].componentSpecs[0].spec.containers[0] "classifier"
      runAsUser     8888                      default
      runAsNonRoot  root is not refused
      meets privileged, baseline; not restricted
    """
    blocks = [f"SeldonDeployment {escape_control_chars(object_name)}\n"]
    for container in containers:
        widths = [
            max(len(getattr(right, column)) for right in container.fields)
            for column in ("field", "value")
        ]
        added = f", added by {container.added_by}" if container.injected else ""
        lines = [f'{container.path} "{container.name}"{added}']
        lines.extend(
            f"  {right.field:{widths[0]}}  {right.value:{widths[1]}}  {right.source}".rstrip()
            for right in container.fields
        )
        met = ", ".join(level for level, passed in container.levels if passed)
        missed = ", ".join(level for level, passed in container.levels if not passed)
        lines.append(f"  its pod meets {met}" + (f"; not {missed}" if missed else ""))
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def to_value(identity: dict[str, str], containers: Sequence[ContainerSecurity]) -> dict[str, Any]:
    """Return the same as a JSON value."""
    return {
        "object": identity,
        "containers": [
            {
                "path": str(container.path),
                "name": container.name,
                "injected": container.injected,
                "securityContext": {
                    right.field: {"value": right.value, "origin": right.source}
                    for right in container.fields
                },
                "levels": dict(container.levels),
            }
            for container in containers
        ],
    }


def format_json(values: Sequence[dict[str, Any]]) -> str:
    """Return the values of several objects as one JSON document."""
    document = {"version": 1, "results": list(values)}
    return json_text.format_json(document)
