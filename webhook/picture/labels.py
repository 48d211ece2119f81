"""The texts that all pictures share, each on one line and safe to show."""

from collections.abc import Iterator, Mapping

from webhook.graph.text import count_noun, escape_control_chars
from webhook.picture.model import (
    DrawnDeployment,
    DrawnExplainer,
    DrawnNode,
    DrawnPredictor,
    Mark,
    Picture,
)
from webhook.rules import Action

MAX_COLUMNS = 6
"""Levels that are drawn from left to right: six boxes are as wide as a screen. Deeper graphs run
from top to bottom."""

MAX_LABEL_LENGTH = 253
"""Characters of a text: the longest name that Kubernetes takes. Only rejected objects have longer
ones, apart from model URIs."""

MAX_SHOWN_MARKS = 3
"""Findings shown at one element; the others are counted."""


SIGNS: Mapping[Action, str] = {"deny": "✗", "warn": "!", "audit": "i", "off": ""}
"""What is before a finding, so that no colour is needed to know what it does."""


def mark_text(mark: Mark) -> str:
    """Return '✗ missing-container'."""
    return f"{SIGNS[mark.action]} {mark.rule_id}"


def mark_texts(marks: tuple[Mark, ...]) -> list[str]:
    """Return the ids of the findings at one element, and the number of further ones."""
    texts = [mark_text(mark) for mark in marks[:MAX_SHOWN_MARKS]]
    return [*texts, *filter(None, (more_marks(marks),))]


def label(text: str, max_length: int = MAX_LABEL_LENGTH) -> str:
    """Return a text of the object on one line; the middle of a long one is left out."""
    if len(text) > 2 * max_length:  # escaping makes a text longer, never shorter
        text = text[:max_length] + text[-max_length:]
    text = escape_control_chars(text)
    if len(text) <= max_length:
        return text
    head = (max_length - 1) // 2
    return f"{text[:head]}…{text[len(text) - (max_length - 1 - head) :]}"


def title(picture: Picture) -> str:
    """Return what the object is called."""
    return label(picture.title) or "(no name)"


def predictor_title(predictor: DrawnPredictor) -> str:
    """Return 'predictor canary · 10 % of traffic · 2 replicas'."""
    parts = [f"predictor {label(predictor.name) or '(no name)'}"]
    if predictor.shadow:
        parts.append("shadow")
    if predictor.traffic is not None:
        parts.append(f"{predictor.traffic} % of traffic")
    if predictor.replicas is not None:
        parts.append(count_noun(predictor.replicas, "replica"))
    return " · ".join(parts)


def node_kind(node: DrawnNode) -> str:
    """Return 'MODEL · SKLEARN_SERVER', as far as it is known."""
    return " · ".join(label(part) for part in (node.type, node.implementation) if part)


def node_place(node: DrawnNode) -> str:
    """Return where a node runs: 'container tf in Deployment 1', or that nothing runs it."""
    if node.deployment is not None:
        return f"container {label(node.container)} in Deployment {node.deployment + 1}"
    return "runs in the orchestrator" if node.is_builtin else "no container"


def explainer_title(explainer: DrawnExplainer) -> str:
    """Return 'explainer AnchorTabular'."""
    return f"explainer {label(explainer.type)}".rstrip()


def deployment_title(deployment: DrawnDeployment, number: int) -> str:
    """Return 'Deployment 1: iris-main-0-tf'."""
    return f"Deployment {number + 1}: {label(deployment.name)}"


def containers_text(deployment: DrawnDeployment) -> str:
    """Return 'containers tf, seldon-container-engine'."""
    noun = "container" if len(deployment.containers) == 1 else "containers"
    return f"{noun} {', '.join(label(each.name) for each in deployment.containers)}"


def more_marks(marks: tuple[Mark, ...]) -> str:
    """Return '2 more findings' for those that are not spelled out; "" if all are."""
    more = len(marks) - MAX_SHOWN_MARKS
    return "" if more <= 0 else count_noun(more, "more finding")


def deployment_marks(deployment: DrawnDeployment) -> tuple[Mark, ...]:
    """Return the marks of a Deployment, and of its containers that run no node."""
    return deployment.marks + tuple(
        mark for container in deployment.containers for mark in container.marks
    )


def walk_nodes(root: DrawnNode, key: str) -> Iterator[tuple[DrawnNode, str, str, list[str]]]:
    """Yield each node, parents first: it, its name in the picture, its parent's, its texts.

    key  what the names begin with; the root's parent is ""
    """
    waiting: list[tuple[DrawnNode, str]] = [(root, "")]
    number = 0
    while waiting:
        node, parent = waiting.pop()
        name = f"{key}n{number}"
        number += 1
        texts = [label(node.name) or "(no name)", node_kind(node)]
        yield node, name, parent, [*texts, label(node.model_uri), node_place(node)]
        waiting.extend((child, name) for child in reversed(node.children))
