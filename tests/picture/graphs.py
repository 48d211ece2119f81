"""Graphs of many nodes, and one whose every text is hostile."""

from typing import Any

from tests.documents_of import minimal

HOSTILE = (
    '</svg></title><script>alert(1)</script>"];`md` #quot; ]]> <a href="javascript:alert(1)">\\',
    "\x1b[31mred\n\u202edesrever",
)


def with_nodes(root: dict[str, Any]) -> dict[str, Any]:
    """Return a document with this graph, twenty containers in a Deployment."""
    names = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        names.append(node["name"])
        waiting.extend(node["children"])
    containers = [{"name": name, "image": "registry.example/model:1"} for name in names]

    def change(document: dict[str, Any]) -> None:
        predictor = document["spec"]["predictors"][0]
        predictor["graph"] = root
        predictor["componentSpecs"] = [
            {"spec": {"containers": containers[start : start + 20]}}
            for start in range(0, len(containers), 20)
        ]

    return minimal(change)


def chain(length: int) -> dict[str, Any]:
    """Return a document whose nodes stand in a row."""
    root: dict[str, Any] = {"name": f"node-{length - 1}", "type": "MODEL", "children": []}
    for number in reversed(range(length - 1)):
        root = {"name": f"node-{number}", "type": "TRANSFORMER", "children": [root]}
    return with_nodes(root)


def fan(nodes: int) -> dict[str, Any]:
    """Return a document whose root has all other nodes as children."""
    leaves = [
        {"name": f"node-{number}", "type": "MODEL", "children": []} for number in range(1, nodes)
    ]
    return with_nodes({"name": "node-0", "type": "ROUTER", "children": leaves})


def bush(nodes: int, levels: int) -> dict[str, Any]:
    """Return a document of routers with three children each."""
    count = iter(range(nodes))
    made = 0

    def grow(level: int) -> dict[str, Any]:
        nonlocal made
        made += 1
        node: dict[str, Any] = {"name": f"node-{next(count)}", "type": "ROUTER", "children": []}
        while level < levels and len(node["children"]) < 3 and made < nodes:
            node["children"].append(grow(level + 1))
        node["type"] = "ROUTER" if node["children"] else "MODEL"
        return node

    return with_nodes(grow(1))


def hostile() -> dict[str, Any]:
    """Return a document whose every text would be markup, or end a quote."""
    text = "".join(HOSTILE)

    def change(document: dict[str, Any]) -> None:
        document["metadata"].update(name=text, namespace=text)
        predictor = document["spec"]["predictors"][0]
        predictor.update(name=text, explainer={"type": text, "modelUri": text})
        predictor["componentSpecs"][0]["metadata"] = {"name": text}
        predictor["componentSpecs"][0]["spec"]["containers"].append({"name": text, "image": text})
        predictor["graph"].update(name=text, implementation=text, modelUri=text)

    return minimal(change)
