"""What is drawn of one SeldonDeployment. Values only; texts are as the author wrote them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from webhook.rules import Action

ContainerKind = Literal["node", "sidecar", "orchestrator", "explainer"]
_SEVERITY: tuple[Action, ...] = ("deny", "warn", "audit")


@dataclass(frozen=True, slots=True)
class Mark:
    """A finding at its element."""

    action: Action
    rule_id: str
    message: str


def worst_action(marks: Sequence[Mark]) -> Action | None:
    """Return the most severe action of the marks; None: there are none."""
    actions = {mark.action for mark in marks}
    return next((action for action in _SEVERITY if action in actions), None)


@dataclass(frozen=True, slots=True)
class DrawnNode:
    """One node of a graph.

    type         as Seldon fills it in; "" where it stays open
    container    the container that runs it; "": the orchestrator runs it, or nothing does
    deployment   the number of its Deployment in `DrawnPredictor.deployments`; None: it has none
    is_builtin   whether the orchestrator runs it
    """

    name: str
    type: str
    implementation: str
    model_uri: str
    container: str
    deployment: int | None
    is_builtin: bool
    children: tuple["DrawnNode", ...] = ()
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class DrawnContainer:
    """One container of a Deployment."""

    name: str
    kind: ContainerKind
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class DrawnDeployment:
    """One Deployment of the predictor."""

    name: str
    containers: tuple[DrawnContainer, ...]
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class DrawnExplainer:
    """The explainer beside a predictor."""

    type: str
    model_uri: str
    deployment: int | None
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class DrawnPredictor:
    """One predictor.

    traffic, replicas  None where none is written
    graph              its root; None where it has none
    """

    name: str
    traffic: int | None
    shadow: bool
    replicas: int | None
    graph: DrawnNode | None
    explainer: DrawnExplainer | None
    deployments: tuple[DrawnDeployment, ...]
    marks: tuple[Mark, ...] = ()

    def nodes(self) -> Iterator[DrawnNode]:
        """Yield its nodes, parents before children."""
        waiting = [] if self.graph is None else [self.graph]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))


@dataclass(frozen=True, slots=True)
class Picture:
    """One SeldonDeployment.

    marks  findings about the object as a whole
    """

    namespace: str
    name: str
    predictors: tuple[DrawnPredictor, ...]
    marks: tuple[Mark, ...] = ()

    @property
    def title(self) -> str:
        """Namespace and name: "models/iris", or "iris" where no namespace is written."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name
