"""A mapping stands where a list belongs

Why: containers, ports, variables and componentSpecs are lists, even with one entry. The API server
refuses a mapping in their place.

Fix: Put a dash before the first field of the entry. Variables are entries of name and value each.

Bad:
    componentSpecs:
      spec:
        containers:
        - name: classifier

Good:
    componentSpecs:
    - spec:
        containers:
        - name: classifier
"""

from collections.abc import Iterator
from typing import Any

from webhook.graph import schema
from webhook.graph.finding import Finding, Operation
from webhook.graph.model import Deployment
from webhook.graph.path import Path
from webhook.graph.signs import fault_of
from webhook.graph.words import enumerate_words
from webhook.rules._structure import value_at

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({fault_of("type")})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each mapping in the place of a list of mappings; `children` has a rule of its own."""
    for fault in deployment.faults:
        if fault.kind == "type" and "array" in fault.expected and fault.path[-1] != "children":
            value = value_at(deployment, fault.path)
            item = schema.look_up(fault.path / 0)
            if type(value) is dict and value and item and item.fields:
                yield _finding(fault.path, value, item)


def _finding(path: Path, value: dict[str, Any], item: schema.Place) -> Finding:
    shown = enumerate_words(list(value)[:5])
    fact = f"{path[-1]} is a mapping ({shown}), not a list"
    if set(item.required) <= value.keys() <= set(item.fields):
        wrap: Operation = {"op": "replace", "path": path.pointer, "value": [value]}
        return Finding(path, fact, f'put "- " before {next(iter(value))}', (wrap,))
    texts = [{"name": name, "value": text} for name, text in value.items()]
    if path[-1] == "env" and all(type(text) is str for text in value.values()):
        listed: Operation = {"op": "replace", "path": path.pointer, "value": texts}
        return Finding(path, fact, "write each variable as an item of name and value", (listed,))
    return Finding(path, fact)
