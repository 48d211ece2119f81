"""The picture as Mermaid, which GitHub, GitLab and many wikis draw."""

from collections.abc import Iterator, Sequence

from webhook.picture import labels
from webhook.picture.model import DrawnNode, DrawnPredictor, Mark, Picture, worst_action

# Colours of borders only: they are readable on a light and on a dark page.
_CLASSES = (
    "  classDef deny stroke:#d1242f,stroke-width:3px",
    "  classDef warn stroke:#bf8700,stroke-width:3px",
    "  classDef audit stroke:#0969da,stroke-width:2px",
    "  classDef shadow stroke-dasharray: 6 4",
)

# Mermaid reads these inside of quotes too: as an entity of its own (#quot;), as HTML, as the end of
# the text, as markdown, as a directive that configures the whole picture (%%{init: …}%%). What it
# shows is HTML, so HTML's entities are right in every version.
_ENTITIES = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "#": "&num;",
        "`": "&grave;",
        "{": "&lbrace;",
        "}": "&rbrace;",
    }
)


def write(pictures: Sequence[Picture]) -> str:
    """Return one flowchart with the pictures, each in a frame where there are several."""
    graphs = [p.graph for picture in pictures for p in picture.predictors]
    deep = any(graph is not None and _is_deep(graph) for graph in graphs)
    lines = [f"flowchart {'TB' if deep else 'LR'}"]
    for number, picture in enumerate(pictures):
        lines.append(
            f'  subgraph o{number}["{_text(_titled(labels.title(picture), picture.marks))}"]'
        )
        for index, predictor in enumerate(picture.predictors):
            lines += [f"    {line}" for line in _predictor(predictor, f"o{number}p{index}")]
        lines.append("  end")
        lines += _class(f"o{number}", picture.marks)
    return "\n".join((*lines, *_CLASSES)) + "\n"


def _predictor(predictor: DrawnPredictor, key: str) -> Iterator[str]:
    yield f'subgraph {key}["{_text(_titled(labels.predictor_title(predictor), predictor.marks))}"]'
    if predictor.graph is not None:
        yield from (f"  {line}" for line in _nodes(predictor.graph, key))
    if predictor.explainer is not None:
        explainer = predictor.explainer
        text = [labels.explainer_title(explainer), labels.label(explainer.model_uri)]
        yield f'  {key}x["{_lines([*text, *labels.mark_texts(explainer.marks)])}"]'
        if predictor.graph is not None:
            yield f"  {key}x -.-> {key}n0"
        yield from _class(f"{key}x", explainer.marks)
    for number, deployment in enumerate(predictor.deployments):
        marks = labels.deployment_marks(deployment)
        text = [labels.deployment_title(deployment, number), labels.containers_text(deployment)]
        yield f'  {key}d{number}["{_lines([*text, *labels.mark_texts(marks)])}"]'
        yield from _class(f"{key}d{number}", marks)
    yield "end"
    yield from _class(key, predictor.marks)
    if predictor.shadow:
        yield f"class {key} shadow"


def _nodes(root: DrawnNode, key: str) -> Iterator[str]:
    for node, name, parent, text in labels.walk_nodes(root, key):
        yield f'{name}["{_lines([*text, *labels.mark_texts(node.marks)])}"]'
        if parent:
            yield f"{parent} --> {name}"
        yield from _class(name, node.marks)


def _is_deep(root: DrawnNode) -> bool:
    level = [root]
    for _ in range(labels.MAX_COLUMNS):
        level = [child for node in level for child in node.children]
    return bool(level)


def _titled(title: str, marks: tuple[Mark, ...]) -> str:
    return " ".join(filter(None, (title, *labels.mark_texts(marks))))


def _class(key: str, marks: tuple[Mark, ...]) -> Iterator[str]:
    worst = worst_action(marks)
    if worst is not None:
        yield f"class {key} {worst}"


def _lines(texts: Sequence[str]) -> str:
    return "<br/>".join(_text(text) for text in texts if text)


def _text(text: str) -> str:
    return text.translate(_ENTITIES)
