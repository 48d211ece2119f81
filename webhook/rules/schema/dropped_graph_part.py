"""Ignored part of the graph

Why: children belong to their node, beside its name. Under endpoint, in a second graph, beside the
graph or under a misspelled name they are silently dropped, and requests never reach those nodes.

Fix: Move children into the node that calls them.

Bad:
    graph:
      name: router
      endpoint:
        children:
        - name: classifier

Good:
    graph:
      name: router
      children:
      - name: classifier
"""

from collections.abc import Iterator
from dataclasses import replace

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import SchemaError, SeldonDeployment
from webhook.graph.suggest import spelling_fix_safety
from webhook.rules._graph_parts import ignored_graph_part
from webhook.rules._stray_fields import move_into_patch
from webhook.rules.schema.misplaced_field import find_misplaced_field

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"unknown"})


def check(schema_error: SchemaError, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each unknown field above or below a graph that is or holds children."""
    if schema_error.kind != "unknown":
        return
    path = schema_error.path
    part = ignored_graph_part(deployment, path)
    if part is None:
        return
    field = str(path[-1])
    if part == "parent":
        message = f'children below "{field}" are ignored: their nodes are lost'
        remediation = "move children into the node that calls them"
        yield Finding(path, message, remediation, at_key=True)
        return
    message = f'"{field}" is ignored here: its nodes are lost'
    if "children" in schema.known_fields(path.parent):
        yield Finding(
            path,
            message,
            'use "children"',
            move_into_patch(deployment, path, path.parent / "children"),
            fix_safety=spelling_fix_safety(field, "children"),
            at_key=True,
        )
        return
    misplaced = find_misplaced_field(deployment, path)
    if misplaced is not None:
        yield replace(misplaced, message=message)
        return
    yield Finding(path, message, "move children into the node that calls them", at_key=True)
