"""The picture in Graphviz's language."""

from collections.abc import Iterator, Sequence

from webhook.picture import labels
from webhook.picture.model import DrawnNode, DrawnPredictor, Mark, Picture, worst_action

_COLOURS = {"deny": "#d1242f", "warn": "#bf8700", "audit": "#0969da", "off": "#656c76"}


def write(pictures: Sequence[Picture]) -> str:
    """Return one directed graph with a cluster for each object and each of its predictors."""
    lines = [
        "digraph graphgate {",
        "  rankdir=LR",
        '  node [shape=box, style=rounded, fontname="sans-serif", fontsize=11]',
        '  graph [fontname="sans-serif", fontsize=12]',
    ]
    for number, picture in enumerate(pictures):
        title = [labels.title(picture), *labels.mark_texts(picture.marks)]
        lines += [f"  subgraph cluster_o{number} {{", f"    label={_lines(title)}"]
        for index, predictor in enumerate(picture.predictors):
            lines += [f"    {line}" for line in _predictor(predictor, f"o{number}p{index}")]
        if not picture.predictors:
            lines.append(f'    o{number} [label="no predictors", shape=plaintext]')
        lines.append("  }")
    return "\n".join((*lines, "}")) + "\n"


def _predictor(predictor: DrawnPredictor, key: str) -> Iterator[str]:
    title = [labels.predictor_title(predictor), *labels.mark_texts(predictor.marks)]
    style = ", ".join(filter(None, ("dashed" if predictor.shadow else "", "rounded")))
    yield f"subgraph cluster_{key} {{"
    yield f"  label={_lines(title)}"
    yield f'  style="{style}"'
    if worst := worst_action(predictor.marks):
        yield f'  color="{_COLOURS[worst]}"'
    if predictor.graph is not None:
        yield from (f"  {line}" for line in _nodes(predictor.graph, key))
    if predictor.explainer is not None:
        explainer = predictor.explainer
        text = [labels.explainer_title(explainer), labels.label(explainer.model_uri)]
        yield f"  {key}x [{_attributes(text, explainer.marks)}]"
        if predictor.graph is not None:
            yield f"  {key}x -> {key}n0 [style=dashed]"
    for number, deployment in enumerate(predictor.deployments):
        text = [labels.deployment_title(deployment, number), labels.containers_text(deployment)]
        marks = labels.deployment_marks(deployment)
        yield f"  {key}d{number} [{_attributes(text, marks)}, shape=note]"
    yield "}"


def _nodes(root: DrawnNode, key: str) -> Iterator[str]:
    for node, name, parent, text in labels.walk_nodes(root, key):
        yield f"{name} [{_attributes(text, node.marks)}]"
        if parent:
            yield f"{parent} -> {name}"


def _attributes(texts: Sequence[str], marks: tuple[Mark, ...]) -> str:
    attributes = f"label={_lines([*texts, *labels.mark_texts(marks)])}"
    worst = worst_action(marks)
    return attributes if worst is None else f'{attributes}, color="{_COLOURS[worst]}", penwidth=2'


def _lines(texts: Sequence[str]) -> str:
    """Return a label; Graphviz reads backslashes and quotes, and HTML entities as well."""
    escaped = (
        text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
        for text in texts
        if text
    )
    return '"' + "\\n".join(escaped) + '"'
