"""The minimal valid SeldonDeployment; a test states only its difference from it."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

_MINIMAL: dict[str, Any] = {
    "apiVersion": "machinelearning.seldon.io/v1",
    "kind": "SeldonDeployment",
    "metadata": {"name": "iris", "namespace": "models"},
    "spec": {
        "predictors": [
            {
                "name": "main",
                "componentSpecs": [
                    {
                        "spec": {
                            "containers": [
                                {"name": "classifier", "image": "registry.example/iris:1"}
                            ]
                        }
                    }
                ],
                "graph": {"name": "classifier", "type": "MODEL", "children": []},
            }
        ]
    },
}


def minimal(change: Callable[[dict[str, Any]], object] | None = None) -> dict[str, Any]:
    """Return a fresh minimal document, changed by `change` in place."""
    document = deepcopy(_MINIMAL)
    if change is not None:
        change(document)
    return document


def with_predictor(**fields: Any) -> dict[str, Any]:
    """Return the minimal document with fields of its predictor replaced."""
    return minimal(lambda document: document["spec"]["predictors"][0].update(fields))


def with_graph(**fields: Any) -> dict[str, Any]:
    """Return the minimal document with fields of its root node replaced."""
    return minimal(lambda document: document["spec"]["predictors"][0]["graph"].update(fields))


def with_pod(**fields: Any) -> dict[str, Any]:
    """Return the minimal document with fields of its pod replaced."""

    def change(document: dict[str, Any]) -> None:
        document["spec"]["predictors"][0]["componentSpecs"][0]["spec"].update(fields)

    return minimal(change)
