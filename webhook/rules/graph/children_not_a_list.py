"""Mapping instead of a list of children

Why: `children` holds a list of nodes, even when there is only one. The API server refuses a mapping
with an unclear message ("unknown field").

Fix: Put a dash before the first field of the child. graphgate reads the mapping as one child, so
that all other errors in it are reported in the same answer.

Bad:
    graph:
      name: step-one
      children:
        name: step-two

Good:
    graph:
      name: step-one
      children:
      - name: step-two
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Node, SeldonDeployment
from webhook.graph.parse import NODE_FIELDS
from webhook.graph.text import join_words

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"children"})


def check(node: Node, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each `children` that is a mapping."""
    children = node.raw.get("children")
    if type(children) is not dict:
        return
    path = node.path / "children"
    fields = join_words(list(children)[:5])
    one = not children or bool(children.keys() & NODE_FIELDS)
    parts = deployment.submitted.split_mapping(path)
    yield Finding(
        path,
        f"children must be a list of nodes, got a mapping ({fields})"
        if children
        else "children must be a list of nodes, got an empty mapping",
        remediation=_remediation(children, len(parts)),
        fix=(
            {
                "op": "replace",
                "path": path.pointer,
                "value": list(parts) if len(parts) > 1 else [children] if children else [],
            },
        )
        if one
        else (),
        fix_safety="safe",
    )


def _remediation(children: dict[str, object], parts: int) -> str:
    if not children:
        return "use children: []"
    if parts > 1:
        first = next(iter(children))
        return f'put "- " before each {first}: {parts} repeated keys make {parts} nodes'
    if not children.keys() & NODE_FIELDS:
        return "write each node as a list item that begins with its name, like - name: …"
    return 'put "- " before its first field'
